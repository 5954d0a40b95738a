"""Any program that enlarges a picture: `command:'prog --in {lr} --out {sr} --scale {scale}'`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from srbench.foreign.program import Program, ProgramUpscaler
from srbench.registry import Setup, Upscaler, register_loader


def names(argument: str) -> Mapping[str, str]:
    """Return {name in tables: command}: two ways of calling one program are two methods."""
    mark = hashlib.sha256(argument.encode()).hexdigest()[:6]
    return {f"command/{_program(argument).name}-{mark}": argument}


def about(argument: str) -> Mapping[str, Any]:
    """Return the columns that a command decides: the program's name, and the files that it names."""
    program = _program(argument)
    return {"title": program.name, "inputs": program.inputs}


def _program(argument: str) -> Program:
    return Program(argument, Path.cwd())


@register_loader("command", title="A program", argument="'PROG {lr} {sr}'", expand=names, about=about)
def load(setup: Setup) -> Upscaler:
    """Return an upscaler that runs the command `setup.argument` for each image."""
    return ProgramUpscaler(_program(setup.argument or ""), setup.scale)

"""The commands of the command line: as click has them, and run in the process of the tests."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import pytest
import typer

from srbench.cli import app, main
from srbench.cli.lazy import LazyGroup


def all_commands() -> dict[str, Any]:
    """Return {name with its group: command}, all imported; the application itself is called ""."""
    found: dict[str, Any] = {}

    def walk(command: Any, name: str) -> None:
        found[name] = command
        for child, below in list(getattr(command, "commands", {}).items()):
            walk(command.load(child) if isinstance(command, LazyGroup) else below, f"{name} {child}".strip())

    walk(typer.main.get_command(app), "")
    return found


def run_here(*arguments: object, **variables: str | None) -> subprocess.CompletedProcess[str]:
    """Run a command in this process, as `subprocess.run` would in another, which takes seconds to import what is here.

    Args:
        arguments: What follows `srbench`.
        variables: Changes of the environment; None takes a variable out.
    """
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["srbench", *map(str, arguments)])
        for name, value in variables.items():
            if value is None:
                patch.delenv(name, raising=False)
            else:
                patch.setenv(name, value)
        with pytest.raises(SystemExit) as ended:
            main()
    return subprocess.CompletedProcess(sys.argv, int(ended.value.code or 0), out.getvalue(), err.getvalue())

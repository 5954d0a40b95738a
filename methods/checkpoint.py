"""The weights of a training run as a method: `checkpoint:RUN`, `checkpoint:RUN@STEP` or `checkpoint:RUN@best`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from srbench.registry import Setup, Upscaler, register_loader


def expand(argument: str) -> Mapping[str, str]:
    """Return the name that a run has in tables, after its folder."""
    from srbench.datasets.naming import printable  # here: plugins are imported by commands that need no data sets

    run, at, step = argument.rpartition("@")
    folder = Path(run if at else argument).expanduser().absolute()
    return {f"checkpoint/{printable(Path(folder.name))}{at}{step if at else ''}": argument}


def about(argument: str) -> dict[str, Any]:
    """Return what a run decides: scale, title, and the files that its pictures depend on."""
    from srbench.training import running

    return running.columns(argument)


@register_loader("checkpoint", title="Training run", argument="RUN", expand=expand, about=about)
def load(setup: Setup) -> Upscaler:
    """Return the upscaler of the averaged weights of the run `setup.argument`."""
    from srbench.training import running

    return running.load(setup)

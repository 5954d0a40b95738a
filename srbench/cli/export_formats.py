"""The formats of `srbench export`: each says what it is and how it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What `srbench export` was asked for.

    Attributes:
        name: A method, `checkpoint:RUN`, or the folder of a run.
        format: A name in the table of formats.
        out: Where it goes; None for a place that the format chooses.
        scale: Upscaling factor, where a method has several.
        overwrite: Whether what is there may be replaced.
        options: What only one format needs, by name.
    """

    name: str
    format: str
    out: Path | None = None
    scale: int = 4
    overwrite: bool = False
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Attributes:
        summary: What it is, in one phrase.
        write: Writes it and returns lines to show.
    """

    summary: str
    write: Callable[[ExportRequest], list[str]]


def _network(format_: str, request: ExportRequest) -> list[str]:
    from srbench.errors import TrainingError
    from srbench.training import exporting

    if request.options:
        raise TrainingError(f"The format '{format_}' has no options, but got --set {next(iter(request.options))}.")
    done = exporting.export(request.name, format_, request.out, request.scale, request.overwrite)
    beside = "" if done.card is None else f" and {done.card}, the card that 'model:{done.card}' runs"
    return [f"Wrote {done.path}{beside}.", *done.lines]


FORMATS = {
    name: Format(summary, partial(_network, name))
    for name, summary in (
        ("onnx", "a network for onnxruntime and others, with a model card"),
        ("torchscript", "a network with its code for PyTorch, in Python and C++, with a model card"),
        ("safetensors", "weights that srbench and safetensors read"),
        ("pth", "weights as BasicSR stores them, under 'params'"),
    )
}
"""How networks are written; further formats are added to a table of their own."""

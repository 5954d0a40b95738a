"""`srbench export`: what was trained, for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from srbench.cli import export_formats
from srbench.cli.export_formats import ExportRequest
from srbench.errors import SrbenchError, unknown

FORMATS = dict(export_formats.FORMATS)


def export(
    name: Annotated[
        str, typer.Argument(help="A method that srbench trains, a run's folder, or checkpoint:RUN[@STEP].")
    ],
    format_: Annotated[
        str, typer.Option("--format", help="; ".join(f"'{name}': {one.summary}" for name, one in FORMATS.items()) + ".")
    ],
    out: Annotated[Path | None, typer.Option(help="File to write.", show_default="called after NAME, here")] = None,
    scale: Annotated[int, typer.Option(min=1, help="Upscaling factor, where a method has several.")] = 4,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there already.")] = False,
    set_: Annotated[list[str] | None, typer.Option("--set", help="What only one format needs, as NAME=VALUE.")] = None,
) -> None:
    """Write a trained network for other programs, and say how near it computes to srbench itself."""
    if format_ not in FORMATS:
        raise ExportError(unknown("format", format_, FORMATS))
    options = {}
    for pair in set_ or []:
        option, equals, value = pair.partition("=")
        if not equals:
            raise ExportError(f"Expected --set NAME=VALUE, but got --set {pair}.")
        options[option.strip()] = value.strip()
    for line in FORMATS[format_].write(ExportRequest(name, format_, out, scale, overwrite, options)):
        typer.echo(line)


class ExportError(SrbenchError):
    """There is no such format, or an option has no value."""

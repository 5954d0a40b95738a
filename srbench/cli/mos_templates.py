"""`srbench mos templates`: the study files to begin with."""

from __future__ import annotations

from typing import Annotated

import typer


def templates(
    name: Annotated[
        str, typer.Argument(help="The template to print. Default: a list of all.", show_default=False)
    ] = "",
) -> None:
    """List the study files to begin with, or print one: `srbench mos templates pc-active > study.toml`.

    `srbench mos new NAME --run RUN --from TEMPLATE` takes one as it is. A file without [[sets]] shows all that the run
    has.
    """
    from srbench.mos.design import templates as files

    if name:
        typer.echo(files.path(name).read_text(encoding="utf-8"), nl=False)
        return
    for each, description in files.descriptions().items():
        typer.echo(f"{each:10s} {description}")

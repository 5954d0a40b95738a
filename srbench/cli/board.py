"""`srbench board`: runs as a static site."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def board(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders.")],
    out: Annotated[Path, typer.Option(help="Folder of the board: a new one, or an earlier board.")] = Path("board"),
    title: Annotated[
        str | None, typer.Option(help="What it is called. Default: made of its data sets.", show_default=False)
    ] = None,
    pictures: Annotated[
        bool, typer.Option(help="Whether the runs' pictures are copied, so that they can be compared.")
    ] = True,
) -> None:
    """Make a static site of runs: a table to sort and filter, accuracy against cost, every method and image.

    It needs no server and loads nothing from elsewhere: open index.html, or copy the folder to any host.
    """
    from srbench.api import board as make

    typer.echo(str(make(runs, out, pictures=pictures, title=title)))

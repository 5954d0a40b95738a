"""`srbench models`: what models of others are, before they take part in a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from srbench.cli.options import AsJson

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Examine models of others: cards, weight files, ONNX files."
)


@app.callback()
def _group() -> None:
    """Keep `check` a command of its own while it is the only one."""


@app.command()
def check(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A model card or a file; or KIND:FILE, such as 'spandrel:net.pt'.")
    ],
    image: Annotated[
        Path | None, typer.Option(help="A picture to enlarge. Default: a part of a demo picture.", show_default=False)
    ] = None,
    size: Annotated[int, typer.Option(min=1, help="Side of the square input that operations are counted for.")] = 64,
    as_json: AsJson = False,
) -> None:
    """Load a model and say what it is: parameters, operations, smallest input, reach, tiles; and run one picture."""
    import srbench.datasets as datasets
    from srbench import images
    from srbench.foreign import probing

    lr = images.read(image) if image else datasets.load("demo", 4)[0].lr()[:64, :64].copy()
    found = probing.examine(file, lr, size)
    if as_json:
        typer.echo(json.dumps({one.what: one.found for one in found}, indent=1))
        return
    for one in found:
        typer.echo(f"{one.what + ':':22}{one.found}")

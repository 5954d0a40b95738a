"""`srbench explain`: which rule of scoring gives a published figure; and `srbench protocols`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from srbench.cli.options import AsJson


def explain(
    sr: Annotated[Path, typer.Argument(metavar="SR", help="Folder of results, as for results:DIR; or one picture.")],
    hr: Annotated[str, typer.Argument(metavar="HR", help="Folder of originals, or a data set; or one picture.")],
    published: Annotated[
        str, typer.Option(metavar="FIGURE", help="As it was printed: 32.10, 0.8948, or both, 32.1311/0.8948.")
    ],
    metric: Annotated[
        str | None,
        typer.Option(help="'psnr' or 'ssim'. Default: SSIM up to 1, PSNR above.", show_default=False),
    ] = None,
    scale: Annotated[int, typer.Option(min=1, help="Upscaling factor, which borders depend on.")] = 4,
    as_json: AsJson = False,
) -> None:
    """Say which rules of scoring give a published figure: protocols, borders, lumas, gray originals, means, windows.

    Exit status: 0 a rule gives it, 1 none does, 2 the command cannot be carried out.
    """
    from srbench.api import explain as explained

    found = explained(sr, hr, published, metric=metric, scale=scale)
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "published": {figure.metric: figure.text for figure in found.figures},
                    "fitting": len(found.fitting),
                    "gray": found.gray,
                    "likely_input": found.likely_input.alike,
                    "consistency": found.likely_input.consistency,
                    "notes": found.notes,
                    "rules": json.loads(found.table.to_json(orient="records", double_precision=12)),
                },
                indent=1,
            )
        )
    else:
        typer.echo(str(found))
    if not found.fitting:
        raise typer.Exit(1)

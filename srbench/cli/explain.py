"""`srbench explain`: which rule of scoring gives a published figure; `srbench set-scores`: FID and KID of folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from srbench.cli.options import AsJson, split


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
    """Say which rules of scoring give a published figure: protocol, border, luma, gray originals, mean, window.

    Exit status: 0 a rule gives it, 1 none does, 2 the command cannot be carried out.
    """
    from srbench.explanation import explain as explained

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


def set_scores(
    sr: Annotated[Path, typer.Argument(metavar="SR", help="Folder of results, as for results:DIR.")],
    hr: Annotated[str, typer.Argument(metavar="HR", help="Folder of originals, or a data set.")],
    metrics: Annotated[str, typer.Option(help="'fid', 'kid' or both.")] = "fid,kid",
    scale: Annotated[int, typer.Option(min=1, help="Upscaling factor.")] = 4,
    border: Annotated[
        int | None, typer.Option(min=0, help="Pixels removed from each side.", show_default="the scale")
    ] = None,
    patch: Annotated[int, typer.Option(min=1, help="Side of a patch in pixels.")] = 128,
    features: Annotated[str, typer.Option(help="'inception', or 'random' for a test without weights.")] = "inception",
    as_json: AsJson = False,
) -> None:
    """Print distances between all results and all originals, over patches; lower is better."""
    from srbench import api

    found = api.set_scores(sr, hr, split(metrics), scale=scale, border=border, patch=patch, features=features)
    if as_json:
        typer.echo(json.dumps({"scores": found.to_dict("records"), "notes": found.attrs["notes"]}, indent=1))
        return
    for row in found.to_dict("records"):
        typer.echo(f"{row['metric'].upper()}  {row['value']:.6g}  ({row['images']} pictures, {row['patches']} patches)")
        typer.echo(f"     {row['settings']}")
    for line in found.attrs["notes"]:
        typer.echo(line)

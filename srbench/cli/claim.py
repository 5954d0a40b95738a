"""`srbench claim` and `srbench verify`: what a method reaches, for others to compute again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from srbench.cli.options import DataRoot, split


def claim(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    method: Annotated[str, typer.Option(help="Name of the method in it.", show_default=False)],
    out: Annotated[Path, typer.Option(help="File to write.")] = Path("claim.json"),
) -> None:
    """Write what a run says of a method: scores, inputs, weights and protocols by their hashes, and the commands.

    The file carries the hash of its content. Anybody can compute it again with 'srbench verify'.
    """
    from srbench.api import claim as make

    made = make(run, method, out)
    for dataset, protocol, metric, mean in made.means():
        typer.echo(f"{made.method}: {metric} {mean:.4f} on {dataset}, protocol {protocol}")
    typer.echo(f"{out}, SHA-256 of its content {made.sha256}")


def verify(
    file: Annotated[Path, typer.Argument(metavar="CLAIM", help="A file of 'srbench claim'.")],
    pictures: Annotated[
        Path | None,
        typer.Option(
            help="Score the pictures SET/IMAGE.png of this folder, such as RUN/images/METHOD. Default: make them anew.",
            show_default=False,
        ),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option(help="What the method is called here, such as model:FILE.toml.", show_default=False),
    ] = None,
    datasets: Annotated[
        str | None,
        typer.Option(help="Names or folders of its data sets here, separated by commas.", show_default=False),
    ] = None,
    tolerance: Annotated[
        float, typer.Option(min=0.0, help="By how much a score may differ; 0.001 for networks on another processor.")
    ] = 1e-6,
    jobs: Annotated[int | None, typer.Option(min=1, help="Worker processes.", show_default=False)] = None,
    data_root: DataRoot = None,
) -> None:
    """Compute a claim again, from its weights or its pictures, and say equal, or where not.

    Exit status: 0 everything is as claimed, 1 something is not, 2 the file was tampered with or cannot be computed.
    """
    from srbench.api import verify as compute

    verdict = compute(
        file,
        pictures=pictures,
        method=method,
        datasets=split(datasets) if datasets else None,
        data_root=data_root,
        tolerance=tolerance,
        jobs=jobs,
    )
    for note in verdict.notes:
        typer.echo(note, err=True)
    typer.echo(str(verdict))
    if not verdict.equal:
        raise typer.Exit(1)

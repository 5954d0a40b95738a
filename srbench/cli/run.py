"""`srbench run`: evaluate methods on data sets."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srbench.cli.options import Columns, DataRoot, split, split_all
from srbench.cli.show import print_notes, print_tables

if TYPE_CHECKING:
    from srbench.bench.engine import Engine
    from srbench.bench.results import RunResults

_FAILURES_SHOWN = 10


def run(
    datasets: Annotated[
        list[str],
        typer.Option(
            help="Data sets, or folders of images, separated by commas; the option may be repeated. 'srbench datasets' "
            "lists them; 'set5,set14,bsd100' is the SRGAN paper's evaluation."
        ),
    ] = ["demo"],  # noqa: B006 - typer copies it
    methods: Annotated[
        list[str] | None,
        typer.Option(
            help="Methods, separated by commas; the option may be repeated. 'results:DIR' scores stored images, "
            "'spandrel:FILE', 'onnx:FILE', 'model:CARD.toml' and 'hf:OWNER/NAME/FILE' run models of others; a "
            "\"command:'...'\" is an option of its own. 'srbench methods' lists them. Default: all that have what they "
            "need.",
            show_default=False,
        ),
    ] = None,
    scale: Annotated[int, typer.Option(min=1, help="Upscaling factor.")] = 4,
    protocol: Annotated[
        str,
        typer.Option(
            help="How PSNR and SSIM are computed: 'daala' (the SRGAN paper's), 'matlab' (the community's), 'basicsr', "
            "or another that 'srbench metrics' lists."
        ),
    ] = "daala",
    gray: Annotated[
        str,
        typer.Option(
            help="How 'matlab' compares a gray original: 'mean' (its values with the mean of SR's channels), or 'rgb' "
            "(luma of both as colour: protocol 'matlab-gray-rgb')."
        ),
    ] = "mean",
    metrics: Annotated[
        str, typer.Option(help="Metrics, separated by commas. 'srbench metrics' lists them.")
    ] = "psnr,ssim",
    out: Annotated[
        Path | None,
        typer.Option(help="Run folder. Default: runs/ and a name made of the data sets.", show_default=False),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Worker processes; scores do not depend on it. Default: one per core.",
            show_default=False,
        ),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Images of equal size that a network computes at once, in one process that has the networks while the "
            "workers score; 0: every worker does all. Default: 16 on CUDA, else 0.",
            show_default=False,
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="'auto', 'cpu' or 'cuda': where networks run.")] = "auto",
    precision: Annotated[
        str,
        typer.Option(help="Networks: 'fast' (fp32, simplified), 'bf16', or 'exact' (layer by layer as published)."),
    ] = "fast",
    degradation: Annotated[
        str,
        typer.Option(
            help="How LR images are made where a set has none: 'bicubic' (MATLAB's imresize); or for every image: "
            "'gaussian' (filter and decimate), 'blur=1.6,noise=10,jpeg=60' or parts of it, 'real-esrgan,seed=N'."
        ),
    ] = "bicubic",
    limit: Annotated[
        int | None, typer.Option(min=1, help="Only the first N images of each data set.", show_default=False)
    ] = None,
    data_root: DataRoot = None,
    columns: Columns = "",
    engine: Annotated[
        str,
        typer.Option(help="Who does the work: 'local' (processes on this machine), or 'dask' (see --cluster)."),
    ] = "local",
    cluster: Annotated[
        str | None,
        typer.Option(
            help="Where Dask's workers are: 'tcp://HOST:8786' (a scheduler), 'local:4' (workers on this machine), "
            "'slurm:20' or another batch system, or FILE.toml. Default: local, one per core.",
            show_default=False,
        ),
    ] = None,
    ship: Annotated[
        bool,
        typer.Option("--ship", help="Send images and plugins to workers that do not see the files of this machine."),
    ] = False,
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="K/N",
            help="Only the K-th of N parts, for job arrays: N processes, on any machines that share the run folder, do "
            "a run together. Repeat a part that was killed.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Evaluate methods on data sets: pictures, scores and provenance go to a run folder.

    Run the same command again to continue after an interruption: what is there and still valid is kept.
    Ctrl-C stops after the images in progress, a second one at once.
    Exit status: 0 all went well, 1 a method failed on an image or cannot run at this scale (it is named), 2 the command
    cannot be carried out, 130 it was stopped by Ctrl-C.
    """
    from srbench import bench
    from srbench.bench.progress import ProgressBar
    from srbench.tables import costs
    from srbench.tables.numbers import count

    costs.check(split(columns))  # before hours of work
    try:
        with ProgressBar() as progress:
            finished = bench.run(
                None if methods is None else split_all(methods),
                split_all(datasets),
                scale=scale,
                protocols=split(protocol),
                gray=gray,
                metrics=split(metrics),
                out=out,
                jobs=jobs,
                batch=batch,
                device=device,
                precision=precision,
                degradation=degradation,
                limit=limit,
                data_root=data_root,
                engine=_engine(engine, cluster, ship),
                shard=shard,
                command=sys.argv,
                on_file=progress.on_file,
                on_start=progress.on_start,
                on_outcome=progress.on_outcome,
                on_interrupt=_say_stopping,
            )
    except KeyboardInterrupt as stopped:
        typer.echo(f"Interrupted. {stopped}".rstrip(), err=True)
        raise typer.Exit(130) from None
    if shard is None:
        _print_whole(finished, split(columns))
    else:
        done = len(finished.scores.drop_duplicates(["method", "dataset", "image"]))
        typer.echo(f"Shard {shard.strip()}: {count(done, 'image')} done.")
        typer.echo(f"'srbench show {finished.folder}' prints what all shards have.")
    print_notes(finished)
    failed = _print_failures(finished)
    if failed or (methods is not None and finished.left_out):
        raise typer.Exit(1)


def _engine(name: str, cluster: str | None, ship: bool) -> Engine | None:
    """Return the engine of that name; None for processes on this machine, which `bench.run` makes itself."""
    from srbench import bench
    from srbench.errors import RunError, unknown

    if name == "dask":
        return bench.DaskEngine(cluster or f"local:{os.cpu_count() or 1}", ship=ship)
    if name != "local":
        raise RunError(unknown("engine", name, ("local", "dask")))
    if cluster is not None or ship:
        raise RunError("--cluster and --ship are for workers of Dask. Give --engine dask as well.")
    return None


def _print_whole(finished: RunResults, columns: Sequence[str]) -> None:
    print_tables(finished, columns)
    for name, about in finished.info["sources"].items():
        if name in set(finished.scores["dataset"]):
            typer.echo(f"LR:       {name}: {about['lr']}")
    typer.echo(f"Scores:   {finished.folder / 'scores.csv'} (and .parquet); provenance: {finished.folder / 'run.json'}")
    typer.echo(f"Pictures: {finished.folder / 'images'}/METHOD/SET/IMAGE.png")


def _say_stopping() -> None:
    # From a signal's handler: nothing that may be in the middle of printing must be used.
    os.write(2, b"\nStopping after the images in progress. Ctrl-C again stops at once.\n")


def _print_failures(finished: RunResults) -> bool:
    """Name what has no score on stderr, and return whether anything failed: a picture that is missing did not."""
    failed = finished.scores[finished.scores["status"] != "ok"]
    failed = failed.drop_duplicates(["method", "dataset", "image", "message"]).sort_values(
        ["method", "dataset", "image"]
    )
    for row in failed.head(_FAILURES_SHOWN).to_dict("records"):
        typer.echo(
            f"{row['status'].upper()} {row['method']} on {row['dataset']}/{row['image']}: {row['message']}", err=True
        )
    if len(failed) > _FAILURES_SHOWN:
        typer.echo(f"... and {len(failed) - _FAILURES_SHOWN} more, all named in scores.csv.", err=True)
    return bool((failed["status"] == "failed").any())

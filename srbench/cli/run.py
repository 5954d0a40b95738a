"""`srbench run` and `srbench show`: evaluate methods on data sets, and print the tables of a run again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srbench.cli.options import DataRoot, download_bar, split

if TYPE_CHECKING:
    from srbench.bench.engine import Plan
    from srbench.bench.results import Outcome, RunResults
    from srbench.datasets import ImagePair

_FAILURES_SHOWN = 10


def run(
    datasets: Annotated[
        str,
        typer.Option(
            help="Data sets, or folders of images, separated by commas. 'srbench datasets' lists them; "
            "'set5,set14,bsd100' is the SRGAN paper's evaluation."
        ),
    ] = "demo",
    methods: Annotated[
        str | None,
        typer.Option(
            help="Methods, separated by commas; 'results:DIR' scores stored images. 'srbench methods' lists them. "
            "Default: all that have what they need.",
            show_default=False,
        ),
    ] = None,
    scale: Annotated[int, typer.Option(min=1, help="Upscaling factor.")] = 4,
    protocol: Annotated[
        str,
        typer.Option(help="How PSNR and SSIM are computed: 'daala' (the SRGAN paper's), 'matlab' (the community's)."),
    ] = "daala",
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
    device: Annotated[str, typer.Option(help="'auto', 'cpu' or 'cuda': where networks run.")] = "auto",
    precision: Annotated[
        str,
        typer.Option(help="Networks: 'fast' (fp32, simplified), 'bf16', or 'exact' (layer by layer as published)."),
    ] = "fast",
    degradation: Annotated[
        str,
        typer.Option(
            help="How LR images are made where a set has none: 'bicubic' (MATLAB's imresize), or 'gaussian' "
            "(filter and decimate, for every image)."
        ),
    ] = "bicubic",
    limit: Annotated[
        int | None, typer.Option(min=1, help="Only the first N images of each data set.", show_default=False)
    ] = None,
    data_root: DataRoot = None,
) -> None:
    """Evaluate methods on data sets: pictures, scores and provenance go to a run folder.

    Run the same command again to continue after an interruption: what is there and still valid is kept.
    Exit status: 0 all went well, 1 a method failed on an image (it is named), 2 the command cannot be carried out.
    """
    from srbench import datasets as sets
    from srbench.bench import engine as benchmark
    from srbench.devices import choose

    names = split(datasets)
    wanted, protocols = split(metrics), split(protocol)
    benchmark.check_metrics(wanted, protocols)
    entrants = benchmark.entrants(split(methods) if methods is not None else None, scale)
    pairs: list[ImagePair] = []
    for name in names:
        with download_bar(name) as on_file:
            pairs += sets.load(name, scale, data_root=data_root, limit=limit, degradation=degradation, on_file=on_file)
    _check_distinct(pairs)
    folder = out or Path("runs") / f"{'-'.join(Path(name).name for name in names)}-x{scale}"
    plan = benchmark.Plan(pairs, entrants, choose(scale, device, precision), protocols, wanted, folder)
    finished, failures = _with_progress(plan, jobs)
    _print_tables(finished)
    typer.echo(f"Scores:   {folder / 'scores.csv'} (and .parquet); provenance: {folder / 'run.json'}")
    typer.echo(f"Pictures: {folder / 'images'}/METHOD/SET/IMAGE.png")
    if failures:
        _print_failures(failures)
        raise typer.Exit(1)


def _check_distinct(pairs: list[ImagePair]) -> None:
    from srbench.errors import DatasetError

    places = [(pair.dataset, pair.name) for pair in pairs]
    if len(set(places)) < len(places):
        name = next(dataset for dataset, image in places if places.count((dataset, image)) > 1)
        raise DatasetError(f"Two of the data sets are called '{name}'. Rename one of the folders.")


def _with_progress(plan: Plan, jobs: int | None) -> tuple[RunResults, list[Outcome]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from srbench.bench import engine as benchmark

    failures: list[Outcome] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("starting", total=None)

        def start(tasks: int, done: int) -> None:
            progress.update(bar, total=tasks + done, completed=done)

        def step(outcome: Outcome) -> None:
            if outcome.status != "ok" or any(score.message for score in outcome.scores):
                failures.append(outcome)
            progress.update(bar, advance=1, description=f"{outcome.method} on {outcome.dataset}")

        try:
            finished = benchmark.run(plan, jobs=jobs, command=sys.argv, on_start=start, on_outcome=step)
        except KeyboardInterrupt:
            progress.stop()
            typer.echo("Interrupted. Nothing finished is lost: run the same command again to continue.", err=True)
            raise typer.Exit(130) from None
    return finished, failures


def _print_failures(failures: list[Outcome]) -> None:
    for outcome in sorted(failures, key=lambda outcome: outcome.place)[:_FAILURES_SHOWN]:
        message = outcome.message or next(score.message for score in outcome.scores if score.message)
        typer.echo(f"FAILED {outcome.method} on {outcome.dataset}/{outcome.image}: {message}", err=True)
    if len(failures) > _FAILURES_SHOWN:
        typer.echo(f"... and {len(failures) - _FAILURES_SHOWN} more, all named in scores.csv.", err=True)


def _print_tables(finished: RunResults) -> None:
    from rich.console import Console

    from srbench.tables import scores as scoreboard

    console = Console(width=None if sys.stdout.isatty() else 140)
    for board in scoreboard.boards(finished.scores, finished.info):
        console.print(board.caption, markup=False, highlight=False, soft_wrap=True)
        console.print(scoreboard.rich_table(board))


def show(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, such as runs/demo-x4.")],
    form: Annotated[str, typer.Option("--format", help="'rich', 'md', 'csv', 'latex' or 'json'.")] = "rich",
) -> None:
    """Print the tables of a finished run again."""
    from srbench.bench import results
    from srbench.tables import scores as scoreboard

    finished = results.load(folder)
    if form == "rich":
        _print_tables(finished)
    else:
        typer.echo(scoreboard.render(scoreboard.boards(finished.scores, finished.info), form))

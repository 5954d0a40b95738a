"""`srbench datasets`: what there is, fetching it, and checking it."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from srbench.cli.options import AsJson, DataRoot, download_bar

Names = Annotated[list[str], typer.Argument(metavar="NAME...", help="Data sets of 'srbench datasets'.")]

_PROBLEMS_SHOWN = 10

app = typer.Typer(add_completion=False, help="List, fetch and verify data sets.", invoke_without_command=True)


@app.callback()
def list_datasets(context: typer.Context, as_json: AsJson = False, data_root: DataRoot = None) -> None:
    """List the data sets and where they are; 'fetch' and 'verify' do what they say."""
    if context.invoked_subcommand is not None:
        source = context.get_parameter_source("data_root")
        context.obj = data_root if source is not None and source.name == "COMMANDLINE" else None
        return
    import srbench.datasets as datasets

    rows = datasets.table(data_root)
    for place, reason in datasets.broken().items():
        typer.echo(f"Broken data set: {reason if place in reason else f'{place}: {reason}'}", err=True)
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title="Data sets", title_justify="left", title_style="bold", header_style="bold")
    for head in ("Name", "Images", "LR files", "Where", "Licence"):
        table.add_column(head, overflow="fold")
    for row in rows:
        lr = " ".join(f"x{scale}" for scale in row["lr_scales"]) or "made"
        table.add_row(*(escape(str(cell)) for cell in (row["name"], row["images"], lr, row["where"], row["licence"])))
    Console().print(table)


@app.command()
def fetch(
    context: typer.Context,
    names: Names,
    scale: Annotated[
        int | None,
        typer.Option(min=1, help="Factor whose files are wanted. Default: the set's first, x4.", show_default=False),
    ] = None,
    data_root: DataRoot = None,
) -> None:
    """Download data sets into the cache, check every file, go on where an earlier download stopped.

    With a data root nothing is downloaded: the sets in it are checked, as by 'verify'.
    SRBENCH_CACHE names another cache folder, SRBENCH_MIRROR another address to download from.
    """
    import srbench.datasets as datasets

    if context.obj or data_root:
        verify(context, names, data_root)
        return
    for name in names:
        with download_bar(name) as on_file:
            folder = datasets.fetch(name, on_file, scale=scale)
        typer.echo(f"{name}: complete and checked, in {folder}")


@app.command()
def verify(context: typer.Context, names: Names, data_root: DataRoot = None) -> None:
    """Check every file of data sets against its checksum; exit status 2 when one is missing or wrong."""
    import srbench.datasets as datasets

    wrong = False
    for name in names:
        checks = datasets.verify(name, context.obj or data_root)
        problems = [check.problem for check in checks if check.problem]
        wrong = wrong or bool(problems)
        good = f"{name}: {len(checks) - len(problems)} of {len(checks)} files are as they should be"
        unknown = sum(not check.is_known and not check.problem for check in checks)
        note = f" ({unknown} of them whole images whose checksums nobody has recorded yet)" if unknown else ""
        typer.echo(f"{good}{note}")
        for problem in problems[:_PROBLEMS_SHOWN]:
            typer.echo(f"  {problem}", err=True)
        if len(problems) > _PROBLEMS_SHOWN:
            typer.echo(f"  ... and {len(problems) - _PROBLEMS_SHOWN} more", err=True)
    if wrong:
        raise typer.Exit(2)

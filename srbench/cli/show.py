"""`srbench show`: print the tables of a run again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srbench.cli.options import Columns, split

if TYPE_CHECKING:
    from srbench.bench.results import RunResults


def show(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, such as runs/demo-x4.")],
    form: Annotated[str, typer.Option("--format", help="'rich', 'md', 'csv', 'latex', 'json' or 'html'.")] = "rich",
    columns: Columns = "",
) -> None:
    """Print the tables of a finished run again."""
    from srbench import tables
    from srbench.bench import results

    finished = results.load(folder, tables.COLUMNS)
    if form == "rich":
        print_tables(finished, split(columns))
    else:
        typer.echo(tables.render(tables.score_tables(finished.scores, finished.info, split(columns)), form))
    print_notes(finished)


def print_tables(finished: RunResults, columns: Sequence[str] = ()) -> None:
    """Print every table of a run, as `srbench run` and `srbench show` do; `columns` as in `score_tables`."""
    from srbench.tables import score_tables
    from srbench.tables.rendering import terminal

    terminal.show(score_tables(finished.scores, finished.info, columns))


def print_notes(finished: RunResults) -> None:
    """Say on stderr what was left out of a run, and which LR images it used."""
    for note in finished.notes:
        typer.echo(note, err=True)

"""`srbench ratings`: what somebody's file of ratings holds, and the tidy table that reports and statistics take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from srbench.ratings import Understood

app = typer.Typer(add_completion=False, name="ratings", help="Read other people's ratings.", no_args_is_help=True)

File = Annotated[
    Path,
    typer.Argument(
        help="Text table (CSV), Parquet, sureal's data set (.py or .json), results of webMUSHRA or the P.910 toolkit.",
        show_default=False,
    ),
]
Scale = Annotated[
    str, typer.Option(help="What raters could answer, LOW:HIGH or LOW:HIGH:STEP, such as 0:100.", show_default=False)
]
Form = Annotated[
    str,
    typer.Option(
        help="long, wide, matrix (numbers without a header), webmushra, crowd, pairs or counts. Default: what the "
        "header shows.",
        show_default=False,
    ),
]
Split = Annotated[
    str,
    typer.Option(
        help="How the name of a stimulus holds image and method, such as '{image}_{method}.png', or a regular "
        "expression with groups of these names.",
        show_default=False,
    ),
]
Column = Annotated[
    list[str] | None,
    typer.Option(metavar="OURS=THEIRS", help="What the file calls a column; repeat it.", show_default=False),
]
Skip = Annotated[
    list[str] | None, typer.Option(metavar="COLUMN", help="A column without ratings; repeat it.", show_default=False)
]
DataSet = Annotated[str, typer.Option("--dataset", help="Name of the data set where the file names none.")]
Reference = Annotated[
    str, typer.Option(metavar="METHOD", help="The method that is the original; it becomes 'hr'.", show_default=False)
]
Design = Annotated[str, typer.Option(help="How stimuli were shown: acr, acr-hr or dcr.", show_default=False)]
Separator = Annotated[
    str,
    typer.Option(help="comma, semicolon, tab or bar. Default: that of the first line.", show_default=False),
]
Decimal = Annotated[str, typer.Option(help="point or comma. Default: that of the scores.", show_default=False)]


@app.command()
def show(
    file: File,
    scale: Scale = "",
    form: Form = "",
    split: Split = "",
    column: Column = None,
    skip: Skip = None,
    dataset: DataSet = "imported",
    reference: Reference = "",
    design: Design = "",
    separator: Separator = "",
    decimal: Decimal = "",
) -> None:
    """Say what is understood of a file of ratings: raters, stimuli, scale, what is missing, repeated or off the scale.

    Nothing is written. Options say what the file does not.
    """
    found = _understood(file, scale, form, split, column, skip, dataset, reference, design, separator, decimal)
    typer.echo("\n".join(found.sentences()))


@app.command("import")
def import_ratings(
    file: File,
    out: Annotated[Path, typer.Argument(help="Table to write, .csv or .parquet.", show_default=False)],
    scale: Scale = "",
    form: Form = "",
    split: Split = "",
    column: Column = None,
    skip: Skip = None,
    dataset: DataSet = "imported",
    reference: Reference = "",
    design: Design = "",
    separator: Separator = "",
    decimal: Decimal = "",
) -> None:
    """Write a file of ratings as one tidy table, which `srbench report --ratings` and `srbench.stats` take.

    The table keeps the scale and the design. A score that the scale does not have is refused.
    """
    found = _understood(file, scale, form, split, column, skip, dataset, reference, design, separator, decimal)
    found.save(out)
    typer.echo("\n".join(found.sentences()))
    typer.echo(f"{len(found.table):,} {'comparisons' if found.compares else 'ratings'} in {out}.")


def columns(given: list[str] | None) -> dict[str, str]:
    """Return the columns that were named OURS=THEIRS.

    Raises:
        StudyError: One is written differently.
    """
    from srbench.errors import StudyError

    wrong = [entry for entry in given or () if not entry.partition("=")[0] or "=" not in entry]
    if wrong:
        raise StudyError(f"Expected --column OURS=THEIRS, got '{wrong[0]}'.")
    return dict(entry.split("=", 1) for entry in given or ())


def _understood(
    file: Path,
    scale: str,
    form: str,
    split: str,
    column: list[str] | None,
    skip: list[str] | None,
    dataset: str,
    reference: str,
    design: str,
    separator: str,
    decimal: str,
) -> Understood:
    from srbench import api

    return api.read_ratings(
        file,
        scale,
        form=form,
        split=split,
        columns=columns(column),
        skip=skip or (),
        dataset=dataset,
        reference=reference,
        design=design,
        separator=separator,
        decimal=decimal,
    )

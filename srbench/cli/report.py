"""`srbench report`: the tables, figures and significance tests of a run and a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from srbench.cli.options import split


def report(
    run: Annotated[
        Path | None, typer.Option(help="Folder of a finished run; leave it out for a study alone.", show_default=False)
    ] = None,
    study: Annotated[
        str | None, typer.Option(help="Name of an opinion study, or a file of ratings.", show_default=False)
    ] = None,
    ratings: Annotated[
        Path | None,
        typer.Option(help="A file of ratings, see `srbench ratings`; in place of --study.", show_default=False),
    ] = None,
    scale: Annotated[
        str,
        typer.Option(help="What raters of the file could answer, LOW:HIGH, where it does not say.", show_default=False),
    ] = "",
    pairs: Annotated[
        str | None,
        typer.Option(
            help="A study by pair comparison of the same versions, name or file, joined with the ratings of --study "
            "on one scale.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the report. Default: reports/ and the name of run or study.", show_default=False),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", help="html, md, latex and pdf, separated by commas.")
    ] = "html,md,latex",
    unit: Annotated[
        str,
        typer.Option(
            help="What Wilcoxon's test of opinions pairs: 'image' (means over raters), or 'rating' (single ratings, as "
            "in older papers; its p is too small then). It does not change what is called significant."
        ),
    ] = "image",
    protocol: Annotated[
        str | None,
        typer.Option(help="Protocol of PSNR and SSIM. Default: 'daala' where the run has it.", show_default=False),
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(
            min=0.0001,
            help="Margin of equivalence of the test-retest. Default: a sixteenth of the scale, 0.25 from 1 to 5.",
            show_default=False,
        ),
    ] = None,
    crush: Annotated[
        bool,
        typer.Option("--crush", help="Crush differential scores (DMOS, design acr-hr) of versions above the original."),
    ] = False,
    raters: Annotated[
        str,
        typer.Option(
            help="Whose ratings count: 'all', 'finished' (as many ratings as the rater with most), or a text file of "
            "lines 'exclude NAME REASON' or 'keep NAME'. The report names who is left out and what that changes."
        ),
    ] = "all",
    models: Annotated[
        bool, typer.Option(help="Whether mixed models are fitted: a minute or two for tens of thousands of ratings.")
    ] = True,
    crop: Annotated[
        list[str] | None,
        typer.Option(
            help="A crop to show, SET/IMAGE:X,Y,WIDTH,HEIGHT; may be repeated. Default: where methods differ most.",
            show_default=False,
        ),
    ] = None,
    pictures: Annotated[bool, typer.Option(help="Whether the report shows parts of test images.")] = True,
    slider: Annotated[int, typer.Option(min=0, max=10, help="Images per set in the page's comparison slider.")] = 2,
    studies: Annotated[Path, typer.Option("--dir", help="Folder of all studies.")] = Path("studies"),
    db: Annotated[
        str | None,
        typer.Option(
            "--db",
            envvar="SRBENCH_STUDY_DB",
            help="Database of the study. Default: DIR/NAME/ratings.db (SQLite).",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Make the report of a run, of an opinion study, or of both: one HTML page that holds all, Markdown, LaTeX.

    Equal inputs give equal bytes. Tables and figures (SVG, PDF, PNG) also lie in folders of their own.
    """
    from srbench import reports
    from srbench.errors import ReportError

    if study is not None and ratings is not None:
        raise ReportError("--study and --ratings name two sources of opinions: leave one of them out.")
    if scale and ratings is None:
        raise ReportError("--scale says what raters of a file could answer: name the file with --ratings.")
    if run is None and study is None and ratings is None:
        raise ReportError("Name a run (--run), a study (--study) or a file of ratings (--ratings).")
    judged = study if ratings is None else reports.from_file(ratings, scale)
    choices = reports.Choices(
        unit=unit,  # type: ignore[arg-type]  # Choices refuses other values
        protocol=protocol,
        margin=margin,
        crush=crush,
        models=models,
        raters=raters,
        crops=tuple(crop or ()),
        pictures=pictures,
        slider=slider,
    )
    made = reports.write(
        run, judged, out, formats=split(form), choices=choices, folder=studies, database=db, pairs=pairs
    )
    for path in made:
        typer.echo(str(path))

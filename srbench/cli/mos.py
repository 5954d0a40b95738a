"""`srbench mos`: plan, make, open, watch and end opinion studies, and carry their ratings in and out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from srbench.cli.lazy import Command, group
from srbench.cli.options import AsJson, DataRoot
from srbench.cli.ratings import columns

LATER = {
    "invite": Command(
        "mos_invite:invite",
        "Print a personal link per rater as CSV. Links are shown this once: only their hashes are stored.",
    ),
    "renew": Command(
        "mos_invite:renew",
        "Print a new link for a rater who lost the old one. It leads to the same place; the old one stops working.",
    ),
    "revoke": Command("mos_invite:revoke", "Make a rater's link useless until it is renewed. Every rating stays."),
    "withdraw": Command(
        "mos_invite:withdraw",
        "Delete every answer of a rater who withdraws, with devices, notes and link. An empty tombstone stays.",
    ),
    "recruit": Command(
        "mos_panel:recruit", "Print an open link: everybody who comes by it becomes a rater until the quota is reached."
    ),
    "payments": Command(
        "mos_panel:payments",
        "Write who came by open links and how it ended: completed, failed, screened-out, timed-out, going-on.",
    ),
    "templates": Command(
        "mos_templates:templates",
        "List the study files to begin with, or print one: `srbench mos templates pc-active > study.toml`.",
    ),
    "texts": Command(
        "mos_templates:texts",
        "Print all texts of the rating page in a language, to translate or change: `srbench mos texts > fr.toml`.",
    ),
    "plan": Command(
        "mos_plan:plan",
        "Simulate a study before it is made: its power, the hours it takes, and the smallest p it can reach.",
    ),
    "simulate": Command(
        "mos_plan:simulate",
        "Draw SYNTHETIC ratings with the paper's published means, to try reports. They are no result of anything.",
    ),
    "serve": Command(
        "mos_serve:serve",
        "Serve an open study: raters' links lead to its rating page, /organiser shows progress to its organiser.",
    ),
    "password": Command(
        "mos_serve:password",
        "Set the password of a study's organiser pages; only its hash is stored, in DIR/NAME/organiser.hash.",
    ),
}

app = typer.Typer(
    cls=group(LATER),
    add_completion=False,
    name="mos",
    help="Plan, run and export opinion studies (mean opinion scores).",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(help="Name of the study.", show_default=False)]
Studies = Annotated[Path, typer.Option("--dir", help="Folder of all studies.")]
Url = Annotated[
    str | None,
    typer.Option(
        "--db",
        envvar="SRBENCH_STUDY_DB",
        help="Database, e.g. postgresql://user@host/name. Default: DIR/NAME/ratings.db (SQLite).",
        show_default=False,
    ),
]
HERE = Path("studies")

_DESIGN_HELP = "'paper', 'run' for all that the run has, a template ('srbench mos templates'), or a study.toml."


@app.command()
def new(
    name: Name,
    run: Annotated[Path, typer.Option(help="Folder of the finished run that has the pictures.", show_default=False)],
    design: Annotated[str, typer.Option("--from", help=_DESIGN_HELP)] = "paper",
    studies: Studies = HERE,
    seed: Annotated[int | None, typer.Option(help="Decides every order. Default: drawn.", show_default=False)] = None,
    retest: Annotated[
        str, typer.Option(metavar="METHOD", help="Show 10 BSD100 pictures of METHOD twice.", show_default=False)
    ] = "",
    calibration: Annotated[
        str, typer.Option(help="Data set or folder with the calibration's pictures.", show_default=False)
    ] = "",
    calibration_count: Annotated[
        int | None,
        typer.Option(min=0, help="How many of them; 0 for none. Default: the design's.", show_default=False),
    ] = None,
    data_root: DataRoot = None,
) -> None:
    """Make a study from a run: copy its pictures under unguessable names and write study.toml, the pre-registration.

    Originals that the run does not have are taken from the data set it was made on. Read and edit DIR/NAME/study.toml
    until the study is opened. Nothing is shown to anybody yet.
    """
    from srbench.mos.design import schedule
    from srbench.mos.study import Study

    study = Study.create(
        name,
        run,
        design=design,
        folder=studies,
        seed=seed,
        retest=retest,
        calibration=calibration,
        calibration_count=calibration_count,
        data_root=data_root,
    )
    made = study.design
    typer.echo(f"Pre-registration: {study.path / 'study.toml'} (seed {made.seed})")
    typer.echo(f"Pictures: {len(made.stimuli)}; ratings per rater: {schedule.length(made)}")
    if made.settings.crop_width or made.settings.crop_height:
        width, height = made.settings.crop_width or "any width", made.settings.crop_height or "any height"
        typer.echo(f"Larger pictures are cut to their middle, at most {width} x {height}.")
    typer.echo(f"Next: srbench mos open {name}")


@app.command("open")
def open_study(name: Name, studies: Studies = HERE, db: Url = None) -> None:
    """Freeze a study and open it for raters: from now on no byte of study.toml and the pictures may change.

    Opening a paused study again ends the pause.
    """
    from srbench.mos.study import Study

    record = Study(name, studies, db).open()
    typer.echo(f"Study {name} is {record.state}. Its study.toml has SHA-256 {record.digest}.")
    typer.echo(f"Next: srbench mos serve {name}, and srbench mos invite {name} --raters 26")


@app.command()
def status(name: Name, studies: Studies = HERE, db: Url = None, as_json: AsJson = False) -> None:
    """Show how far every rater is, and what was refused. Scores are not shown: nobody should peek."""
    from dataclasses import asdict

    from srbench.mos.store.durations import duration
    from srbench.mos.study import Study

    found = Study(name, studies, db).status()
    record = found.record
    if as_json:
        rows = [asdict(rater) for rater in found.raters]
        about = {"study": name, "state": record.state, "origin": record.origin, "looks": found.looks}
        typer.echo(json.dumps({**about, "raters": rows, "refused": found.refused}, indent=1))
        return
    counts = f"{len(found.raters)} raters, {found.done:,} of {found.total:,} ratings"
    typer.echo(f"{name} ({record.origin}): {record.state}, {counts}")
    for rater in found.raters:
        time = duration(rater.seconds_left)
        left = f"{time} left" if time else ""
        typer.echo(
            f"{rater.number:5d}  {rater.state:12s} {rater.done:5d}/{rater.total:<5d} {left:15s} "
            f"{rater.label or ''}{f' ({rater.screen})' if rater.screen else ''}"
        )
    if found.looks:
        typer.echo(f"Looks at scores before the end: {found.looks} (who waits for a certain result finds one)")
    if found.refused:
        typer.echo("Refused: " + ", ".join(f"{kind} {count}" for kind, count in found.refused.items()))


@app.command()
def export(
    name: Name,
    out: Annotated[Path, typer.Argument(help="File to write.", show_default=False)],
    form: Annotated[
        str,
        typer.Option(
            "--format",
            help="csv, parquet, long (for R), sureal, or archive (zip of all tables with a data dictionary). "
            "Default: by the file's ending.",
        ),
    ] = "",
    names: Annotated[bool, typer.Option("--names", help="Raters' labels instead of anonymous codes.")] = False,
    studies: Studies = HERE,
    db: Url = None,
) -> None:
    """Write all ratings to a file, anonymised unless --names is given."""
    from srbench.mos.study import Study

    count = Study(name, studies, db).export(out, form, names)
    chosen = Study.form_of(out, form)
    typer.echo(f"{count:,} ratings in {out} ({chosen}{', with labels' if names else ', anonymised'}).")


@app.command("import")
def import_ratings(
    name: Name,
    file: Annotated[Path, typer.Argument(help="Ratings from 1 to 5, of any form.", show_default=False)],
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="OURS=THEIRS", help="What the file calls a column; repeat it.", show_default=False),
    ] = None,
    studies: Studies = HERE,
    db: Url = None,
) -> None:
    """Store somebody else's ratings, whole ones from 1 to 5, as a closed study of their own.

    Ratings on other scales need no store: `srbench ratings import` makes a table that reports take. `srbench ratings
    show` says beforehand what is understood.
    """
    from srbench.mos.study import Study

    found = Study.from_ratings(name, file, columns=columns(column), folder=studies, db=db).status()
    typer.echo(f"{found.done:,} ratings are study {name} ({found.record.origin}).")


@app.command()
def close(
    name: Name,
    rater: Annotated[int | None, typer.Option(help="Close only this rater.", show_default=False)] = None,
    pause: Annotated[bool, typer.Option("--pause", help="Only pause; `open` goes on.")] = False,
    studies: Studies = HERE,
    db: Url = None,
) -> None:
    """End a study for good, pause it, or end one rater's part. Every rating stays."""
    from srbench.mos.study import Study

    study = Study(name, studies, db)
    if rater is not None:
        study.end_rater(rater)
        typer.echo(f"Rater {rater} of {name} is closed.")
    elif pause:
        study.pause()
        typer.echo(f"Study {name} is paused.")
    else:
        study.close()
        typer.echo(f"Study {name} is closed.")

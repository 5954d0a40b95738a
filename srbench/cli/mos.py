"""`srbench mos`: plan, make, open, watch and end opinion studies, and carry their ratings in and out."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srbench.cli.options import AsJson, DataRoot

if TYPE_CHECKING:
    from srbench.mos.design.study import Study
    from srbench.mos.store.rater import Store

app = typer.Typer(name="mos", help="Plan, run and export opinion studies (mean opinion scores).", no_args_is_help=True)

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
_HERE = Path("studies")


@app.command()
def new(
    name: Name,
    run: Annotated[Path, typer.Option(help="Folder of the finished run that has the pictures.", show_default=False)],
    design: Annotated[str, typer.Option("--from", help="'paper', or a study.toml to take the design of.")] = "paper",
    studies: Studies = _HERE,
    seed: Annotated[int | None, typer.Option(help="Decides every order. Default: drawn.", show_default=False)] = None,
    retest: Annotated[
        str, typer.Option(metavar="METHOD", help="Show 10 BSD100 pictures of METHOD twice.", show_default=False)
    ] = "",
    calibration: Annotated[
        str, typer.Option(help="Data set or folder with the calibration's pictures.", show_default=False)
    ] = "",
    data_root: DataRoot = None,
) -> None:
    """Make a study from a run: copy its pictures under unguessable names and write study.toml, the pre-registration.

    Read and edit DIR/NAME/study.toml until the study is opened. Nothing is shown to anybody yet.
    """
    from srbench.mos.design import schedule, stimuli

    planned = _design(name, design, seed, retest, calibration)
    made = stimuli.make(planned, run, studies, data_root)
    typer.echo(f"Pre-registration: {studies / name / 'study.toml'} (seed {made.seed})")
    typer.echo(f"Pictures: {len(made.stimuli)}; ratings per rater: {len(schedule.items(made))}")
    typer.echo(f"Next: srbench mos open {name}")


@app.command("open")
def open_study(name: Name, studies: Studies = _HERE, db: Url = None) -> None:
    """Freeze a study and open it for raters: from now on no byte of study.toml and the pictures may change.

    Opening a paused study again ends the pause.
    """
    from srbench.mos import conduct

    with _store(studies, name, db, create=True) as store:
        record = conduct.freeze(studies / name, store)
    typer.echo(f"Study {name} is {record.state}. Its study.toml has SHA-256 {record.digest}.")
    typer.echo(f"Next: srbench mos invite {name} --raters 26")


@app.command()
def invite(
    name: Name,
    raters: Annotated[int, typer.Option(min=1, max=10_000, help="How many links to make.")] = 1,
    label: Annotated[
        list[str] | None, typer.Option(help="A note per rater, seen by you alone; repeat it.", show_default=False)
    ] = None,
    address: Annotated[str, typer.Option(help="Where raters reach the server.")] = "http://127.0.0.1:8501",
    studies: Studies = _HERE,
    db: Url = None,
) -> None:
    """Print a personal link per rater as CSV. Links are shown this once: only their hashes are stored."""
    import csv
    import sys

    from srbench.mos import conduct

    with _store(studies, name, db) as store:
        conduct.verify(studies / name, store)
        invitations = conduct.invite(store, name, raters, label or ())
    lines = csv.writer(sys.stdout, lineterminator="\n")
    lines.writerow(["rater", "label", "link"])
    for each in invitations:
        lines.writerow([each.number, each.label or "", f"{address.rstrip('/')}/join/{each.token}"])


@app.command()
def status(name: Name, studies: Studies = _HERE, db: Url = None, as_json: AsJson = False) -> None:
    """Show how far every rater is, and what was refused. Scores are not shown: nobody should peek."""
    from collections import Counter
    from dataclasses import asdict

    with _store(studies, name, db) as store:
        record, raters, events = store.study(name), store.raters(name), store.events(name)
    refused = Counter(event.kind for event in events if event.kind.startswith("refused-"))
    if as_json:
        rows = [asdict(rater) for rater in raters]
        document = {"study": name, "state": record.state, "origin": record.origin, "raters": rows, "refused": refused}
        typer.echo(json.dumps(document, indent=1))
        return
    done, total = sum(rater.done for rater in raters), sum(rater.total for rater in raters)
    typer.echo(f"{name} ({record.origin}): {record.state}, {len(raters)} raters, {done:,} of {total:,} ratings")
    for rater in raters:
        typer.echo(f"{rater.number:5d}  {rater.state:12s} {rater.done:5d}/{rater.total:<5d} {rater.label or ''}")
    if refused:
        typer.echo(
            "Refused: " + ", ".join(f"{kind.removeprefix('refused-')} {n}" for kind, n in sorted(refused.items()))
        )


@app.command()
def export(
    name: Name,
    out: Annotated[Path, typer.Argument(help="File to write.", show_default=False)],
    form: Annotated[
        str, typer.Option("--format", help="csv, parquet, long (for R) or sureal. Default: by the file's ending.")
    ] = "",
    names: Annotated[bool, typer.Option("--names", help="Raters' labels instead of anonymous codes.")] = False,
    studies: Studies = _HERE,
    db: Url = None,
) -> None:
    """Write all ratings to a file, anonymised unless --names is given."""
    from srbench.images import write_atomically
    from srbench.mos import export as files

    chosen = form or {".parquet": "parquet", ".json": "sureal"}.get(out.suffix, "csv")
    with _store(studies, name, db) as store:
        ratings = files.frame(store, name, names)
    write_atomically(out, files.encode(ratings, chosen))
    typer.echo(f"{len(ratings):,} ratings in {out} ({chosen}{', with labels' if names else ', anonymised'}).")


@app.command("import")
def import_ratings(
    name: Name,
    file: Annotated[Path, typer.Argument(help="CSV with one line per rating.", show_default=False)],
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="OURS=THEIRS", help="What the file calls a column; repeat it.", show_default=False),
    ] = None,
    studies: Studies = _HERE,
    db: Url = None,
) -> None:
    """Store somebody else's ratings as a closed study of their own, so that every report can use them."""
    from srbench.errors import StudyError
    from srbench.mos import export as files

    columns = dict(entry.partition("=")[::2] for entry in column or ())
    if not all(columns.values()):
        raise StudyError(f"Expected --column OURS=THEIRS, got {', '.join(column or ())}.")
    rows = files.read(file, columns)
    with _store(studies, name, db, create=True) as store:
        record = files.store_ratings(store, name, file, columns)
    typer.echo(f"{len(rows):,} ratings are study {record.name} ({record.origin}).")


@app.command()
def close(
    name: Name,
    rater: Annotated[int | None, typer.Option(help="Close only this rater.", show_default=False)] = None,
    pause: Annotated[bool, typer.Option("--pause", help="Only pause; `open` goes on.")] = False,
    studies: Studies = _HERE,
    db: Url = None,
) -> None:
    """End a study for good, pause it, or end one rater's part. Every rating stays."""
    with _store(studies, name, db) as store:
        if rater is not None:
            store.close_rater(name, rater)
            typer.echo(f"Rater {rater} of {name} is closed.")
            return
        store.set_state(name, "paused" if pause else "closed")
    typer.echo(f"Study {name} is {'paused' if pause else 'closed'}.")


@app.command()
def plan(
    raters: Annotated[int, typer.Option(min=2, max=10_000, help="Number of raters.")] = 26,
    effect: Annotated[float, typer.Option(min=0, help="Difference of two mean opinion scores to find.")] = 0.2,
    design: Annotated[str, typer.Option("--from", help="'paper', or a study.toml.")] = "paper",
    simulations: Annotated[int, typer.Option(min=1, max=100_000, help="Studies to simulate.")] = 300,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal answers.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Simulate a study before it is made: its power, the hours it takes, and the smallest p it can reach."""
    from dataclasses import asdict

    from srbench.mos.design import planning

    study = _design("plan", design, seed, "", "")
    images = {each.name: len(each.images) or each.count or 10 for each in study.sets}
    found = planning.power(images, raters, effect, studies=simulations, seed=seed)
    cost = planning.cost(study, raters, planning.trials(study, images))
    if as_json:
        typer.echo(json.dumps({"effect": effect, "power": [asdict(row) for row in found], **asdict(cost)}, indent=1))
        return
    typer.echo(f"{raters} raters, a difference of {effect:g} MOS, {simulations} simulated studies per set")
    typer.echo("set          pictures   power  (p alone)  false alarms  (p alone)  smallest p")
    for row in found:
        typer.echo(
            f"{row.dataset:12s} {row.images:8d} {row.power:7.0%} {row.power_wilcoxon:10.0%} {row.false_alarms:13.1%} "
            f"{row.false_alarms_wilcoxon:10.1%} {row.smallest_p:11.2g}"
        )
    for row in found:
        if row.smallest_p >= 0.05:
            typer.echo(
                f"{row.dataset}: means of {row.images} pictures can never reach p < 0.05, whatever the difference."
            )
    typer.echo(
        f"Per rater {cost.trials:,} ratings in {cost.sessions} sessions, {cost.hours:.1f} h with breaks; "
        f"all raters {cost.ratings:,} ratings, {cost.hours_total:.0f} h."
    )


@app.command()
def simulate(
    out: Annotated[Path, typer.Argument(help="File to write (.csv or .parquet).", show_default=False)],
    raters: Annotated[int, typer.Option(min=1, max=10_000, help="Number of raters.")] = 26,
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds give equal ratings.")] = 0,
) -> None:
    """Draw SYNTHETIC ratings with the paper's published means, to try reports. They are no result of anything."""
    from srbench.images import write_atomically
    from srbench.mos import export as files
    from srbench.mos.design import simulation

    ratings = simulation.paper_study(raters, seed)
    write_atomically(out, files.encode(ratings, "parquet" if out.suffix == ".parquet" else "csv"))
    typer.echo(f"{len(ratings):,} SYNTHETIC ratings in {out}; every row's study, rater and image says so.")


def _design(name: str, source: str, seed: int | None, retest: str, calibration: str) -> Study:
    import secrets
    from dataclasses import replace

    from srbench.mos.design import study

    chosen = secrets.randbelow(2**31) if seed is None else seed
    design = study.paper_design(name, chosen) if source == "paper" else study.design_from(Path(source), name, chosen)
    if retest:
        design = replace(design, retest=replace(design.retest, method=retest))
    if calibration:
        design = replace(design, calibration=replace(design.calibration, source=calibration))
    return design


def _store(studies: Path, name: str, url: str | None, create: bool = False) -> contextlib.closing[Store]:
    from srbench.mos import conduct
    from srbench.mos.design import study
    from srbench.mos.store.rater import Store

    folder = studies / study.check_name(name)
    if url is None and not create and not (folder / "ratings.db").is_file():
        from srbench.errors import StudyError

        raise StudyError(f"{folder / 'ratings.db'} is missing. Open the study first with: srbench mos open {name}")
    return contextlib.closing(Store.open(conduct.database_url(folder, url)))

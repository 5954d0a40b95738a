"""Reports: the tables and figures of a run, a study or both, as HTML, Markdown, LaTeX and PDF."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from srbench.bench import results
from srbench.bench.results import RunResults
from srbench.reports import building, studies
from srbench.reports.building import FORMATS, build, check_formats, save
from srbench.reports.inputs import Choices, StudyRatings, joined
from srbench.reports.studies import from_file

__all__ = ["FORMATS", "Choices", "StudyRatings", "build", "check_formats", "from_file", "save", "write"]


def write(
    run: RunResults | str | Path | None,
    study: StudyRatings | str | Path | None = None,
    out: str | Path | None = None,
    *,
    formats: Sequence[str] = building.USUAL,
    choices: Choices | None = None,
    folder: str | Path = "studies",
    database: str | None = None,
    pairs: StudyRatings | str | Path | None = None,
) -> list[Path]:
    """Make the report of a run, of an opinion study, or of both; what `srbench report` does.

    Args:
        run: A run, or its folder; None for a study alone.
        study: Its ratings, the name of a study, or a file of ratings that `srbench.ratings` reads.
        out: Where the report goes; `reports/` and the name of the run's folder, or of the study, where nothing is said.
        formats: Some of `FORMATS`.
        choices: What the reader decides.
        folder: Where studies lie.
        database: Address of the study's store; the SQLite file in the study's folder where nothing is said.
        pairs: A study by pair comparison of the same versions, named like `study`, to be joined with its ratings.

    Returns:
        The documents; figures and tables lie in folders beside them.

    Raises:
        ReportError: A format is unknown or cannot be made here (said before any work), or the inputs do not fit.
        RunError: The folder is no run.
        StudyError: The study cannot be read.
        StatisticsError: Scores or ratings are damaged.
    """
    check_formats(formats)
    finished = run if run is None or isinstance(run, RunResults) else results.load(run)
    rated = study if study is None or isinstance(study, StudyRatings) else _ratings(study, Path(folder), database)
    if pairs is not None:
        compared = pairs if isinstance(pairs, StudyRatings) else _ratings(pairs, Path(folder), database)
        rated = joined(rated, compared)
    named = finished.folder.resolve().name if finished is not None else rated.name if rated is not None else ""
    place = Path(out) if out is not None else Path("reports") / named
    return save(build(finished, rated, choices), place, formats)


def _ratings(study: str | Path, folder: Path, database: str | None) -> StudyRatings:
    return studies.load(str(study), folder, database)

"""Finds the ratings of a report: in the store of a study, or in a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from srbench.errors import ReportError, StudyError
from srbench.mos.design import registration
from srbench.mos.store.analyst import AnalystStore
from srbench.mos.store.definitions import check_name
from srbench.ratings import Declaration, Understood, understand
from srbench.reports.inputs import StudyRatings
from srbench.tables.numbers import count

ENDINGS = (".csv", ".tsv", ".txt", ".parquet", ".json", ".py")
"""Of files of ratings."""
_HINT = (
    " 'srbench ratings import' takes all these options and makes a table for reports; 'srbench ratings show' says what "
    "is understood."
)


def load(name: str, studies: Path, url: str | None = None) -> StudyRatings:
    """Return the study `name` of the folder `studies`, or the ratings in the file of that name.

    Files are those of `ENDINGS`: a study may be called anything else.

    Raises:
        ReportError: There is neither, or the file cannot be read.
        StudyError: The store cannot be opened.
    """
    path = Path(name)
    if path.suffix.lower() in ENDINGS:
        return from_file(path)
    folder = studies / check_name(name)
    if url is None and not (folder / "ratings.db").is_file():
        raise ReportError(
            f"There is no study '{name}' in {studies}, nor a file of that name. Name a study, or a file of ratings "
            f"({', '.join(ENDINGS)})."
        )
    with registration.open_store(folder, url) as store:
        return from_store(store.analyst, name)


def from_store(store: AnalystStore, name: str) -> StudyRatings:
    """Return a study with its calibration from an open store; raters go by their random codes."""
    record = store.study(name)
    return StudyRatings(name, store.results(name), record.origin, store.calibration(name), record.settings.design)


def from_file(path: Path, scale: str = "") -> StudyRatings:
    """Return the ratings, or comparisons, in a file, named after the study in it, else after the file.

    Args:
        path: A file that `srbench.ratings.understand` reads without being told more than the scale.
        scale: What raters could answer; empty takes what the file says, else 1 to 5.

    Raises:
        ReportError: It cannot be read, holds several studies, or mixes synthetic and real ratings.
    """
    try:
        found = understand(path, Declaration(scale=scale))
        ratings, drawn = found.table, found.synthetic
    except StudyError as error:
        raise ReportError(f"{error}{_HINT if '--' in str(error) else ''}") from None
    if len(found.studies) > 1:
        raise ReportError(f"{path} holds several studies: {', '.join(found.studies)}. Make one report of each.")
    name = found.studies[0] if found.studies else path.stem
    origin = "synthetic" if drawn else "imported"
    return StudyRatings(name, ratings, origin, design=found.design, notes=list(_notes(found)))


def _notes(found: Understood) -> Iterator[str]:
    if found.again:
        yield (
            f"The file has no column 'repeat', so {found.again} further ratings of a picture by the same rater were "
            "taken for second showings. Copies of a row would look the same: remove them, if that is what they are."
        )
    if found.empty:
        yield f"{count(found.empty, 'cell')} of the file without a score count as missing."
    yield from found.notes

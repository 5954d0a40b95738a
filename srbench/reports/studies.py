"""Finds the ratings of a report: in the store of a study, or in a file."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from srbench.errors import ReportError, StudyError
from srbench.mos.design import registration
from srbench.mos.store import imports
from srbench.mos.store.analyst import AnalystStore
from srbench.mos.store.definitions import SYNTHETIC, check_name
from srbench.reports.inputs import StudyRatings


def load(name: str, studies: Path, url: str | None = None) -> StudyRatings:
    """Return the study `name` of the folder `studies`, or the ratings in the file of that name.

    Raises:
        ReportError: There is neither, or the file cannot be read.
        StudyError: The store cannot be opened.
    """
    path = Path(name)
    if path.suffix.lower() in {".csv", ".parquet"}:
        return from_file(path)
    folder = studies / check_name(name)
    if url is None and not (folder / "ratings.db").is_file():
        raise ReportError(
            f"There is no study '{name}' in {studies}, nor a file of that name. Name a study, or a .csv or .parquet "
            "file with one rating per line."
        )
    with registration.open_store(folder, url) as store:
        return from_store(store.analyst, name)


def from_store(store: AnalystStore, name: str) -> StudyRatings:
    """Return a study with its calibration from an open store; raters go by their random codes."""
    record = store.study(name)
    return StudyRatings(name, store.results(name), record.origin, store.calibration(name), record.settings.design)


def from_file(path: Path) -> StudyRatings:
    """Return the ratings, or comparisons, in a CSV or Parquet file, named after the study in it, else after the file.

    Raises:
        ReportError: It cannot be read, holds several studies, or mixes synthetic and real ratings.
    """
    notes = []
    if path.suffix.lower() == ".csv" and _compares(path):
        ratings = pd.read_csv(path, dtype={"image": str, "rater": str}, encoding="utf-8-sig")
        named = ratings["study"].astype(str) if "study" in ratings else pd.Series(dtype=str)
    elif path.suffix.lower() == ".csv":
        ratings = _read_csv(path)
        named, counted = _beside(path)
        again = int((ratings["repeat"] > 0).sum())
        if counted and again:
            notes.append(
                f"the file has no column 'repeat', so {again} further ratings of a picture by the same rater were "
                "taken for second showings. Copies of a row would look the same: remove them, if that is what they are."
            )
    else:
        try:
            ratings = pd.read_parquet(path)
        except (OSError, ValueError) as error:
            raise ReportError(f"Cannot read ratings from {path}: {error}.") from None
        named = ratings["study"].astype(str) if "study" in ratings else pd.Series(dtype=str)
    names = sorted(set(named) - {""})
    if len(names) > 1:
        raise ReportError(f"{path} holds several studies: {', '.join(names)}. Make one report of each.")
    drawn = pd.Series(False, index=ratings.index)
    for column in (named, ratings.get("rater", named)):
        if len(column):
            drawn |= column.astype(str).str.startswith(SYNTHETIC).to_numpy()
    if drawn.any() and not drawn.all():
        raise ReportError(f"{path} mixes synthetic ratings with others. Keep them in separate files.")
    name = names[0] if names else path.stem
    return StudyRatings(name, ratings, "synthetic" if drawn.any() else "imported", notes=notes)


def _compares(path: Path) -> bool:
    """Return whether a CSV file holds comparisons, as `srbench mos export` writes them."""
    try:
        return {"left", "right"} <= set(pd.read_csv(path, nrows=0, encoding="utf-8-sig").columns)
    except (OSError, ValueError):  # what is wrong with the file is said by whoever reads all of it
        return False


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        return pd.DataFrame(imports.read(path))
    except StudyError as error:
        # The option that the sentence names is one of the import, which takes files of any columns.
        raise ReportError(str(error).replace("--column", "srbench mos import --column")) from None


def _beside(path: Path) -> tuple[pd.Series, bool]:
    """Return the studies that a CSV file names, and whether its repeats had to be counted."""
    header = pd.read_csv(path, nrows=0, encoding="utf-8-sig").columns
    counted = not {str(name).strip().lower() for name in header} & {"repeat", "repetition"}
    if "study" not in header:
        return pd.Series(dtype=str), counted
    table = pd.read_csv(path, usecols=["study"], dtype=str, keep_default_na=False, encoding="utf-8-sig")
    return table["study"], counted

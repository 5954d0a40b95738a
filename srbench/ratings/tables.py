"""Tables of ratings: one line per rating, one row per stimulus or rater, or bare numbers."""

from __future__ import annotations

import pandas as pd

from srbench.errors import StudyError
from srbench.ratings.answers import Answers
from srbench.ratings.columns import ALIASES, find, others, skipped_note
from srbench.ratings.declaration import Declaration
from srbench.ratings.delimited import TextTable
from srbench.stats.rating_scale import parse

NAMED = ("rater", "stimulus", "image", "method", "dataset")


def long(table: TextTable, declared: Declaration) -> Answers:
    """Read a table of one line per rating.

    Raises:
        StudyError: A column is missing, or the file names two scales or designs.
    """
    found = find(table, declared, ALIASES)
    missing = [name for name in ("rater", "score") if name not in found]
    if "stimulus" not in found and not {"image", "method"} & set(found):
        missing.append("image, method or stimulus")
    if missing:
        raise StudyError(
            f"{table.path}: expected columns for rater, score, and image and method, or stimulus (one line per "
            f"rating); wrong or missing: {', '.join(missing)}. It has {', '.join(table.head) or 'no header'}. Name "
            "them with --column OURS=THEIRS."
        )
    if {"image", "method"} <= set(found):
        found.pop("stimulus", None)
    elif "stimulus" not in found:
        found["stimulus"] = found.pop("image" if "image" in found else "method")
    frame = pd.DataFrame({ours: table.column(theirs) for ours, theirs in found.items()}, dtype=object)
    frame["place"] = [f"line {number}" if table.separator else f"row {number}" for number in table.numbers]
    scale = _single(table, frame, "rating_scale")
    kept = frame.drop(columns=[name for name in ("rating_scale", "design") if name in frame])
    design = _single(table, frame, "design")
    return Answers(table.path, "one line per rating", kept, scale=parse(scale) if scale else None, design=design)


def _single(table: TextTable, frame: pd.DataFrame, column: str) -> str:
    """Return what a column says in every row, or nothing where there is no such column."""
    words = sorted(set(frame[column]) - {""}) if column in frame else []
    if len(words) > 1:
        raise StudyError(f"{table.path}: the column '{column}' says {' and '.join(words)}. Make a file of each.")
    return str(words[0]) if words else ""


def wide(table: TextTable, declared: Declaration) -> Answers:
    """Read a table whose rows or columns are raters.

    With a column of raters, all columns without a known title are stimuli, or methods where there is a column of
    images; without one they are raters.

    Raises:
        StudyError: No column says what the rows are, or none is left.
    """
    found = {ours: theirs for ours, theirs in find(table, declared, ALIASES).items() if ours in NAMED}
    if not table.head:
        raise StudyError(
            f"{table.path} holds numbers without a header. Say --form matrix, if it has one row per stimulus and one "
            "column per rater; otherwise give it a header."
        )
    if not found:
        raise StudyError(
            f"{table.path}: is a row a stimulus or a rater? Its first column, '{table.head[0]}', does not say. Say "
            f"--column 'stimulus={table.head[0]}' or --column 'rater={table.head[0]}'."
        )
    across = "rater" if "rater" not in found else "method" if {"image", "stimulus"} & set(found) else "stimulus"
    if across == "method":
        found["image"] = found.pop("stimulus", found.get("image", ""))
    elif across == "rater" and not {"image", "method"} <= set(found) and "stimulus" not in found:
        found["stimulus"] = found.pop("image" if "image" in found else "method")
    elif {"image", "method"} <= set(found):
        found.pop("stimulus", None)
    columns, skipped = others(table, find(table, declared, ALIASES).values(), declared)
    if not columns:
        raise StudyError(f"{table.path}: no column is left for the {across}s. It has {', '.join(table.head)}.")
    parts = []
    for title in columns:
        part = pd.DataFrame({ours: table.column(theirs) for ours, theirs in found.items()}, dtype=object)
        places = [f"line {number}, column '{title}'" for number in table.numbers]
        parts.append(part.assign(**{across: title, "score": table.column(title), "place": places}))
    rows = "rater" if across != "rater" else "stimulus"
    form = f"one row per {rows}{' and image' if across == 'method' else ''}, one column per {across}"
    return Answers(table.path, form, pd.concat(parts, ignore_index=True), notes=skipped_note(skipped))


def matrix(table: TextTable, declared: Declaration) -> Answers:
    """Read bare numbers: one row per stimulus, one column per rater, as the samples of ITU-T P.910 and P.913 have them.

    Raises:
        StudyError: The file has a header.
    """
    del declared
    if table.head:
        raise StudyError(f"{table.path}: expected numbers only, but the first line is {', '.join(table.head[:4])}, ...")
    width = len(str(max(len(table.rows), len(table.rows[0]))))
    rows = [
        (f"rater-{k:0{width}d}", f"stimulus-{j:0{width}d}", cell, f"line {number}, column {k}")
        for j, (row, number) in enumerate(zip(table.rows, table.numbers, strict=True), start=1)
        for k, cell in enumerate(row, start=1)
    ]
    frame = pd.DataFrame(rows, columns=["rater", "stimulus", "score", "place"], dtype=object)
    note = "The file names neither raters nor stimuli: they are numbered by column and row."
    return Answers(table.path, "numbers without names, one row per stimulus, one column per rater", frame, notes=[note])

"""Recognises the form of a file, reads it, and makes one tidy table of its answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from srbench.errors import StudyError, unknown
from srbench.mos.store.definitions import ORIGINAL
from srbench.ratings import delimited, tables, toolkits
from srbench.ratings import pairs as comparisons
from srbench.ratings.answers import Answers
from srbench.ratings.columns import ALIASES, find
from srbench.ratings.declaration import PARTS, Declaration
from srbench.ratings.delimited import NO_ANSWER, TextTable, as_numbers, decimal_sign
from srbench.ratings.sureal import sureal
from srbench.ratings.understood import Understood
from srbench.stats.rating_scale import ACR

AS_SHOWN = "as shown"
"""The method of stimuli that nobody split into images and methods."""
FORMS: dict[str, Callable[[TextTable, Declaration], Answers]] = {
    "long": tables.long,
    "wide": tables.wide,
    "matrix": tables.matrix,
    "webmushra": toolkits.webmushra,
    "crowd": toolkits.crowd,
    "pairs": comparisons.pairs,
    "counts": comparisons.counts,
}
"""How text tables are read, by the name of their form; files of sureal (.py, .json) need no name."""


def understand(path: str | Path, declared: Declaration | None = None) -> Understood:
    """Read a file of ratings or comparisons and say what was understood.

    Scores that the scale does not have are kept, so that all can be said about them; `Understood.checked` refuses them.

    Args:
        path: A text table, a Parquet file, or a data set of sureal (.py or .json).
        declared: What the file does not say itself.

    Raises:
        StudyError: The file cannot be read, or says too little; the sentence says what to declare.
    """
    said = declared or Declaration()
    answers = _read(Path(path), said)
    numbers, sign = _scores(answers, said)
    frame = answers.frame.assign(score=numbers.to_numpy())
    empty = int(frame["score"].isna().sum())
    frame = frame[frame["score"].notna()].reset_index(drop=True)
    if frame.empty:
        raise StudyError(f"{answers.path} holds no rating.")
    frame, notes = _named(answers, frame, said)
    frame, again = _ordered(answers, frame)
    used = said.rating_scale or answers.scale or ACR
    if answers.scale is not None and used != answers.scale:
        notes.append(f"The file itself has the scale {answers.scale}; {used} was declared and counts.")
    return Understood(
        path=answers.path,
        form=answers.form,
        separator=answers.separator,
        decimal=sign,
        answers=frame,
        compares=answers.compares,
        sides=answers.sides,
        scale=used,
        scale_from="declared" if said.scale else "the file's own" if answers.scale else "",
        design="pc" if answers.compares else said.design or answers.design,
        empty=empty,
        again=again,
        notes=(*answers.notes, *notes),
    )


def _read(path: Path, declared: Declaration) -> Answers:
    if path.suffix.lower() in {".py", ".json"}:
        return sureal(path, declared)
    if path.suffix.lower() in {".xlsx", ".xls", ".ods"}:
        raise StudyError(f"{path} is a spreadsheet: save the sheet with the ratings as CSV.")
    if declared.form and declared.form not in FORMS:
        raise StudyError(unknown("form", declared.form, FORMS))
    table = delimited.read(path, declared)
    read = FORMS[declared.form or _form(table, declared)](table, declared)
    return read.of(table.separator)


def _form(table: TextTable, declared: Declaration) -> str:
    """Return the form that a header shows: the first that fits, the most particular ones first."""
    if toolkits.is_webmushra(table.head):
        return "webmushra"
    if toolkits.is_crowd(table.head):
        return "crowd"
    if comparisons.is_pairs(table, declared):
        return "pairs"
    if comparisons.is_counts(table):
        return "counts"
    found = find(table, Declaration(), ALIASES) | dict(declared.columns)
    # A table with a score, or with none of what a wide one has beside its raters, is said to lack columns.
    return "long" if "score" in found or {"rater", "image", "method"} <= set(found) else "wide"


def _scores(answers: Answers, declared: Declaration) -> tuple[pd.Series[float], str]:
    """Return the scores as numbers, NaN where there is no answer, and their decimal sign.

    Raises:
        StudyError: One is a word.
    """
    words = [str(word) for word in answers.frame["score"]] if "score" in answers.frame else []
    sign = decimal_sign(answers.path, words, declared) if answers.decimal else "."
    numbers = as_numbers(words, sign)
    wrong = [k for k, bad in enumerate(numbers.isna()) if bad and words[k].lower() not in NO_ANSWER]
    if wrong:
        raise StudyError(
            f"{answers.path}, {answers.frame['place'].iloc[wrong[0]]}: expected a score, got {words[wrong[0]]!r}. "
            "Correct it, or leave out a column that holds no ratings with --skip COLUMN."
        )
    return numbers, sign


def _named(answers: Answers, frame: pd.DataFrame, declared: Declaration) -> tuple[pd.DataFrame, list[str]]:
    """Return the answers with data sets, images and methods, and what a reader must know about these names."""
    notes = []
    if "stimulus" in frame:
        frame, said = _split(answers, frame, declared)
        notes += said
    if "dataset" not in frame:
        frame["dataset"] = declared.dataset
    methods = ["left", "right"] if answers.compares else ["method"]
    for name in ("rater", "dataset", "image", *methods):
        if (frame[name].astype(str).str.strip() == "").any():
            raise StudyError(f"{answers.path}: column '{name}' has empty cells.")
    inside = frame["dataset"].astype(str) + "/"
    if all(image.startswith(lead) for image, lead in zip(frame["image"].astype(str), inside, strict=True)):
        frame["image"] = [image[len(lead) :] for image, lead in zip(frame["image"], inside, strict=True)]
    if declared.reference:
        known = {str(name) for column in methods for name in frame[column]}
        if declared.reference not in known:
            raise StudyError(f"{answers.path}: {unknown('method', declared.reference, known)}")
        frame[methods] = frame[methods].replace(declared.reference, ORIGINAL)
    return frame, notes


def _split(answers: Answers, frame: pd.DataFrame, declared: Declaration) -> tuple[pd.DataFrame, list[str]]:
    names = frame.pop("stimulus").astype(str)
    pattern = declared.pattern
    if pattern is None:
        note = f"Stimuli are images of their own, under the method '{AS_SHOWN}': --split says how names hold both."
        return frame.assign(image=names, method=AS_SHOWN), [note]
    found = {name: pattern.fullmatch(name) for name in dict.fromkeys(names)}
    lost = [name for name, match in found.items() if match is None]
    if lost:
        raise StudyError(
            f"{answers.path}: {len(lost)} of {len(found)} names of stimuli do not fit --split {declared.split!r}, the "
            f"first is '{lost[0]}'."
        )
    parts = {name: match.groupdict() for name, match in found.items() if match is not None}
    for part in PARTS:
        if part in pattern.groupindex:
            frame[part] = [parts[name][part] for name in names]
    if "image" not in frame:
        frame["image"] = names
    if "method" not in frame:
        frame["method"] = AS_SHOWN
    return frame, []


def _ordered(answers: Answers, frame: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return the answers with trials, repeats and seconds, and how many were counted as second showings.

    Raises:
        StudyError: A trial, repeat or time is none, or a trial or a repeat was there before.
    """
    place = ["rater", "dataset", "image", *(["left", "right"] if answers.compares else ["method"])]
    frame = frame.astype(dict.fromkeys(place, str))
    counted = {"trial": frame.groupby("rater").cumcount() + 1}
    keys = [["rater", "trial"]]
    if not answers.compares:
        counted["repeat"] = frame.groupby(place).cumcount()
        keys.append([*place, "repeat"])
    again = int((counted["repeat"] > 0).sum()) if "repeat" in counted and "repeat" not in frame else 0
    for name, values in counted.items():
        frame[name] = _whole(answers, frame, name) if name in frame else values
    for key in keys:
        twice = frame.duplicated(key)
        if twice.any():
            at = frame["place"].iloc[int(twice.to_numpy().argmax())]
            raise StudyError(f"{answers.path}, {at}: this {' + '.join(key)} was there before. Each rating counts once.")
    seconds = as_numbers([str(word) for word in frame["seconds"]]) if "seconds" in frame else None
    frame["seconds"] = float("nan") if seconds is None else seconds.where(seconds >= 0).to_numpy()
    frame["study"] = frame["study"].astype(str) if "study" in frame else ""
    return frame, again


def _whole(answers: Answers, frame: pd.DataFrame, name: str) -> pd.Series[int]:
    numbers = as_numbers([str(word) for word in frame[name]])
    bad = ~((numbers >= 0) & (numbers <= 10**6) & (numbers % 1 == 0))
    if bad.any():
        row = int(bad.to_numpy().argmax())
        raise StudyError(
            f"{answers.path}, {frame['place'].iloc[row]}: expected a whole {name} from 0 to 1000000, got "
            f"{frame[name].iloc[row]!r}."
        )
    return numbers.astype(int)

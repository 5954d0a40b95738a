"""What two toolkits write: webMUSHRA's results, and the votes of the P.910 crowdsourcing toolkit."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from srbench.errors import StudyError
from srbench.ratings.answers import EITHER, LEFT, RIGHT, Answers
from srbench.ratings.columns import ALIASES, find
from srbench.ratings.declaration import Declaration
from srbench.ratings.delimited import TextTable, as_numbers
from srbench.stats.rating_scale import RatingScale

MUSHRA_SCALE = RatingScale(0.0, 100.0)
_PREFERRED = {"correct": LEFT, "incorrect": RIGHT, "undecided": EITHER, "unknown": ""}
"""webMUSHRA's answers of a comparison, whose left side is its reference here."""
_RATINGS = (
    # columns of the stimulus and its score, the time in milliseconds
    (("rating_stimulus", "rating_score"), "rating_time"),
    (("stimuli", "stimuli_rating"), "rating_time"),
)


def is_webmushra(head: Sequence[str]) -> bool:
    """Return whether a header is one of webMUSHRA's."""
    return {"session_test_id", "trial_id"} <= set(head)


def webmushra(table: TextTable, declared: Declaration) -> Answers:
    """Read webMUSHRA's mushra.csv, lss.csv, lms.csv, bs1116.csv or paired_comparison.csv.

    A trial is an image, its stimuli are methods. A session is a rater. Files without session ids tell raters apart by
    what they said of themselves (name, mail, age), which stays in the file: they get numbers here.

    Raises:
        StudyError: It holds something else, such as positions in space, or several scores for a stimulus.
    """
    del declared
    head, places = set(table.head), [f"line {number}" for number in table.numbers]
    base = pd.DataFrame({"rater": _raters(table), "image": table.column("trial_id"), "place": places}, dtype=object)
    if "choice_answer" in head:
        return _choices(table, base)
    for (stimulus, score), time in _RATINGS:
        if {stimulus, score} <= head:
            # Stimuli are quoted with blanks in one of the files; the reader has taken them off.
            frame = base.assign(method=table.column(stimulus), score=table.column(score))
            scale = MUSHRA_SCALE if stimulus == "rating_stimulus" else None
            return Answers(table.path, "webMUSHRA's results", _timed(table, frame, time), scale=scale)
    if {"rating_reference_score", "rating_non_reference_score"} <= head:
        halves = [
            _timed(
                table,
                base.assign(method=table.column(f"rating_{each}"), score=table.column(f"rating_{each}_score")),
                "rating_time",
            )
            for each in ("reference", "non_reference")
        ]
        return Answers(table.path, "webMUSHRA's results of BS.1116", pd.concat(halves, ignore_index=True))
    raise StudyError(
        f"{table.path}: expected webMUSHRA's results of MUSHRA, BS.1116, Likert scales or paired comparison; it has "
        f"the columns {', '.join(table.head)}."
    )


def _raters(table: TextTable) -> list[str]:
    if "session_uuid" in table.head:
        return table.column("session_uuid")
    about = table.head[1 : table.head.index("trial_id")]
    columns = [table.column(title) for title in about]
    names = ["/".join(words) for words in zip(*columns, strict=True)] if columns else [""] * len(table.rows)
    if not all(name.strip("/") for name in names):
        raise StudyError(f"{table.path}: it names no raters: its columns before 'trial_id' are empty or missing.")
    numbers, different = pd.factorize(pd.Series(names, dtype=object))
    width = len(str(len(different)))
    return [f"rater-{number + 1:0{width}d}" for number in numbers]


def _timed(table: TextTable, frame: pd.DataFrame, column: str) -> pd.DataFrame:
    if column not in table.head:
        return frame
    return frame.assign(seconds=(as_numbers(table.column(column)) / 1000).map("{:g}".format).to_numpy())


def _choices(table: TextTable, base: pd.DataFrame) -> Answers:
    answers = table.column("choice_answer")
    strange = next((word for word in answers if word not in _PREFERRED), None)
    if strange is not None:
        raise StudyError(f"{table.path}: expected answers {', '.join(_PREFERRED)}, got '{strange}'.")
    frame = base.assign(
        left=table.column("choice_reference"),
        right=table.column("choice_non_reference"),
        score=[_PREFERRED[word] for word in answers],
    )
    frame = _timed(table, frame, "choice_time")
    return Answers(table.path, "webMUSHRA's paired comparison", frame, compares=True, sides=False, decimal=False)


def is_crowd(head: Sequence[str]) -> bool:
    """Return whether a header is one of the P.910 toolkit's."""
    words = {title.lower() for title in head}
    return {"workerid", "file", "vote"} <= words or {"file_url", "vote_1"} <= words


def crowd(table: TextTable, declared: Declaration) -> Answers:
    """Read the P.910 toolkit's `..._votes_per_worker.csv`.

    Raises:
        StudyError: It is the table of votes per clip, which does not say whose votes they are.
    """
    if "workerid" not in {title.lower() for title in table.head}:
        raise StudyError(
            f"{table.path}: votes per clip do not say whose they are, so that neither raters nor intervals over them "
            "can be looked at. Take the file that ends in _votes_per_worker.csv beside it."
        )
    found = find(table, declared, ALIASES)
    columns = {"rater": found["rater"], "score": found["score"]}
    if {"image", "method"} <= set(declared.columns):
        columns |= {"image": found["image"], "method": found["method"]}
    else:
        columns["stimulus"] = "short_file_name" if "short_file_name" in table.head else found["stimulus"]
    frame = pd.DataFrame({ours: table.column(theirs) for ours, theirs in columns.items()}, dtype=object)
    frame["place"] = [f"line {number}" for number in table.numbers]
    return Answers(table.path, "the P.910 toolkit's votes per worker", frame)

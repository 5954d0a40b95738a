"""Comparisons of pairs: one line each, or a square of counts."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from srbench.errors import StudyError
from srbench.ratings.answers import EITHER, LEFT, NOBODY, RIGHT, Answers
from srbench.ratings.columns import PAIR_ALIASES, find
from srbench.ratings.declaration import Declaration
from srbench.ratings.delimited import NO_ANSWER, TextTable, as_numbers

_WORDS = {
    LEFT: ("left", "a", "first", "1", "1.0"),
    RIGHT: ("right", "b", "second", "2", "2.0"),
    EITHER: ("tie", "equal", "draw", "same", "1.5"),
}
"""What answers may be beside names. 0 is none of them: it stands for a tie in some files, and for a side in others."""
_ALL = "all"
"""The image of counts, which name none."""


def is_pairs(table: TextTable, declared: Declaration) -> bool:
    """Return whether a header has two sides and an answer, or a winner and a loser."""
    found = {*find(table, Declaration(skip=declared.skip), PAIR_ALIASES), *declared.columns}
    sides = {"left", "right"} <= found or {"a", "b"} <= found
    return (sides and bool({"winner", "score"} & found)) or {"winner", "loser"} <= found


def pairs(table: TextTable, declared: Declaration) -> Answers:
    """Read comparisons, one line each.

    Sides are `left` and `right`, or `a` and `b` where nobody says who was on the left; the answer is the name of a
    version, the title of a side, 1 or 2, or a word for a tie. Or the columns are `winner` and `loser`.

    Raises:
        StudyError: A column is missing, or an answer names neither version.
    """
    found = find(table, declared, PAIR_ALIASES)
    words = {ours: table.column(theirs) for ours, theirs in found.items()}
    known = {"left", "right"} <= set(found)
    if {"winner", "loser"} <= set(found) and not known:
        left, right = words["winner"], words["loser"]
        scores = [LEFT] * len(left)
    else:
        if not (known or {"a", "b"} <= set(found)) or not {"winner", "score"} & set(found):
            raise StudyError(
                f"{table.path}: expected columns left and right (or a and b) and winner, or winner and loser; it has "
                f"{', '.join(table.head) or 'no header'}. Name them with --column OURS=THEIRS."
            )
        left, right = (words[side] for side in (("left", "right") if known else ("a", "b")))
        answers = words["winner" if "winner" in words else "score"]
        scores = [
            _answer(table, number, *row) for number, *row in zip(table.numbers, left, right, answers, strict=True)
        ]
    count = len(table.rows)
    base = {name: words[name] for name in ("dataset", "trial", "seconds", "study") if name in words}
    frame = pd.DataFrame(
        base
        | {
            "rater": words.get("rater", [NOBODY] * count),
            "image": words.get("image", [_ALL] * count),
            "left": left,
            "right": right,
            "score": scores,
            "place": [f"line {number}" for number in table.numbers],
        },
        dtype=object,
    )
    nameless = {"rater": NOBODY, "image": _ALL}
    notes = [
        f"The file names no {name}s: all answers count as those of one {name}, which makes intervals too narrow."
        for name, word in nameless.items()
        if set(words.get(name, [word])) == {word}
    ]
    sides = known and set(words.get("sides", ["known"])) == {"known"}
    return Answers(table.path, "one line per comparison", frame, compares=True, sides=sides, notes=notes, decimal=False)


def _answer(table: TextTable, number: int, left: str, right: str, answer: str) -> str:
    """Return an answer as a score; the name of a version goes before a word for a side."""
    if answer in (left, right):
        return LEFT if answer == left else RIGHT
    for score, words in _WORDS.items():
        if answer.lower() in words:
            return score
    if answer.lower() in NO_ANSWER:
        return ""
    raise StudyError(f"{table.path}, line {number}: expected '{left}', '{right}', left, right or tie, got '{answer}'.")


def is_counts(table: TextTable) -> bool:
    """Return whether a table is a square whose rows have the names of its columns."""
    names = [row[0] for row in table.rows]
    return len(table.head) > 2 and names == list(table.head[1:])


def counts(table: TextTable, declared: Declaration) -> Answers:
    """Read a square of counts: how often the version of the row was preferred to that of the column.

    Raises:
        StudyError: It is no square, a count is no whole number, or a version was compared with itself.
    """
    del declared
    if not is_counts(table):
        raise StudyError(f"{table.path}: expected a square of counts whose rows have the names of its columns.")
    names: Sequence[str] = table.head[1:]
    parts: list[tuple[str, str]] = []
    for row, number in zip(table.rows, table.numbers, strict=True):
        cells = ["0" if cell.lower() in NO_ANSWER else cell for cell in row[1:]]
        for name, value in zip(names, as_numbers(cells), strict=True):
            if not (value >= 0 and value % 1 == 0) or (name == row[0] and value > 0):
                raise StudyError(
                    f"{table.path}, line {number}, column '{name}': expected how often '{row[0]}' was preferred to "
                    f"'{name}', a whole number{', and nothing on the diagonal' if name == row[0] else ''}."
                )
            parts += [(row[0], name)] * int(value)
    frame = pd.DataFrame(parts, columns=["left", "right"], dtype=object).assign(
        rater=NOBODY, image=_ALL, score=LEFT, place="a count"
    )
    note = "Counts name neither raters nor images: answers are taken as independent, which makes intervals too narrow."
    return Answers(
        table.path, "counts of preferences, row over column", frame, compares=True, sides=False, notes=[note],
        decimal=False,
    )  # fmt: skip

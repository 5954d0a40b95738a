"""The cards before the first trial: in which order they come, and what a test of the screening leaves behind."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from srbench.mos.store import models as m
from srbench.mos.store import trials
from srbench.mos.store.events import log
from srbench.mos.store.session import SCREENING
from srbench.mos.store.trials import Row

_TESTS = ("acuity", "colour", "contrast")
_TRIED = sa.select(sa.func.count()).where(
    (m.screening.c.rater_id == sa.bindparam("rater")) & (m.screening.c.test == sa.bindparam("test"))
)
_INSERT = sa.insert(m.screening)


@dataclass(frozen=True, slots=True)
class Tested:
    """One attempt at a test of the screening.

    Attributes:
        test: `acuity`, `colour` or `contrast`.
        attempt: From 1; an attempt that is stored already is not stored again.
        correct: Right answers, of `asked`.
        passed: Whether that is enough.
        detail: What was shown, answered and measured.
        ends: Whether the rater's part is over if this attempt failed.
        last: Whether there is no further attempt.
    """

    test: str
    attempt: int
    correct: int
    asked: int
    passed: bool
    detail: Mapping[str, Any]
    ends: bool
    last: bool


def after(card: str, asks: Sequence[str]) -> str:
    """Return the card that comes after `card` in a study that asks for `asks`; empty where the trials begin.

    >>> after("welcome", ("before", "colour"))
    'screening-colour'
    >>> after("screening-colour", ("before", "colour"))
    'questions-before'
    """
    order = ["consent", "welcome", *(SCREENING + test for test in _TESTS if test in asks)]
    order += ["questions-before"] if "before" in asks else []
    return order[order.index(card) + 1] if card in order[:-1] else ""


def attempt(connection: sa.Connection, row: Row) -> int:
    """Return which attempt at the test on this rater's card is due, from 1."""
    values = {"rater": row["id"], "test": row["card"].removeprefix(SCREENING)}
    return 1 + int(connection.scalar(_TRIED, values) or 0)


def store(connection: sa.Connection, row: Row, tested: Tested, now: float) -> bool:
    """Store an attempt; end the rater's part where the study says so.

    Returns:
        Whether the rater goes on to the next card.
    """
    connection.execute(_INSERT, {
        "rater_id": row["id"], "test": tested.test, "attempt": tested.attempt, "correct": tested.correct,
        "asked": tested.asked, "passed": tested.passed, "detail": json.dumps(tested.detail, sort_keys=True), "at": now,
    })  # fmt: skip
    if tested.passed:
        return True
    said = f"{tested.test}, attempt {tested.attempt}: {tested.correct} of {tested.asked}"
    log(connection, row["study_id"], row["id"], "screening-failed", said)
    if tested.last and tested.ends:
        trials.change(connection, row, {"state": "closed", "card": "screened-out"})
    return tested.last and not tested.ends

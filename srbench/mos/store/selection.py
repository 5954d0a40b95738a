"""Trials that are chosen as a study goes on: what is known when one is due, and the row that the choice becomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import sqlalchemy as sa

from srbench.mos.store import enrolment, tally
from srbench.mos.store import models as m
from srbench.mos.store.definitions import ScheduledTrial, Settings
from srbench.mos.store.trials import Row

Pair: TypeAlias = tuple[str, str]
"""Ids of two stimuli, left and right."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a choice may follow from.

    Attributes:
        answers: Of all raters: two stimuli, the last score (1 for the first of them), and how often it was given.
        open: What others are shown now and have not answered.
        mine: What this rater was shown, in order; checks are left out.
        before: The left stimulus of the trial before, whatever it was for; None at the first one.
    """

    answers: tuple[tuple[str, str, int, int], ...]
    open: tuple[Pair, ...]
    mine: tuple[Pair, ...]
    before: str | None


Choose: TypeAlias = Callable[[int, int, Known], Pair]
"""Returns the pair for the rater of a number at a position."""

_t, _r, _first = m.trial.c, m.rater.c, m.rating.c
_IN_STUDY = (_r.study_id == sa.bindparam("study")) & (_t.attempt == 0) & (_t.purpose == "")

_OPEN = (
    sa.select(_t.stimulus_id, _t.other_id)
    .join_from(m.rater, m.trial, (_t.rater_id == _r.id) & (_t.position == _r.position))
    .outerjoin(m.rating, _first.trial_id == _t.id)
    .where(_IN_STUDY & (_r.attempt == 0) & (_r.state == "rating") & (_r.id != sa.bindparam("rater")))
    .where(_first.trial_id.is_(None))
    .order_by(_t.stimulus_id, _t.other_id)
)
_MINE = (
    sa.select(_t.stimulus_id, _t.other_id, _t.purpose, _t.position)
    .where((_t.rater_id == sa.bindparam("rater")) & (_t.attempt == 0))
    .order_by(_t.position)
)


def fill(connection: sa.Connection, row: Row, chosen: Settings, choose: Choose) -> None:
    """Store the trial that a rater of an active study is shown next, where the place is still empty.

    The choice is made once, in the transaction of the answer before: it stays whatever happens to the server, and when
    that answer is given anew.

    Args:
        connection: In a transaction that writes.
        row: Of the rater.
        chosen: Settings of the study.
        choose: Makes the choice.
    """
    if row["attempt"] or row["state"] != "rating" or row["position"] > row["trials"]:
        return
    mine = connection.execute(_MINE, {"rater": row["id"]}).all()
    if any(trial.position == row["position"] for trial in mine):
        return
    values = {"study": row["study_id"], "rater": row["id"]}
    known = Known(
        answers=tally.read(connection, row["study_id"]),
        open=tuple((left, right) for left, right in connection.execute(_OPEN, values)),
        mine=tuple((trial.stimulus_id, trial.other_id) for trial in mine if not trial.purpose),
        before=next((trial.stimulus_id for trial in mine if trial.position == row["position"] - 1), None),
    )
    left, right = choose(row["number"], row["position"], known)
    session = session_of(row["position"], row["trials"], chosen)
    trial = ScheduledTrial(0, row["position"], session, left, right)
    connection.execute(sa.insert(m.trial), enrolment.trial_row(row["id"], trial))


def session_of(position: int, trials: int, chosen: Settings) -> int:
    """Return the session that a trial belongs to: sessions are equally long, and none longer than was set."""
    return (position - 1) * sessions(trials, chosen) // trials + 1


def sessions(trials: int, chosen: Settings) -> int:
    """Return in how many sessions so many trials are seen."""
    longest = max(1, int(60 * chosen.session_minutes / chosen.seconds_per_trial))
    return max(1, -(-trials // longest))

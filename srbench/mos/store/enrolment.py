"""Writing a rater with all trials, whoever let the rater in."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from srbench.errors import StudyError
from srbench.mos.store import models as m
from srbench.mos.store.definitions import ScheduledTrial, Settings, StudyRecord
from srbench.mos.store.events import log
from srbench.mos.store.links import token_hash

FIRST_CARD = {True: "consent", False: "welcome"}
"""What a new rater sees first, by whether the study asks for consent: nothing is stored of a device before that."""


def insert(
    connection: sa.Connection,
    record: StudyRecord,
    number: int,
    token: str,
    trials: Sequence[ScheduledTrial],
    **more: Any,
) -> None:
    """Store a rater who has not begun.

    Args:
        connection: In a transaction that writes.
        record: The study.
        number: Of the rater, from 1.
        token: Of the rater's link; its hash is stored.
        trials: The whole schedule.
        more: Further columns of the rater: `block`, `label`, `entrance_id`, `participant`.

    Raises:
        StudyError: The study has a rater of that number.
    """
    card = FIRST_CARD["consent" in record.settings.asks]
    row = {
        "study_id": record.id, "number": number, "code": secrets.token_hex(4), "token_hash": token_hash(token),
        "state": "invited", "card": card, "position": 1, "session": 1, "pace": 0.0, "created": time.time(),
        **counts(trials, record.settings), **more,
    }  # fmt: skip
    try:
        key = connection.execute(sa.insert(m.rater).returning(m.rater.c.id), row).scalar_one()
    except sa.exc.IntegrityError:
        raise StudyError(f"Study {record.name!r} has a rater {number} already. Invite again.") from None
    add_trials(connection, key, trials)
    log(connection, record.id, key, "invited" if more.get("entrance_id") is None else "entered")


def next_place(connection: sa.Connection, study: int, now: float) -> tuple[int, int]:
    """Return the number of the next rater and the block: the lowest that nobody has any more, else a new one.

    A block is free again once everybody who had it failed, was closed, withdrew, or took longer than the open link
    allows.

    Args:
        connection: In any transaction.
        study: Key of the study.
        now: Seconds since 1970.
    """
    r, minutes = m.rater.c, sa.func.coalesce(m.entrance.c.minutes, 0)
    late = (minutes > 0) & (r.created < now - 60 * minutes) & (r.state != "finished")
    lost = r.state.in_(("failed", "closed")) | late
    query = (
        sa.select(r.number, r.block, lost)
        .join_from(m.rater, m.entrance, m.entrance.c.id == r.entrance_id, isouter=True)
        .where(r.study_id == study)
    )
    rows = connection.execute(query).all()
    held = {block for _, block, is_lost in rows if not is_lost}
    free = {block for _, block, is_lost in rows if is_lost and block is not None} - held
    number = max((number for number, _, _ in rows), default=0) + 1
    newest = max((block or 0 for _, block, _ in rows), default=0) + 1
    return number, min(free, default=newest)


def trial_row(rater: int, trial: ScheduledTrial) -> dict[str, Any]:
    """Return the row of `trial` for a scheduled trial, under an id that nobody can guess."""
    row = asdict(trial)
    stimulus, other = row.pop("stimulus"), row.pop("other")
    return {"id": secrets.token_hex(16), "rater_id": rater, "stimulus_id": stimulus, "other_id": other, **row}


def add_trials(connection: sa.Connection, rater: int, trials: Sequence[ScheduledTrial]) -> None:
    """Store trials of a rater; where they are selected actively there may be none yet."""
    if trials:
        connection.execute(sa.insert(m.trial), [trial_row(rater, trial) for trial in trials])


def counts(trials: Sequence[ScheduledTrial], chosen: Settings) -> dict[str, int]:
    """Return what the row of a rater says of the schedule."""
    calibrations = sum(trial.attempt == 1 for trial in trials)
    active = chosen.selection == "active"
    return {
        "trials": chosen.trials_per_rater + chosen.checks if active else sum(trial.attempt == 0 for trial in trials),
        "calibrations": calibrations,
        "attempt": 1 if calibrations else 0,
    }

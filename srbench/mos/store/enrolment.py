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
from srbench.mos.store.definitions import ScheduledTrial
from srbench.mos.store.events import log
from srbench.mos.store.links import token_hash


def insert(
    connection: sa.Connection, study: int, number: int, token: str, trials: Sequence[ScheduledTrial], **more: Any
) -> None:
    """Store a rater who has not begun.

    Args:
        connection: In a transaction that writes.
        study: Key of the study.
        number: Of the rater, from 1.
        token: Of the rater's link; its hash is stored.
        trials: The whole schedule.
        more: Further columns of the rater: `label`, `entrance_id`, `participant`.

    Raises:
        StudyError: The study has a rater of that number.
    """
    row = {
        "study_id": study, "number": number, "code": secrets.token_hex(4), "token_hash": token_hash(token),
        "state": "invited", "card": "welcome", "position": 1, "session": 1, "pace": 0.0, "created": time.time(),
        **counts(trials), **more,
    }  # fmt: skip
    try:
        key = connection.execute(sa.insert(m.rater).returning(m.rater.c.id), row).scalar_one()
    except sa.exc.IntegrityError:
        raise StudyError(f"The study has a rater {number} already. Invite again.") from None
    connection.execute(sa.insert(m.trial), [trial_row(key, trial) for trial in trials])
    log(connection, study, key, "invited" if more.get("entrance_id") is None else "entered")


def trial_row(rater: int, trial: ScheduledTrial) -> dict[str, Any]:
    """Return the row of `trial` for a scheduled trial, under an id that nobody can guess."""
    row = asdict(trial)
    stimulus, other = row.pop("stimulus"), row.pop("other")
    return {"id": secrets.token_hex(16), "rater_id": rater, "stimulus_id": stimulus, "other_id": other, **row}


def counts(trials: Sequence[ScheduledTrial]) -> dict[str, int]:
    """Return what the row of a rater says of the schedule."""
    calibrations = sum(trial.attempt == 1 for trial in trials)
    return {
        "trials": sum(trial.attempt == 0 for trial in trials),
        "calibrations": calibrations,
        "attempt": 1 if calibrations else 0,
    }

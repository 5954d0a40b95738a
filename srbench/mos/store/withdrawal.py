"""Deleting what a rater gave: only a tombstone stays, which keeps the number and explains the gap."""

from __future__ import annotations

import sqlalchemy as sa

from srbench.mos.store import models as m
from srbench.mos.store import tally
from srbench.mos.store.events import log

_TOMBSTONE = {
    "state": "closed", "card": "withdrawn", "label": None, "token_hash": None, "participant": None, "reopened": None,
    "attempt": 0, "position": 1, "session": 1, "pace": 0.0, "trials": 0, "calibrations": 0, "session_started": None,
    "last_rated": None,
}  # fmt: skip


def erase(connection: sa.Connection, study: int, rater: int) -> None:
    """Delete all answers of a rater, the schedule, consent, screening, devices, log, note, link and the panel's hash.

    Args:
        connection: In a transaction that writes.
        study: Key of the study.
        rater: Key of the rater, whose row stays with its number, code and time of invitation.
    """
    mine = sa.select(m.trial.c.id).where(m.trial.c.rater_id == rater).scalar_subquery()
    for table in (m.revision, m.rating):
        connection.execute(sa.delete(table).where(table.c.trial_id.in_(mine)))
    for table in (m.trial, m.reply, m.consent, m.visit, m.screening, m.event):
        connection.execute(sa.delete(table).where(table.c.rater_id == rater))
    connection.execute(sa.update(m.rater).where(m.rater.c.id == rater).values(_TOMBSTONE))
    tally.rebuild(connection, study)
    log(connection, study, rater, "withdrawn")

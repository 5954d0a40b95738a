"""Ratings that were given elsewhere, stored as a closed study of their own."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa

from srbench.mos.store import models as m
from srbench.mos.store.definitions import ScheduledTrial, Settings, Stimulus, StudyRecord
from srbench.mos.store.enrolment import trial_row

if TYPE_CHECKING:
    from srbench.mos.store.stores import Store

Origin = Literal["imported", "synthetic"]
"""Whether people gave ratings elsewhere, or a simulation drew them."""


def add_ratings(store: Store, name: str, rows: Sequence[dict[str, Any]], origin: Origin = "imported") -> StudyRecord:
    """Store ratings that were not given here as the closed study `name`.

    Args:
        store: Where to.
        name: Name of the new study.
        rows: One dict per rating with the keys of `Rating` except `study`; seconds may be None.
        origin: Whether people gave them elsewhere, or a simulation drew them.

    Raises:
        StudyError: There is a study of that name, or it hides or pretends a simulation.
    """
    places = sorted({_place(row) for row in rows})
    stimuli = [Stimulus(secrets.token_hex(16), "rating", *place, sha256="", width=0, height=0) for place in places]
    ids = {(s.dataset, s.image, s.method, s.repeat): s.id for s in stimuli}
    record = store.organiser.create_study(name, Settings(), stimuli, origin=origin)
    mine: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        mine.setdefault(str(row["rater"]), []).append(row)
    with store.database.write() as connection:
        for number, code in enumerate(sorted(mine), start=1):
            _add_rater(connection, record.id, number, code, mine[code], ids)
    return record


def _place(row: dict[str, Any]) -> tuple[str, str, str, int]:
    return (row["dataset"], row["image"], row["method"], row["repeat"])


def _add_rater(
    connection: sa.Connection,
    study: int,
    number: int,
    code: str,
    rows: Sequence[dict[str, Any]],
    ids: dict[tuple[str, str, str, int], str],
) -> None:
    now = time.time()
    rater = {
        "study_id": study, "number": number, "code": code, "state": "finished", "card": "", "attempt": 0,
        "position": len(rows) + 1, "session": 1, "trials": len(rows), "calibrations": 0, "pace": 0.0, "created": now,
    }  # fmt: skip
    key = connection.execute(sa.insert(m.rater).returning(m.rater.c.id), rater).scalar_one()
    trials = [trial_row(key, ScheduledTrial(0, row["trial"], 1, ids[_place(row)])) for row in rows]
    connection.execute(sa.insert(m.trial), trials)
    scores = [
        {"trial_id": trial["id"], "score": row["score"], "seconds": row["seconds"], "at": now}
        for trial, row in zip(trials, rows, strict=True)
    ]
    connection.execute(sa.insert(m.rating), scores)

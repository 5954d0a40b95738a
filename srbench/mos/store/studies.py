"""Finding a study in the store, for all who read or write."""

from __future__ import annotations

import functools
import json

import sqlalchemy as sa

from srbench.errors import StudyError, unknown
from srbench.mos.store import models as m
from srbench.mos.store.definitions import Settings, StudyRecord
from srbench.mos.store.rows import Event


def find(connection: sa.Connection, name: str) -> StudyRecord:
    """Return the study of this name.

    Raises:
        StudyError: There is none.
    """
    row = connection.execute(sa.select(m.study).where(m.study.c.name == name)).mappings().first()
    if row is None:
        known = names(connection)
        if not known:
            raise StudyError(f"The store has no study yet. Open {name!r} first with: srbench mos open {name}")
        raise StudyError(unknown("study", name, known))
    values = {key: row[key] for key in ("id", "name", "state", "origin", "definition", "digest")}
    return StudyRecord(**values, settings=settings(row["settings"]))


def names(connection: sa.Connection) -> list[str]:
    """Return the names of all studies."""
    return list(connection.scalars(sa.select(m.study.c.name).order_by(m.study.c.name)))


@functools.lru_cache(maxsize=64)
def settings(text: str) -> Settings:
    """Return the settings that a row of `study` holds as JSON; every request of a rater needs them."""
    # A study that was frozen before it could say which devices it takes goes on to take all.
    found = {"screens": "any", **json.loads(text)}
    return Settings(**{**found, "asks": tuple(found.get("asks", ()))})


def events(connection: sa.Connection, name: str) -> list[Event]:
    """Return the log of a study, oldest first."""
    e = m.event.c
    query = (
        sa.select(e.at, m.rater.c.number, e.kind, e.detail)
        .outerjoin_from(m.event, m.rater, m.rater.c.id == e.rater_id)
        .where(e.study_id == find(connection, name).id)
        .order_by(e.id)
    )
    return [Event(*row) for row in connection.execute(query)]

"""How often each version was preferred to another one, kept beside the answers: to count them anew takes too long."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from srbench.mos.store import models as m
from srbench.mos.store.definitions import NO_PREFERENCE
from srbench.mos.store.revisions import last_score

_c, _t, _r, _first = m.tally.c, m.trial.c, m.rater.c, m.rating.c
_COLUMNS = {1: "first_wins", 2: "second_wins", NO_PREFERENCE: "ties"}
_READ = sa.select(_c.first, _c.second, _c.first_wins, _c.second_wins, _c.ties).where(
    _c.study_id == sa.bindparam("study")
)
_ORDERED = _READ.order_by(_c.first, _c.second)


def add(connection: sa.Connection, study: int, left: str, right: str, score: int, count: int = 1) -> None:
    """Count an answer; `count` is negative where it no longer holds.

    Args:
        connection: In a transaction that writes.
        study: Key of the study.
        left: Id of the left stimulus.
        right: Id of the right one.
        score: 1 left, 2 right, 3 no preference.
        count: How often.
    """
    if left > right:
        left, right = right, left
        score = score if score == NO_PREFERENCE else 3 - score
    column = _COLUMNS[score]
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    row = {"study_id": study, "first": left, "second": right, **dict.fromkeys(_COLUMNS.values(), 0), column: count}
    statement = insert(m.tally).values(row)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[_c.study_id, _c.first, _c.second], set_={column: _c[column] + count}
        )
    )


def read(connection: sa.Connection, study: int) -> tuple[tuple[str, str, int, int], ...]:
    """Return left and right stimulus, score, and how often it was given, in a fixed order."""
    return tuple(
        (first, second, score, count)
        for first, second, *counts in connection.execute(_ORDERED, {"study": study})
        for score, count in enumerate(counts, start=1)
        if count
    )


def rebuild(connection: sa.Connection, study: int) -> None:
    """Count all answers of a study anew, those of raters who were ended by checks left out.

    Nothing is done in a study that does not count its answers.
    """
    if connection.execute(_READ.limit(1), {"study": study}).first() is None:
        return
    connection.execute(sa.delete(m.tally).where(_c.study_id == study))
    last = last_score()
    score = sa.func.coalesce(last.c.score, _first.score)
    query = (
        sa.select(_t.stimulus_id, _t.other_id, score, sa.func.count())
        .join_from(m.rating, m.trial, _t.id == _first.trial_id)
        .join(m.rater, _r.id == _t.rater_id)
        .outerjoin(last, last.c.trial_id == _t.id)
        .where((_r.study_id == study) & (_t.attempt == 0) & (_t.purpose == "") & (_r.card != "checks-failed"))
        .group_by(_t.stimulus_id, _t.other_id, score)
    )
    for left, right, given, count in connection.execute(query).all():
        add(connection, study, left, right, given, count)

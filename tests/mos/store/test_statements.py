"""Statements that go by SQLAlchemy's execution: the same rows, the same transaction, nothing silently left out."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from srbench.mos.design import invitations, studyfile
from srbench.mos.design.study import StudyDesign
from srbench.mos.store import models as m
from srbench.mos.store.session import TrialView
from srbench.mos.store.statements import Statement
from srbench.mos.store.stores import Store

INSERT = Statement(sa.insert(m.event))
SELECT = sa.select(m.event.c.kind, m.event.c.at.label("time"), m.event.c.rater_id).order_by(m.event.c.kind)


def line(kind: str, at: float = 0.1) -> dict[str, object]:
    return {"kind": kind, "at": at, "detail": "ä'\"%"}


def test_rows_are_those_that_sqlalchemy_returns(store: Store) -> None:
    with store.database.write() as connection:
        INSERT.run(connection, line("one", 1 / 3))
        INSERT.run(connection, line("two", 1e9 + 1 / 3))
    with store.database.read() as connection:
        expected = [dict(row) for row in connection.execute(SELECT).mappings()]
        assert Statement(SELECT).rows(connection, {}) == expected
        assert expected[1] == {"kind": "two", "time": 1e9 + 1 / 3, "rater_id": None}
        assert connection.scalar(sa.select(m.event.c.detail).limit(1)) == "ä'\"%"
        first = Statement(SELECT.where(m.event.c.kind == sa.bindparam("kind")))
        assert first.first(connection, {"kind": "two"}) == expected[1]
        assert first.first(connection, {"kind": "three"}) is None


def test_an_update_sets_the_columns_that_it_is_given_and_no_others(store: Store) -> None:
    update = Statement(sa.update(m.event).where(m.event.c.kind == sa.bindparam("key")))
    with store.database.write() as connection:
        INSERT.run(connection, line("one"))
        INSERT.run(connection, line("two"))
        update.run(connection, {"key": "two", "detail": "new"})
        update.run(connection, {"key": "two", "at": 2.5})
        rows = connection.execute(sa.select(m.event.c.kind, m.event.c.at, m.event.c.detail).order_by("kind")).all()
    assert [tuple(row) for row in rows] == [("one", 0.1, "ä'\"%"), ("two", 2.5, "new")]


def test_constants_of_a_statement_are_bound_and_a_missing_value_is_an_error(store: Store) -> None:
    chosen = Statement(SELECT.where((m.event.c.kind == sa.bindparam("kind")) & (m.event.c.at > 1.5)))
    with store.database.write() as connection:
        INSERT.run(connection, line("one", 1.0))
        INSERT.run(connection, line("one", 2.0))
        assert [row["time"] for row in chosen.rows(connection, {"kind": "one"})] == [2.0]
    with pytest.raises(Exception, match="kind"), store.database.read() as connection:
        chosen.rows(connection, {})


def test_what_a_statement_wrote_is_undone_with_its_transaction_and_the_store_goes_on(store: Store) -> None:
    broken = Statement(sa.insert(m.rating))  # of a trial that does not exist

    def write() -> None:
        with store.database.write() as connection:
            INSERT.run(connection, line("undone"))
            broken.run(connection, {"trial_id": "0" * 32, "score": 3, "seconds": 1.0, "at": 0.0})

    with pytest.raises(Exception, match=r"(?i)foreign key"):
        write()
    with store.database.write() as connection:
        INSERT.run(connection, line("after"))
    with store.database.read() as connection:
        assert [row["kind"] for row in Statement(SELECT).rows(connection, {})] == ["after"]


def test_a_rating_takes_four_statements_and_one_commit(tmp_path: Path, tiny: StudyDesign) -> None:
    said: list[str] = []
    with contextlib.closing(Store.open(f"sqlite:///{tmp_path / 's.db'}")) as store:

        @sa.event.listens_for(store.database.engine, "checkout")
        def _listen(connection: Any, *_: object) -> None:
            connection.set_trace_callback(said.append)

        store.organiser.create_study(tiny.name, tiny.settings, tiny.stimuli, studyfile.write(tiny))
        token = invitations.invite(store.organiser, tiny.name, 1)[0].token
        rater = store.rater.rater_by_token(token)
        assert rater is not None
        due = store.rater.proceed(rater, "welcome")
        assert isinstance(due, TrialView)
        said.clear()
        store.rater.rate(rater, due.id, 3, 1.0)
    assert [text.split()[0] for text in said] == ["BEGIN", "SELECT", "SELECT", "INSERT", "UPDATE", "COMMIT"]

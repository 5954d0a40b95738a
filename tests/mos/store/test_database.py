from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from srbench.errors import StudyError
from srbench.mos.store import models
from srbench.mos.store.stores import Store


def test_the_migrated_tables_are_those_of_the_models(store: Store) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with store.database.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, models.metadata) == []
        assert context.get_current_revision() == models.HEAD


def test_several_servers_may_start_on_one_empty_database(store_url: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        stores = list(pool.map(lambda _: Store.open(store_url), range(6)))
    for each in stores:
        assert each.organiser.studies() == []
        each.close()


def test_a_database_of_a_newer_srbench_is_refused(store_url: str) -> None:
    with contextlib.closing(Store.open(store_url)) as store, store.database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StudyError, match="version 9999"):
        Store.open(store_url)


def test_sqlite_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    with contextlib.closing(Store.open(f"sqlite:///{tmp_path / 's.db'}")) as store, store.database.read() as connection:
        values = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert values == ["wal", 2, 1]


@pytest.mark.parametrize("url", ["nonsense", "mysql://x/y", "sqlite://", "postgresql://srbench@127.0.0.1:1/none"])
def test_an_unusable_address_is_one_clear_sentence(url: str) -> None:
    with pytest.raises(StudyError, match=r"database|store"):
        Store.open(url)


def test_a_database_of_the_first_version_is_brought_up_to_date_and_keeps_its_raters(store_url: str) -> None:
    from pathlib import Path

    from alembic import command
    from alembic.config import Config

    from srbench.mos.store import database

    url = sa.make_url(store_url)
    engine = sa.create_engine(
        url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url, poolclass=sa.NullPool
    )
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(database.__file__).parent / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        settings = '{"design": "acr", "pass_fraction": 0.9}'
        connection.execute(
            sa.text(
                "INSERT INTO study (name, state, origin, settings, definition, digest, created) "
                "VALUES ('old', 'open', 'study', :settings, '', '', 0)"
            ),
            {"settings": settings},
        )
        connection.execute(
            sa.text(
                "INSERT INTO rater (study_id, number, code, state, screen, attempt, position, session, trials, "
                "calibrations, pace, created) VALUES (1, 1, 'c0de', 'invited', 'welcome', 0, 1, 1, 6, 0, 0, 0)"
            )
        )
    engine.dispose()
    with Store.open(store_url) as store:
        assert [rater.code for rater in store.organiser.raters("old")] == ["c0de"]
        assert store.organiser.study("old").settings.screens == "any", "a frozen study goes on to take every device"
        with store.database.read() as connection:
            assert connection.scalar(sa.select(models.rater.c.card)) == "welcome"


def log_line(kind: str) -> Callable[[sa.Connection], str]:
    def work(connection: sa.Connection) -> str:
        connection.execute(sa.insert(models.event), {"at": 0.0, "kind": kind, "detail": ""})
        return kind

    return work


def kinds(store: Store) -> list[str]:
    with store.database.read() as connection:
        return list(connection.scalars(sa.select(models.event.c.kind).order_by(models.event.c.kind)))


def test_what_waits_together_is_committed_once_and_answered_after_that(tmp_path: Path) -> None:
    with contextlib.closing(Store.open(f"sqlite:///{tmp_path / 's.db'}")) as store:
        commits: list[int] = []
        sa.event.listen(store.database.engine, "commit", lambda _: commits.append(1))
        with store.database.write():  # everybody else has to wait
            waiting = [store.database.share(log_line(f"kind{n:02d}")) for n in range(20)]
            assert not any(future.done() for future in waiting)
        assert [future.result(20) for future in waiting] == [f"kind{n:02d}" for n in range(20)]
        assert len(commits) <= 3  # ours, that of the first who came, and that of all others
        assert kinds(store) == [f"kind{n:02d}" for n in range(20)]


def test_work_that_fails_undoes_its_own_writes_and_nothing_of_others(store: Store) -> None:
    def fail(connection: sa.Connection) -> None:
        log_line("undone")(connection)
        raise ValueError("broken")

    def refuse(connection: sa.Connection) -> StudyError:
        log_line("kept")(connection)
        return StudyError("refused")

    with store.database.write():
        works = [log_line("first"), fail, refuse, log_line("last")]
        futures = [store.database.share(work) for work in works]
    assert futures[0].result(20) == "first"
    assert futures[3].result(20) == "last"
    with pytest.raises(ValueError, match="broken"):
        futures[1].result(20)
    with pytest.raises(StudyError, match="refused"):
        futures[2].result(20)
    assert kinds(store) == ["first", "kept", "last"]


def test_a_commit_that_fails_is_told_and_undone_and_the_next_one_succeeds(tmp_path: Path) -> None:
    def fail_at_commit(connection: sa.Connection) -> str:
        log_line("undone")(connection)
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")  # looked at by COMMIT, which SQLite lets be repeated
        connection.execute(sa.insert(models.rating), {"trial_id": "none", "score": 3, "seconds": 1.0, "at": 0.0})
        return "acknowledged"

    with contextlib.closing(Store.open(f"sqlite:///{tmp_path / 's.db'}")) as store:
        assert store.database.share(log_line("first")).result(20) == "first"
        with pytest.raises(sa.exc.IntegrityError, match="FOREIGN KEY"):
            store.database.share(fail_at_commit).result(20)
        assert store.database.share(log_line("last")).result(20) == "last"
        assert kinds(store) == ["first", "last"]


def test_a_database_that_cannot_be_reached_is_told_to_who_asked_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> sa.Connection:
        raise OSError("too many open files")

    with contextlib.closing(Store.open(f"sqlite:///{tmp_path / 's.db'}")) as store:
        with monkeypatch.context() as patch:
            patch.setattr(store.database.engine, "connect", refuse)
            with pytest.raises(OSError, match="too many"):
                store.database.share(log_line("lost")).result(20)
        assert store.database.share(log_line("stored")).result(20) == "stored"
        assert kinds(store) == ["stored"]


def test_who_waits_to_write_keeps_no_reader_out(tmp_path: Path) -> None:
    with contextlib.closing(Store.open(f"sqlite:///{tmp_path / 's.db'}")) as store, ThreadPoolExecutor(60) as pool:

        def write(number: int) -> str:
            with store.database.write() as connection:
                return log_line(f"kind{number:02d}")(connection)

        with store.database.write():
            waiting = [pool.submit(write, number) for number in range(60)]  # more than there are connections
            with store.database.read() as connection:
                assert connection.scalar(sa.select(sa.func.count()).select_from(models.event)) == 0
        assert len({future.result(30) for future in waiting}) == 60


def test_work_of_many_threads_is_done_once_each_and_closing_waits_for_it(store_url: str) -> None:
    store = Store.open(store_url)
    with ThreadPoolExecutor(8) as pool:
        futures = list(pool.map(lambda n: store.database.share(log_line(f"kind{n:03d}")), range(100)))
    store.close()
    assert all(future.done() for future in futures)
    with contextlib.closing(Store.open(store_url)) as again:
        assert kinds(again) == [f"kind{n:03d}" for n in range(100)]

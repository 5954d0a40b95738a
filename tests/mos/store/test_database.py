from __future__ import annotations

import contextlib
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

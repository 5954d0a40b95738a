"""A connection to SQLite or PostgreSQL whose transactions neither lose nor block what raters send."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from srbench.errors import StudyError
from srbench.mos.store.models import HEAD

BUSY_SECONDS = 30
_MIGRATION_LOCK = 0x53524245  # any number that nothing else in a shared PostgreSQL locks


class Database:
    """An engine with one way to read and one way to write.

    SQLite is opened with WAL and synchronous=FULL, so a commit is on the disk when `write` returns, and every
    write begins IMMEDIATE: a deferred one fails with 'locked' when another writer was faster. Writers of one
    process queue on a lock, because SQLite's own waiting sleeps in steps of up to 100 ms.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        self._queue = threading.Lock() if engine.dialect.name == "sqlite" else None

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Yield a connection in a transaction that sees one state of the database and changes nothing."""
        with self.engine.connect().execution_options(srbench_read=True) as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """Yield a connection in a transaction; it is committed, to the disk, when the block ends."""
        if self._queue is None:
            with self.engine.begin() as connection:
                yield connection
            return
        with self._queue, self.engine.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def connect(url: str) -> Database:
    """Open the database at `url` (`sqlite:///file.db`, `postgresql://user@host/name`) and bring it up to date.

    Raises:
        StudyError: The address is malformed, nothing answers there, or a newer srbench wrote the database.
    """
    try:
        address = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise StudyError(
            f"Cannot read the database address {url!r}: expected sqlite:///FILE or postgresql://USER@HOST/NAME."
        ) from None
    if address.drivername in {"postgresql", "postgres"}:
        address = address.set(drivername="postgresql+psycopg")
    if address.drivername not in {"sqlite", "sqlite+pysqlite", "postgresql+psycopg"}:
        raise StudyError(f"The store runs on sqlite and postgresql, not on {address.drivername!r}.")
    engine = _sqlite(address) if address.drivername.startswith("sqlite") else _postgresql(address)
    database = Database(engine)
    try:
        _migrate(database)
    except BaseException as error:
        database.close()
        if not isinstance(error, sa.exc.DBAPIError):
            raise
        raise StudyError(
            f"Cannot use the database {address.render_as_string(hide_password=True)}: "
            f"{' '.join(str(error.orig).split())}. Check that the address is right and the server runs."
        ) from None
    return database


def _sqlite(address: sa.URL) -> sa.Engine:
    if not address.database or address.database == ":memory:":
        raise StudyError("The store needs a database file, as in sqlite:///study.db: memory forgets ratings.")
    Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(address, connect_args={"timeout": BUSY_SECONDS}, pool_size=8, max_overflow=32)

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # sqlite3 must not begin on its own: `_begin` does
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        only_reads = connection.get_execution_options().get("srbench_read", False)
        connection.exec_driver_sql("BEGIN" if only_reads else "BEGIN IMMEDIATE")

    return engine


def _postgresql(address: sa.URL) -> sa.Engine:
    return sa.create_engine(address, pool_size=8, max_overflow=16, pool_pre_ping=True)


def _migrate(database: Database) -> None:
    with database.read() as connection:
        if _version(connection) == HEAD:
            return
    with database.write() as connection:
        if connection.dialect.name == "postgresql":  # two servers may start on an empty database at once
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
        found = _version(connection)
        if found == HEAD:
            return
        _upgrade(connection, found)


def _version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _upgrade(connection: sa.Connection, found: str | None) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    # Alembic reads `%` in options as interpolation, and a folder's name may hold one.
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError:
        raise StudyError(
            f"The database has version {found}, which this srbench does not know (its newest is {HEAD}). "
            "Update srbench."
        ) from None

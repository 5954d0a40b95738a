"""A connection to SQLite or PostgreSQL whose transactions neither lose nor block what raters send."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import sqlalchemy as sa

from srbench.errors import StudyError
from srbench.mos.store.models import HEAD

T = TypeVar("T")

BUSY_SECONDS = 30
_LARGEST_BATCH = 256
_CONNECTIONS = 8  # kept open to PostgreSQL

Work: TypeAlias = Callable[[sa.Connection], Any]
Job: TypeAlias = tuple[Work, "Future[Any]"]
Write: TypeAlias = Callable[[], AbstractContextManager[sa.Connection]]
WriteBy: TypeAlias = Callable[[sa.Connection], AbstractContextManager[sa.Connection]]
_MIGRATION_LOCK = 0x53524245  # any number that nothing else in a shared PostgreSQL locks


class Database:
    """An engine with one way to read and two ways to write.

    SQLite is opened with WAL and synchronous=FULL, so a commit is on the disk when `write` returns, and every
    write begins IMMEDIATE: a deferred one fails with 'locked' when another writer was faster. Writers of one
    process queue on a lock, because SQLite's own waiting sleeps in steps of up to 100 ms.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine
        alone = engine.dialect.name == "sqlite"
        self._begins = alone  # sqlite3 must not begin on its own: a transaction says what it is for
        self._queue: AbstractContextManager[object] = threading.Lock() if alone else nullcontext()
        # PostgreSQL itself writes commits of several connections to the disk together.
        self._shared = Batches(engine, self._write_by) if alone else Connections(self.write)

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Yield a connection in a transaction that sees one state of the database and changes nothing."""
        with self.engine.begin() as connection:
            if self._begins:
                _begin(connection, "BEGIN")
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """Yield a connection in a transaction; it is committed, to the disk, when the block ends."""
        with self._queue, self.engine.connect() as connection, self._transaction(connection):
            yield connection

    @contextmanager
    def _write_by(self, connection: sa.Connection) -> Iterator[sa.Connection]:
        with self._queue, self._transaction(connection):
            yield connection

    @contextmanager
    def _transaction(self, connection: sa.Connection) -> Iterator[None]:
        with connection.begin():
            if self._begins:
                _begin(connection, "BEGIN IMMEDIATE")
            yield

    def share(self, work: Callable[[sa.Connection], T | Exception]) -> Future[T]:
        """Do `work` in a transaction that it may share with what others ask for meanwhile.

        What reaches the disk takes much longer than what is written: all that waits for it goes together.

        Args:
            work: Reads and writes, and returns the answer, or an exception to be raised to who asked. It may be done
                twice, the first time without effect, and must change nothing but the database.

        Returns:
            The answer, once it is on the disk. What `work` raises undoes what it wrote, and nothing of others.
        """
        future: Future[T] = Future()
        self._shared.add(work, future)
        return future

    def close(self) -> None:
        """Finish what was asked for and close all connections."""
        self._shared.close()
        self.engine.dispose()


def _begin(connection: sa.Connection, statement: str) -> None:
    driver: Any = connection.connection.driver_connection
    if driver.in_transaction:  # what a commit left behind that failed, as on a full disk
        driver.rollback()
    driver.execute(statement)


class Connections:
    """Work in transactions of its own, some at a time."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._threads = ThreadPoolExecutor(_CONNECTIONS, "srbench-writer")

    def add(self, work: Work, future: Future[Any]) -> None:
        """Begin as soon as one of the connections is free."""
        self._threads.submit(_commit, self._write, [(work, future)])

    def close(self) -> None:
        """Finish what was asked for."""
        self._threads.shutdown()


class Batches:
    """Work in one thread and one transaction after the other, each with all that came during the one before.

    All of them are of one connection: SQLite forgets the pages that it has read once another connection writes.
    """

    def __init__(self, engine: sa.Engine, write_by: WriteBy) -> None:
        self._engine = engine
        self._write_by = write_by
        self._connection: sa.Connection | None = None
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def add(self, work: Work, future: Future[Any]) -> None:
        """Let the next transaction do it."""
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="srbench-writer", daemon=True)
                self._thread.start()
            self._jobs.put((work, future))

    def close(self) -> None:
        """Finish what was asked for."""
        with self._starting:
            thread, self._thread = self._thread, None
            if thread is not None:
                self._jobs.put(None)
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        ending = False
        while not ending:
            found = self._waiting()
            ending = None in found
            jobs = [job for job in found if job is not None]
            if len(jobs) > 1 and _commit(self._write, jobs):
                continue
            for job in jobs:  # one that fails must not take the others with it
                _commit(self._write, [job])
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _write(self) -> Iterator[sa.Connection]:
        if self._connection is None:
            self._connection = self._engine.connect()
        with self._write_by(self._connection) as connection:
            yield connection

    def _waiting(self) -> list[Job | None]:
        """Wait for a job; return it with all that came meanwhile."""
        found = [self._jobs.get()]
        with suppress(queue.Empty):
            while len(found) < _LARGEST_BATCH:
                found.append(self._jobs.get_nowait())
        return found


def _commit(write: Write, jobs: Sequence[Job]) -> bool:
    """Do `jobs` in one transaction, and tell who asked; where one of several fails nothing is done or told."""
    try:
        with write() as connection:
            answers = [work(connection) for work, _ in jobs]
    except BaseException as error:
        if len(jobs) == 1 and jobs[0][1].set_running_or_notify_cancel():
            jobs[0][1].set_exception(error)
        return False
    for (_, future), answer in zip(jobs, answers, strict=True):
        if not future.set_running_or_notify_cancel():
            continue  # who asked is gone; what was committed stays, and the page asks again
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)
    return True


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
    # The connection that was used last knows most pages: the others rest.
    pool: dict[str, Any] = {"pool_size": 8, "max_overflow": 32, "pool_use_lifo": True}
    engine = sa.create_engine(address, connect_args={"timeout": BUSY_SECONDS}, **pool)

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # sqlite3 must not begin on its own: `Database` does
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def _postgresql(address: sa.URL) -> sa.Engine:
    return sa.create_engine(address, pool_size=_CONNECTIONS, max_overflow=16, pool_pre_ping=True)


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

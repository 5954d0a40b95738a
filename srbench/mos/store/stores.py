"""The store of studies: one database, and a side of it for each who writes or reads."""

from __future__ import annotations

from types import TracebackType

from srbench.mos.store.analyst import AnalystStore
from srbench.mos.store.database import Database, connect
from srbench.mos.store.entrances import EntranceStore
from srbench.mos.store.organiser import OrganiserStore
from srbench.mos.store.rater import RaterStore


class Store:
    """Raters, trials and ratings in one database; safe to share between threads, processes and machines.

    Attributes:
        rater: Requests of raters.
        organiser: Studies, invitations, progress, the log.
        entrances: Open links, and who came by them.
        analyst: Ratings as tables; reads only.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self.rater = RaterStore(database)
        self.organiser = OrganiserStore(database)
        self.entrances = EntranceStore(database)
        self.analyst = AnalystStore(database)

    @classmethod
    def open(cls, url: str) -> Store:
        """Open the store at `url`, for example `sqlite:///study.db`, and create or migrate its tables.

        Raises:
            StudyError: The database cannot be used.
        """
        return cls(connect(url))

    def close(self) -> None:
        """Close all connections."""
        self.database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

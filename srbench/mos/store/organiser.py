"""The organiser's side of the store: studies, raters and their links in; progress and the log out; never a score."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Literal

import sqlalchemy as sa

from srbench.errors import StudyError
from srbench.mos.store import enrolment, studies
from srbench.mos.store import models as m
from srbench.mos.store.database import Database
from srbench.mos.store.definitions import SYNTHETIC, ScheduledTrial, Settings, Stimulus, StudyRecord
from srbench.mos.store.events import log
from srbench.mos.store.links import new_token, token_hash
from srbench.mos.store.rows import Event, RaterStatus, StudyStatus
from srbench.mos.store.session import ENDINGS
from srbench.mos.store.trials import progress
from srbench.mos.store.withdrawal import erase


class OrganiserStore:
    """What the organiser of studies changes and watches."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create_study(
        self,
        name: str,
        settings: Settings,
        stimuli: Sequence[Stimulus],
        definition: str = "",
        origin: Literal["study", "imported", "synthetic"] = "study",
    ) -> StudyRecord:
        """Store a study; one of our own is open for raters, others are closed.

        Raises:
            StudyError: A study of this name is there already, or the name hides or pretends a simulation.
        """
        if (origin == "synthetic") != name.startswith(SYNTHETIC):
            raise StudyError(f"Names of synthetic studies, and only they, begin with '{SYNTHETIC}'; got {name!r}.")
        row = {
            "name": name,
            "state": "open" if origin == "study" else "closed",
            "origin": origin,
            "settings": json.dumps(asdict(settings)),
            "definition": definition,
            "digest": hashlib.sha256(definition.encode()).hexdigest(),
            "created": time.time(),
        }
        with self._database.write() as connection:
            if name in studies.names(connection):
                raise StudyError(f"The store has a study {name!r} already. Choose another name or database.")
            key = connection.execute(sa.insert(m.study).returning(m.study.c.id), row).scalar_one()
            if stimuli:
                connection.execute(sa.insert(m.stimulus), [{"study_id": key, **asdict(s)} for s in stimuli])
            return studies.find(connection, name)

    def study(self, name: str) -> StudyRecord:
        """Return the study of this name.

        Raises:
            StudyError: There is none.
        """
        with self._database.read() as connection:
            return studies.find(connection, name)

    def studies(self) -> list[str]:
        """Return the names of all studies."""
        with self._database.read() as connection:
            return studies.names(connection)

    def stimuli(self, study: str) -> list[Stimulus]:
        """Return all pictures of a study."""
        columns = [column for column in m.stimulus.c if column.name != "study_id"]
        with self._database.read() as connection:
            mine = m.stimulus.c.study_id == studies.find(connection, study).id
            query = sa.select(*columns).where(mine).order_by(m.stimulus.c.id)
            return [Stimulus(**row) for row in connection.execute(query).mappings()]

    def set_state(self, study: str, state: Literal["open", "paused", "closed"]) -> None:
        """Open, pause or close a study; a closed one stays closed.

        Raises:
            StudyError: The study is unknown, or closed and meant to be opened again.
        """
        with self._database.write() as connection:
            record = studies.find(connection, study)
            if record.state == "closed" and state != "closed":
                raise StudyError(f"Study {study!r} was closed for good. Start a new study instead.")
            connection.execute(sa.update(m.study).where(m.study.c.id == record.id).values(state=state))
            log(connection, record.id, None, state)

    def next_number(self, study: str) -> int:
        """Return the number of the next rater who will be invited, from 1."""
        return self.next_place(study)[0]

    def next_place(self, study: str) -> tuple[int, int]:
        """Return the number of the next rater, and the block of trials: one that a rater left behind, else a new one.

        Raises:
            StudyError: The study is unknown.
        """
        with self._database.read() as connection:
            return enrolment.next_place(connection, studies.find(connection, study).id, time.time())

    def block_of(self, study: str, number: int) -> int:
        """Return the block of trials that a rater has.

        Raises:
            StudyError: There is no such rater.
        """
        with self._database.read() as connection:
            _, key = self._rater(connection, study, number)
            return int(connection.scalar(sa.select(m.rater.c.block).where(m.rater.c.id == key)) or number)

    def add_rater(
        self,
        study: str,
        number: int,
        trials: Iterable[ScheduledTrial],
        label: str | None = None,
        block: int | None = None,
    ) -> str:
        """Store a rater with all trials, and return the token of the link, which is kept nowhere.

        `block` is the rater's part of an incomplete design; default: the one of the number.

        Raises:
            StudyError: The study is closed or has a rater of that number.
        """
        token, scheduled = new_token(), list(trials)
        with self._database.write() as connection:
            record = studies.find(connection, study)
            if record.state == "closed":
                raise StudyError(f"Study {study!r} is closed: nobody can be invited any more.")
            enrolment.insert(connection, record, number, token, scheduled, label=label, block=block or number)
        return token

    def reschedule(self, study: str, number: int, trials: Iterable[ScheduledTrial], why: str) -> bool:
        """Give a rater who has not begun other trials; `why` goes to the log.

        Returns:
            False when the rater has begun: then everything stays as it is.

        Raises:
            StudyError: There is no such rater.
        """
        scheduled = list(trials)
        with self._database.write() as connection:
            record, key = self._rater(connection, study, number)
            state = connection.scalar(sa.select(m.rater.c.state).where(m.rater.c.id == key).with_for_update())
            if state != "invited":
                return False
            connection.execute(sa.delete(m.trial).where(m.trial.c.rater_id == key))
            enrolment.add_trials(connection, key, scheduled)
            changed = enrolment.counts(scheduled, record.settings)
            connection.execute(sa.update(m.rater).where(m.rater.c.id == key).values(**changed))
            log(connection, record.id, key, "rescheduled", why)
        return True

    def renew_link(self, study: str, number: int) -> str:
        """Return a new token for a rater who goes on at the same place; the old link stops working at once.

        Raises:
            StudyError: There is no such rater.
        """
        token = new_token()
        self._set_token(study, number, token_hash(token), "link-renewed")
        return token

    def revoke_link(self, study: str, number: int) -> None:
        """Make the link of a rater useless until it is renewed; what was rated stays.

        Raises:
            StudyError: There is no such rater.
        """
        self._set_token(study, number, None, "link-revoked")

    def close_rater(self, study: str, number: int) -> None:
        """End the participation of one rater; what was rated stays.

        Raises:
            StudyError: There is no such rater.
        """
        with self._database.write() as connection:
            record, key = self._rater(connection, study, number)
            connection.execute(sa.update(m.rater).where(m.rater.c.id == key).values(state="closed"))
            log(connection, record.id, key, "rater-closed")

    def withdraw_rater(self, study: str, number: int) -> None:
        """Delete everything that a rater gave; number, code and time of invitation stay as a tombstone.

        Raises:
            StudyError: There is no such rater.
        """
        with self._database.write() as connection:
            record, key = self._rater(connection, study, number)
            erase(connection, record.id, key)

    def raters(self, study: str) -> list[RaterStatus]:
        """Return how far each rater is, by number."""
        latest = sa.select(sa.func.max(m.visit.c.id)).group_by(m.visit.c.rater_id)
        query = (
            sa.select(m.rater, m.visit.c.device, m.visit.c.room_width, m.visit.c.room_height)
            .outerjoin_from(m.rater, m.visit, (m.visit.c.rater_id == m.rater.c.id) & m.visit.c.id.in_(latest))
            .order_by(m.rater.c.number)
        )
        with self._database.read() as connection:
            record = studies.find(connection, study)
            rows = connection.execute(query.where(m.rater.c.study_id == record.id)).mappings().all()
        return [
            RaterStatus(
                row["number"], row["code"], row["label"], _state(row),
                row["position"] - 1 if row["attempt"] == 0 else 0, row["trials"], row["last_rated"],
                _screen(row), _seconds_left(row, record),
            )
            for row in rows
        ]  # fmt: skip

    def events(self, study: str) -> list[Event]:
        """Return the log of a study, oldest first."""
        with self._database.read() as connection:
            return studies.events(connection, study)

    def status(self, study: str) -> StudyStatus:
        """Return how far a study is. It holds no score."""
        return StudyStatus(self.study(study), tuple(self.raters(study)), tuple(self.events(study)))

    def log_look(self, study: str, detail: str) -> None:
        """Log as `peeked` that somebody sees or takes away scores, unless the study is closed and gets no more."""
        with self._database.write() as connection:
            record = studies.find(connection, study)
            if record.state != "closed":
                log(connection, record.id, None, "peeked", detail)

    def log_event(self, study: str, kind: str, detail: str = "") -> None:
        """Log what the organiser did that changes nothing, such as `exported`."""
        with self._database.write() as connection:
            log(connection, studies.find(connection, study).id, None, kind, detail)

    def _rater(self, connection: sa.Connection, study: str, number: int) -> tuple[StudyRecord, int]:
        record = studies.find(connection, study)
        whom = (m.rater.c.study_id == record.id) & (m.rater.c.number == number)
        key = connection.scalar(sa.select(m.rater.c.id).where(whom))
        if key is None:
            raise StudyError(f"Study {study!r} has no rater {number}.")
        return record, key

    def _set_token(self, study: str, number: int, value: str | None, kind: str) -> None:
        with self._database.write() as connection:
            record, key = self._rater(connection, study, number)
            connection.execute(sa.update(m.rater).where(m.rater.c.id == key).values(token_hash=value))
            log(connection, record.id, key, kind)


def _state(row: sa.RowMapping) -> str:
    """Return the state of a rater; one who took no part or takes none any more says why."""
    return str(row["card"]) if row["card"] in ENDINGS else str(row["state"])


def _seconds_left(row: sa.RowMapping, record: StudyRecord) -> float:
    going_on = row["state"] in ("invited", "calibration", "rating") and record.state != "closed"
    return progress(dict(row), record.settings).seconds_left if going_on else 0.0


def _screen(row: sa.RowMapping) -> str:
    return f"{row['device']}, room for {row['room_width']} x {row['room_height']}" if row["device"] else ""

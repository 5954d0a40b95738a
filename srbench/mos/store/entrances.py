"""Open links: who comes by one becomes a rater while there are places, and comes back to the same place."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import sqlalchemy as sa

from srbench.errors import StudyError, unknown
from srbench.mos.store import enrolment, studies
from srbench.mos.store import models as m
from srbench.mos.store.database import Database
from srbench.mos.store.definitions import ScheduledTrial
from srbench.mos.store.events import log
from srbench.mos.store.links import new_token, token_hash
from srbench.mos.store.session import ENDINGS

Panel: TypeAlias = Literal["none", "prolific", "mturk", "sona"]

PARTICIPANT: dict[str, str] = {"none": "", "prolific": "PROLIFIC_PID", "mturk": "workerId", "sona": "id"}
"""What each panel calls the parameter of the address that says who comes; empty where nobody says it."""

_TRIES = 50
_LONGEST_CODE = 300
_BEGUN = ("invited", "calibration", "rating")


@dataclass(frozen=True, slots=True)
class Entrance:
    """An open link to a study, without the token that is in it.

    Attributes:
        panel: Who sends the raters.
        quota: How many may finish.
        minutes: Time from entering to the end, after which a place is free again; 0 for any time.
        completed: The panel's code, or the address to return to, for raters who finished; empty for none.
        screened_out: Likewise for raters whose device the study does not take.
        failed: Likewise for raters who failed the practice.
    """

    panel: Panel = "none"
    quota: int = 1
    minutes: float = 0.0
    completed: str = ""
    screened_out: str = ""
    failed: str = ""

    def __post_init__(self) -> None:
        if self.panel not in PARTICIPANT:
            raise StudyError(unknown("panel", self.panel, PARTICIPANT))
        if self.quota < 1 or self.minutes < 0:
            raise StudyError(f"Expected a quota from 1 and minutes from 0, got {self.quota} and {self.minutes:g}.")
        for code in (self.completed, self.screened_out, self.failed):
            scheme, sign, _ = code.partition("://")
            if len(code) > _LONGEST_CODE or not code.isprintable() or (sign and scheme != "https"):
                raise StudyError(
                    f"Expected a code or an https address of at most {_LONGEST_CODE} characters, got {code[:80]!r}."
                )


@dataclass(frozen=True, slots=True)
class Door:
    """An entrance as the server finds it by the token in a link."""

    key: int
    study_id: int
    study: str
    entrance: Entrance


@dataclass(frozen=True, slots=True)
class Place:
    """A rater who came by an entrance, for the panel: paid or not.

    Attributes:
        participant: Keyed hash of what the panel calls the rater; None without a panel, and after a withdrawal.
        outcome: `completed`, `failed` (the practice), `screened-out`, `checks-failed`, `timed-out`, `declined` (the
            consent), `withdrawn`, `closed` (by the organiser) or `going-on`.
    """

    number: int
    code: str
    participant: str | None
    panel: str
    outcome: str
    rated: int
    entered: float
    last_rated: float | None


class EntranceStore:
    """Makes open links, lets raters in by them, and tells who took part."""

    clock: Callable[[], float] = staticmethod(time.time)

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, study: str, entrance: Entrance) -> str:
        """Store an entrance and return the token of its link, which is kept nowhere.

        Raises:
            StudyError: The study is unknown or closed.
        """
        token, e = new_token(), entrance
        with self._database.write() as connection:
            record = studies.find(connection, study)
            if record.state == "closed":
                raise StudyError(f"Study {study!r} is closed: nobody can be let in any more.")
            row = {
                "study_id": record.id, "token_hash": token_hash(token), "panel": e.panel, "quota": e.quota,
                "minutes": e.minutes, "completed": e.completed, "screened_out": e.screened_out, "failed": e.failed,
                "created": self.clock(),
            }  # fmt: skip
            connection.execute(sa.insert(m.entrance), row)
            log(connection, record.id, None, "open-link", f"{e.panel}, quota {e.quota}")
        return token

    def find(self, token: str) -> Door | None:
        """Return the entrance whose link holds `token`, or None."""
        c = m.entrance.c
        query = sa.select(m.entrance, m.study.c.name).join(m.study).where(c.token_hash == token_hash(token))
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            return None
        fields = ("panel", "quota", "minutes", "completed", "screened_out", "failed")
        return Door(row["id"], row["study_id"], row["name"], Entrance(**{name: row[name] for name in fields}))

    def came_by(self, rater: int) -> int | None:
        """Return the key of the entrance that a rater came by, or None for a personal invitation."""
        with self._database.read() as connection:
            return connection.scalar(sa.select(m.rater.c.entrance_id).where(m.rater.c.id == rater))

    def enter(
        self, door: Door, participant: str | None, plan: Callable[[int, int], Sequence[ScheduledTrial]]
    ) -> str | None:
        """Return the token of a rater: a new one, or the one who came as `participant` before.

        Args:
            door: The entrance.
            participant: Keyed hash of what the panel calls this rater, or None.
            plan: Returns the schedule of the rater of a number and a block; it is asked outside of any transaction.

        Returns:
            None when all places are taken or the study takes nobody now.

        Raises:
            StudyError: The schedule cannot be made.
        """
        for _ in range(_TRIES):  # another may have taken the number meanwhile
            with self._database.read() as connection:
                number, block = found = self._next_place(connection, door)
            trials = plan(number, block)
            with self._database.write() as connection:
                if (token := self._again(connection, door, participant)) is not None:
                    return token
                self._lock(connection, door)
                if not self._has_place(connection, door):
                    log(connection, door.study_id, None, "full", f"quota {door.entrance.quota}")
                    return None
                if self._next_place(connection, door) != found:
                    continue
                token = new_token()
                more = {"entrance_id": door.key, "participant": participant, "block": block, "created": self.clock()}
                record = studies.find(connection, door.study)
                enrolment.insert(connection, record, number, token, trials, **more)
                return token
        raise StudyError("Too many raters came at once. Try again.")

    def places(self, study: str) -> list[Place]:
        """Return everybody who came by an open link, by number.

        Raises:
            StudyError: The study is unknown.
        """
        refused = sa.select(m.event.c.rater_id).where(
            m.event.c.kind.in_(("device-not-allowed", "screen-too-small")) & m.event.c.rater_id.is_not(None)
        )
        query = (
            sa.select(m.rater, m.entrance.c.panel, m.entrance.c.minutes, m.rater.c.id.in_(refused).label("refused"))
            .join(m.entrance, m.entrance.c.id == m.rater.c.entrance_id)
            .order_by(m.rater.c.number)
        )
        with self._database.read() as connection:
            mine = m.rater.c.study_id == studies.find(connection, study).id
            rows = connection.execute(query.where(mine)).mappings().all()
        now = self.clock()
        return [
            Place(
                row["number"], row["code"], row["participant"], row["panel"], _outcome(row, now),
                row["position"] - 1 if row["attempt"] == 0 else 0, row["created"], row["last_rated"],
            )
            for row in rows
        ]  # fmt: skip

    def _again(self, connection: sa.Connection, door: Door, participant: str | None) -> str | None:
        if participant is None:
            return None
        who = (m.rater.c.study_id == door.study_id) & (m.rater.c.participant == participant)
        key = connection.scalar(sa.select(m.rater.c.id).where(who))
        if key is None:
            return None
        token = new_token()
        connection.execute(sa.update(m.rater).where(m.rater.c.id == key).values(token_hash=token_hash(token)))
        log(connection, door.study_id, key, "entered-again")
        return token

    def _lock(self, connection: sa.Connection, door: Door) -> None:
        # Two who come at once must not take the last place both, nor one number.
        connection.execute(sa.select(m.study.c.id).where(m.study.c.id == door.study_id).with_for_update())

    def _has_place(self, connection: sa.Connection, door: Door) -> bool:
        if connection.scalar(sa.select(m.study.c.state).where(m.study.c.id == door.study_id)) != "open":
            return False
        r, limit = m.rater.c, door.entrance.minutes
        going_on = r.state.in_(_BEGUN) & (r.created > (self.clock() - 60 * limit if limit else 0))
        taken = sa.select(sa.func.count()).where((r.entrance_id == door.key) & ((r.state == "finished") | going_on))
        return int(connection.scalar(taken) or 0) < door.entrance.quota

    def _next_place(self, connection: sa.Connection, door: Door) -> tuple[int, int]:
        return enrolment.next_place(connection, door.study_id, self.clock())


def is_over(row: Any, now: float) -> bool:
    """Return whether the time of a rater is over: `row` has `state`, `created` and the entrance's `minutes`."""
    return bool(row["minutes"]) and row["state"] in _BEGUN and now - row["created"] > 60 * row["minutes"]


def _outcome(row: sa.RowMapping, now: float) -> str:
    if row["card"] in ENDINGS:
        return str(row["card"])
    if row["state"] in ("failed", "closed"):
        return str(row["state"])
    if row["state"] == "finished":
        return "going-on" if row["card"] else "completed"  # questions are still open
    if row["state"] == "invited" and row["refused"]:
        return "screened-out"
    return "timed-out" if is_over(row, now) else "going-on"

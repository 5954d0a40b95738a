"""The rater's side of the store: what is due now, and ratings that are on the disk before they are answered."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, Literal

import sqlalchemy as sa

from srbench.errors import StudyError
from srbench.mos.store import models as m
from srbench.mos.store.database import connect
from srbench.mos.store.organiser import Records, load_settings, log, token_hash
from srbench.mos.store.views import (
    Feedback,
    Picture,
    Progress,
    Rater,
    Receipt,
    Refused,
    Screen,
    ScreenKind,
    Settings,
    TrialView,
)

IDLE_SECONDS = 300.0
"""A pause this long is a break, whether one was offered or not."""

_PACE_CAP = 60.0  # a rater who fetched coffee during a trial has not become slower
_PACE_PRIOR = 20  # trials by which the planned time is weighed against the rater's own

_Row = sa.RowMapping


class Store(Records):
    """Raters, trials and ratings in one database; safe to share between threads, processes and machines.

    Every request names the `Rater` who makes it, as `rater_by_token` returned it, so that no trial id alone
    reads or writes anything. A rater works through `next` -> `TrialView` -> `rate`, or `next` -> `Screen` ->
    `proceed`. Refused requests raise `Refused` and are logged.
    """

    clock: Callable[[], float] = staticmethod(time.time)

    @classmethod
    def open(cls, url: str) -> Store:
        """Open the store at `url`, for example `sqlite:///study.db`, and create or migrate its tables.

        Raises:
            StudyError: The database cannot be used.
        """
        return cls(connect(url).engine)

    def rater_by_token(self, token: str) -> Rater | None:
        """Return the rater whose link holds `token`, or None."""
        r = m.rater.c
        query = sa.select(r.id, r.study_id, m.study.c.name, r.number).join(m.study)
        with self.read() as connection:
            row = connection.execute(query.where(r.token_hash == token_hash(token))).first()
        return None if row is None else Rater(*row)

    def next_trial(self, rater: Rater) -> TrialView | Screen:
        """Return what this rater sees now; asking again changes nothing."""
        with self.read() as connection:
            return self._next(connection, _rater_row(connection, rater))

    def pictures(self, rater: Rater, trial_id: str) -> tuple[Picture, ...]:
        """Return the pictures of a trial that this rater may see now.

        Raises:
            Refused: It is another's trial, or not the one that is due.
        """
        due = self.next_trial(rater)
        if isinstance(due, TrialView) and due.id == trial_id:
            return due.pictures
        self.log_refusal(rater, "not-due", f"picture of {trial_id}")
        raise Refused("not-due", "This picture is not due. Reload the page.")

    def proceed(self, rater: Rater, kind: str) -> TrialView | Screen:
        """Leave the screen `kind` (welcome, calibration result, break) and return what comes next.

        When another screen or a trial is due by now, nothing changes, so that a doubled request does no harm.
        """
        with self.write() as connection:
            row = _rater_row(connection, rater, lock=True)
            due = self._next(connection, row)
            if isinstance(due, TrialView) or due.kind != kind or not due.can_proceed:
                return due
            values: dict[str, Any] = {"screen": ""}
            if kind == "welcome":
                values["state"] = "calibration" if row["attempt"] else "rating"
            if kind == "break":
                session = connection.scalar(sa.select(m.trial.c.session).where(_due(row)))
                values |= {"session": session, "session_started": None}
            _update(connection, rater, values)
            log(connection, rater.study_id, rater.id, f"left-{kind}")
            return self._next(connection, _rater_row(connection, rater))

    def rate(self, rater: Rater, trial_id: str, score: int, seconds: float, revision: int = 0) -> Receipt:
        """Store a rating and return when it is on the disk; a trial that has one keeps it and returns it.

        Args:
            rater: Who rates.
            trial_id: `TrialView.id`.
            score: 1..`TrialView.choices`.
            seconds: From showing the picture to the answer, as the page measured it.
            revision: `TrialView.revision`: after `undo` it tells the new answer from a late repetition.

        Raises:
            Refused: The trial is not this rater's or not due, the study is paused or closed, the score is no
                valid whole number, or the answer came sooner than the minimum viewing time.
        """
        try:
            with self.write() as connection:
                return self._rate(connection, rater, trial_id, score, seconds, revision)
        except Refused as refusal:
            self.log_refusal(rater, refusal.reason, f"rating {score!r} of {trial_id!r}")
            raise

    def undo(self, rater: Rater) -> TrialView | Screen:
        """Ask the last rated trial again; its rating stays stored and the new one is appended as a revision.

        Without a rating to undo, or when the last one is being asked again already, nothing changes.
        """
        with self.write() as connection:
            row = _rater_row(connection, rater, lock=True)
            due = self._next(connection, row)
            if not due.can_undo:
                return due
            last = _due(row, row["position"] - 1)
            trial = connection.scalar(sa.select(m.trial.c.id).where(last))
            _update(connection, rater, {"reopened": trial})
            log(connection, rater.study_id, rater.id, "undo", f"trial {row['position'] - 1}")
            return self._next(connection, _rater_row(connection, rater))

    def progress(self, rater: Rater) -> Progress:
        """Return how far this rater is and how long the rest will take."""
        with self.read() as connection:
            row = _rater_row(connection, rater)
        settings, calibrating = load_settings(row), row["attempt"] > 0
        done = 0 if calibrating else row["position"] - 1
        pace = (row["pace"] + _PACE_PRIOR * settings.seconds_per_trial) / (done + _PACE_PRIOR)
        left = (row["trials"] - done) * pace
        if calibrating:
            left += (row["calibrations"] - row["position"] + 1) * settings.seconds_per_trial
        return Progress(
            calibrating,
            row["position"] - 1,
            row["calibrations"] if calibrating else row["trials"],
            row["session"],
            left,
        )

    def log_refusal(self, rater: Rater | None, reason: str, detail: str = "") -> None:
        """Log a request that was refused, by the store or by the page (a forged cookie has no rater)."""
        self.log_event(rater, f"refused-{reason}", detail)

    def log_event(self, rater: Rater | None, kind: str, detail: str = "") -> None:
        """Log what the page saw: `joined`, `resumed`, `window-too-small`; `kind` has at most 32 letters."""
        with self.write() as connection:
            study, key = (rater.study_id, rater.id) if rater else (None, None)
            log(connection, study, key, kind[:32], detail)

    def _next(self, connection: sa.Connection, row: _Row) -> TrialView | Screen:
        can_undo = row["attempt"] == 0 and row["position"] > 1 and row["reopened"] is None
        if row["state"] == "failed":
            return _result(connection, row, "failed", can_proceed=False)
        if row["state"] == "finished" and row["reopened"] is None:
            return Screen("finished", can_undo=can_undo and row["study_state"] == "open")
        if row["state"] == "closed" or row["study_state"] == "closed":
            return Screen("closed")
        if row["study_state"] == "paused":
            return Screen("paused")
        if row["screen"] == "welcome":
            return Screen("welcome", can_proceed=True)
        if row["screen"]:
            return _result(connection, row, row["screen"], can_proceed=True)
        if row["reopened"] is not None:
            return _view(connection, row, m.trial.c.id == row["reopened"])
        view = _view(connection, row, _due(row), can_undo)
        if row["attempt"] == 0 and self._needs_break(connection, row):
            return Screen("break", can_proceed=True, minutes=load_settings(row).break_minutes, can_undo=can_undo)
        return view

    def _needs_break(self, connection: sa.Connection, row: _Row) -> bool:
        if connection.scalar(sa.select(m.trial.c.session).where(_due(row))) > row["session"]:
            return True
        if row["session_started"] is None or self.clock() - row["last_rated"] >= IDLE_SECONDS:
            return False
        return bool(row["last_rated"] - row["session_started"] >= 60 * load_settings(row).session_minutes)

    def _rate(
        self, connection: sa.Connection, rater: Rater, trial_id: str, score: int, seconds: float, revision: int
    ) -> Receipt:
        row = _rater_row(connection, rater, lock=True)
        mine = (m.trial.c.id == trial_id) & (m.trial.c.rater_id == rater.id)
        trial = connection.execute(sa.select(m.trial).where(mine)).mappings().first()
        if trial is None:
            raise Refused("foreign", "There is no such trial. Reload the page.")
        settings = load_settings(row)
        _check_answer(settings, score, seconds)
        stored = _stored(connection, trial)
        again = row["reopened"] == trial_id and stored is not None and revision == stored.revision + 1
        if stored is not None and not again:
            if stored.score != score:
                log(connection, rater.study_id, rater.id, "repeated", f"{score} for {trial_id}, kept {stored.score}")
            return _with_feedback(stored, trial, settings)
        due = self._next(connection, row)
        if isinstance(due, Screen):
            reason: Literal["paused", "closed", "not-due"] = (
                "paused" if due.kind == "paused" else "closed" if due.kind == "closed" else "not-due"
            )
            raise Refused(reason, f"No rating is expected now ({due.kind}). Reload the page.")
        if due.id != trial_id or due.revision != revision:
            raise Refused("not-due", "This trial is not due yet. Reload the page.")
        if seconds < settings.minimum_seconds:
            raise Refused("early", f"Please look for at least {settings.minimum_seconds:g} seconds.")
        answer = {"trial_id": trial_id, "score": score, "seconds": seconds, "at": self.clock()}
        if again:
            connection.execute(sa.insert(m.revision), {**answer, "number": revision})
            _update(connection, rater, {"reopened": None})
        else:
            connection.execute(sa.insert(m.rating), answer)
            self._advance(connection, rater, row, seconds, settings)
        return _with_feedback(Receipt(trial_id, score, seconds, revision, new=True), trial, settings)

    def _advance(self, connection: sa.Connection, rater: Rater, row: _Row, seconds: float, settings: Settings) -> None:
        if row["attempt"] and row["position"] == row["calibrations"]:
            self._end_calibration(connection, rater, row, settings)
            return
        values: dict[str, Any] = {"position": row["position"] + 1}
        if row["attempt"] == 0:
            now, started, last = self.clock(), row["session_started"], row["last_rated"]
            if started is None or now - seconds - last >= IDLE_SECONDS:
                started = now - min(seconds, _PACE_CAP)
            values |= {
                "session_started": started,
                "last_rated": now,
                "pace": row["pace"] + min(seconds, _PACE_CAP),
            }
            if row["position"] == row["trials"]:
                values["state"] = "finished"
                log(connection, rater.study_id, rater.id, "finished")
        _update(connection, rater, values)

    def _end_calibration(self, connection: sa.Connection, rater: Rater, row: _Row, settings: Settings) -> None:
        attempt = row["attempt"]
        right, asked = _calibration(connection, rater.id, attempt, settings)
        if right >= settings.pass_fraction * asked - 1e-9:
            values = {"state": "rating", "attempt": 0, "position": 1, "screen": "calibration-passed"}
        elif attempt < settings.attempts:
            values = {"attempt": attempt + 1, "position": 1, "screen": "calibration-again"}
        else:
            values = {"state": "failed", "position": row["position"] + 1}
        _update(connection, rater, values)
        log(connection, rater.study_id, rater.id, "calibration", f"attempt {attempt}: {right} of {asked} right")


def _rater_row(connection: sa.Connection, rater: Rater, lock: bool = False) -> _Row:
    query = (
        sa.select(m.rater, m.study.c.state.label("study_state"), m.study.c.settings)
        .join(m.study)
        .where((m.rater.c.id == rater.id) & (m.rater.c.study_id == rater.study_id))
    )
    row = connection.execute(query.with_for_update(of=m.rater) if lock else query).mappings().first()
    if row is None:
        raise StudyError(f"The store has no rater {rater.number} of study {rater.study!r}.")
    return row


def _update(connection: sa.Connection, rater: Rater, values: dict[str, Any]) -> None:
    connection.execute(sa.update(m.rater).where(m.rater.c.id == rater.id).values(**values))


def _due(row: _Row, position: int | None = None) -> sa.ColumnElement[bool]:
    t = m.trial.c
    return sa.and_(
        t.rater_id == row["id"],
        t.attempt == row["attempt"],
        t.position == (row["position"] if position is None else position),
    )


def _view(connection: sa.Connection, row: _Row, which: sa.ColumnElement[bool], can_undo: bool = False) -> TrialView:
    s, other = m.stimulus.c, m.stimulus.alias("other")
    query = (
        sa.select(m.trial, s.width, s.height, other.c.width.label("width2"), other.c.height.label("height2"))
        .join(m.stimulus, s.id == m.trial.c.stimulus_id)
        .outerjoin(other, other.c.id == m.trial.c.other_id)
        .where(which)
    )
    trial = connection.execute(query).mappings().one()
    settings = load_settings(row)
    pictures = [Picture(trial["stimulus_id"], trial["width"], trial["height"])]
    if trial["other_id"] is not None:
        second = Picture(trial["other_id"], trial["width2"], trial["height2"])
        pictures.insert(0 if settings.design == "dcr" else 1, second)
    stored = _stored(connection, trial) if row["reopened"] == trial["id"] else None
    calibration = trial["attempt"] > 0
    return TrialView(
        id=trial["id"],
        calibration=calibration,
        design=settings.design,
        pictures=tuple(pictures),
        position=trial["position"],
        total=row["calibrations"] if calibration else row["trials"],
        revision=0 if stored is None else stored.revision + 1,
        choices=settings.choices,
        minimum_seconds=settings.minimum_seconds,
        can_undo=can_undo,
    )


def _stored(connection: sa.Connection, trial: _Row) -> Receipt | None:
    first = connection.execute(sa.select(m.rating).where(m.rating.c.trial_id == trial["id"])).first()
    if first is None:
        return None
    v = m.revision.c
    query = sa.select(m.revision).where(v.trial_id == trial["id"]).order_by(v.number.desc()).limit(1)
    last = connection.execute(query).first()
    if last is None:
        return Receipt(trial["id"], first.score, first.seconds, 0, new=False)
    return Receipt(trial["id"], last.score, last.seconds, last.number, new=False)


def _with_feedback(receipt: Receipt, trial: _Row, settings: Settings) -> Receipt:
    if trial["expected"] is None:
        return receipt
    right = abs(receipt.score - trial["expected"]) <= settings.tolerance
    feedback = Feedback(trial["expected"], right)
    return Receipt(receipt.trial_id, receipt.score, receipt.seconds, receipt.revision, receipt.new, feedback)


def _check_answer(settings: Settings, score: object, seconds: object) -> None:
    if isinstance(score, bool) or not isinstance(score, int) or not 1 <= score <= settings.choices:
        raise Refused("score", f"Expected a whole number from 1 to {settings.choices}, got {score!r}.")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < math.inf:
        raise Refused("seconds", f"Expected the seconds of viewing, zero or more, got {seconds!r}.")


def _calibration(connection: sa.Connection, rater: int, attempt: int, settings: Settings) -> tuple[int, int]:
    t = m.trial.c
    near = sa.func.abs(m.rating.c.score - t.expected) <= settings.tolerance
    query = sa.select(sa.func.count().filter(near), sa.func.count()).join_from(m.rating, m.trial)
    right, asked = connection.execute(query.where((t.rater_id == rater) & (t.attempt == attempt))).one()
    return int(right), int(asked)


def _result(connection: sa.Connection, row: _Row, kind: ScreenKind, can_proceed: bool) -> Screen:
    t = m.trial.c
    query = sa.select(sa.func.max(t.attempt)).join_from(m.rating, m.trial).where(t.rater_id == row["id"])
    attempt = connection.scalar(query) or 0
    right, asked = _calibration(connection, row["id"], attempt, load_settings(row))
    return Screen(kind, can_proceed, right, asked)

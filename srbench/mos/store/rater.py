"""The rater's side of the store: what is due now, and ratings that are on the disk before they are answered."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import asdict, replace
from typing import Any

import sqlalchemy as sa

from srbench.errors import StudyError
from srbench.mos.store import cards, tally, trials
from srbench.mos.store import models as m
from srbench.mos.store.cards import Tested
from srbench.mos.store.database import Database
from srbench.mos.store.definitions import Settings
from srbench.mos.store.entrances import is_over
from srbench.mos.store.events import log
from srbench.mos.store.links import token_hash
from srbench.mos.store.selection import Choose, fill
from srbench.mos.store.session import (
    SCREENING,
    Card,
    Feedback,
    Picture,
    Rater,
    Receipt,
    RefusalError,
    TrialView,
    Visit,
)
from srbench.mos.store.statements import Statement
from srbench.mos.store.studies import settings
from srbench.mos.store.trials import Row, Trial, Upcoming
from srbench.mos.store.withdrawal import erase

_CODES = {"declined": "screened_out", "screened-out": "screened_out", "checks-failed": "failed"}
"""Which code of the panel's belongs to an ending."""
_BY_TOKEN = (
    sa.select(m.rater.c.id, m.rater.c.study_id, m.study.c.name, m.rater.c.number, m.rater.c.code, m.rater.c.token_hash)
    .join(m.study)
    .where(m.rater.c.token_hash == sa.bindparam("token"))
)
_INSERT_RATING = Statement(sa.insert(m.rating))
_INSERT_REVISION, _INSERT_VISIT, _INSERT_CONSENT, _INSERT_REPLY = (
    sa.insert(table) for table in (m.revision, m.visit, m.consent, m.reply)
)


class RaterStore:
    """The requests of raters, safe to share between threads, processes and machines.

    Every request names the `Rater` who makes it, as `rater_by_token` returned it, so that no trial id alone
    reads or writes anything. A rater works through `next_trial` -> `TrialView` -> `rate`, or `next_trial` -> `Card`
    -> `proceed`. Refused requests raise `RefusalError` and are logged.
    """

    clock: Callable[[], float] = staticmethod(time.time)

    choose: Choose | None = None
    """Chooses the pairs of a study by active selection; set by whoever serves one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rater_by_token(self, token: str) -> Rater | None:
        """Return the rater whose link holds `token`, or None."""
        with self._database.read() as connection:
            row = connection.execute(_BY_TOKEN, {"token": token_hash(token)}).first()
        return None if row is None else Rater(*row)

    def next_trial(self, rater: Rater) -> TrialView | Card:
        """Return what this rater sees now; asking again changes nothing.

        Raises:
            RefusalError: The rater's link was revoked or replaced.
        """
        with self._database.read() as connection:
            return self._next(connection, trials.rater_row(connection, rater))

    def pictures(self, rater: Rater, trial_id: str) -> tuple[Picture, ...]:
        """Return the pictures of a trial that this rater may see now.

        Raises:
            RefusalError: It is another's trial, or not the one that is due.
        """
        due = self.next_trial(rater)
        if isinstance(due, TrialView) and due.id == trial_id:
            return due.pictures
        self.log_refusal(rater, "not-due", f"picture of {trial_id}")
        raise RefusalError("not-due", "This picture is not due. Reload the page.")

    def sizes(self, rater: Rater) -> list[tuple[int, int]]:
        """Return the different sizes, width and height in pixels, of what this rater is shown at once.

        Where two pictures stand side by side the width is that of both.
        """
        with self._database.read() as connection:
            return trials.sizes(connection, trials.rater_row(connection, rater))

    def settings(self, rater: Rater) -> Settings:
        """Return the settings of this rater's study."""
        with self._database.read() as connection:
            return settings(trials.rater_row(connection, rater)["settings"])

    def screened_out(self, rater: Rater) -> str:
        """Return what the panel that sent this rater wants to be told where the device cannot be used; or nothing."""
        with self._database.read() as connection:
            return trials.rater_row(connection, rater)["screened_out"] or ""

    def proceed(self, rater: Rater, kind: str) -> TrialView | Card:
        """Leave the card `kind` (welcome, calibration result, break) and return what comes next.

        When another card or a trial is due by now, nothing changes, so that a doubled request does no harm.
        """

        def work(connection: sa.Connection) -> TrialView | Card:
            row = trials.rater_row(connection, rater, lock=True)
            due = self._due(connection, row)
            if isinstance(due, TrialView) or due.kind != kind or not due.can_proceed:
                return due
            self._leave(connection, row, kind)
            return self._next(connection, row)

        stored: Future[TrialView | Card] = self._database.share(work)
        return stored.result()

    def agree(self, rater: Rater, language: str, sha256: str) -> TrialView | Card:
        """Store that the rater agreed to the text of this hash, and return what comes next."""
        row = {"rater_id": rater.id, "language": language, "sha256": sha256, "at": self.clock()}
        return self._answer_card(rater, "consent", lambda connection: connection.execute(_INSERT_CONSENT, row))

    def decline(self, rater: Rater) -> TrialView | Card:
        """End the part of a rater who does not agree; nothing else is stored of this rater."""
        return self._answer_card(rater, "consent", None)

    def reply(self, rater: Rater, kind: str, replies: Mapping[str, str]) -> TrialView | Card:
        """Store the answers to the questions of the card `kind`, and return what comes next."""
        now = self.clock()
        rows = [{"rater_id": rater.id, "question": name, "value": text, "at": now} for name, text in replies.items()]
        return self._answer_card(rater, kind, lambda connection: rows and connection.execute(_INSERT_REPLY, rows))

    def screen(self, rater: Rater, tested: Tested) -> TrialView | Card:
        """Store an attempt at a test of the screening, and return what comes next. A repetition changes nothing."""

        def work(connection: sa.Connection) -> TrialView | Card:
            row = trials.rater_row(connection, rater, lock=True)
            due, kind = self._due(connection, row), SCREENING + tested.test
            if isinstance(due, TrialView) or due.kind != kind or due.attempt != tested.attempt:
                return due
            if cards.store(connection, row, tested, self.clock()):
                self._leave(connection, row, kind)
            return self._next(connection, row)

        stored: Future[TrialView | Card] = self._database.share(work)
        return stored.result()

    def withdraw(self, rater: Rater) -> Card:
        """Delete everything that this rater gave; the link stops working.

        Raises:
            RefusalError: The rater's link was revoked or replaced.
        """

        def work(connection: sa.Connection) -> Card | RefusalError:
            try:
                row = trials.rater_row(connection, rater, lock=True)
            except RefusalError as refusal:
                return refusal
            erase(connection, row["study_id"], row["id"])
            return Card("withdrawn")

        stored: Future[Card] = self._database.share(work)
        return stored.result()

    def _answer_card(
        self, rater: Rater, kind: str, store: Callable[[sa.Connection], object] | None
    ) -> TrialView | Card:
        """Leave a card with what was answered; None ends the rater's part. A repetition changes nothing."""

        def work(connection: sa.Connection) -> TrialView | Card:
            row = trials.rater_row(connection, rater, lock=True)
            due = self._due(connection, row)
            if isinstance(due, TrialView) or due.kind != kind:
                return due
            if store is None:
                trials.change(connection, row, {"state": "closed", "card": "declined"})
                log(connection, rater.study_id, rater.id, "declined")
            else:
                store(connection)
                self._leave(connection, row, kind)
            return self._next(connection, row)

        stored: Future[TrialView | Card] = self._database.share(work)
        return stored.result()

    def _leave(self, connection: sa.Connection, row: Row, kind: str) -> None:
        values: dict[str, Any] = {"card": cards.after(kind, settings(row["settings"]).asks)}
        if kind == "welcome":
            values["state"] = "calibration" if row["attempt"] else "rating"
        if kind == "break":
            values |= {"session": trials.trial_due(connection, row)["session"], "session_started": None}
        trials.change(connection, row, values)
        log(connection, row["study_id"], row["id"], f"left-{kind}")
        self._fill(connection, row)

    def _fill(self, connection: sa.Connection, row: Row) -> None:
        """Choose what this rater is shown next, where that is not known before."""
        chosen = settings(row["settings"])
        if chosen.selection != "active" or row["card"]:
            return
        if self.choose is None:
            raise StudyError("A study by active selection is served by `srbench mos serve`, which chooses its pairs.")
        fill(connection, row, chosen, self.choose)

    def rate(self, rater: Rater, trial_id: str, score: int, seconds: float, revision: int = 0) -> Receipt:
        """Store a rating and return when it is on the disk; a trial that has one keeps it and returns it.

        Args:
            rater: Who rates.
            trial_id: `TrialView.id`.
            score: 1..`TrialView.choices`.
            seconds: From showing the picture to the answer, as the page measured it.
            revision: `TrialView.revision`: after `undo` it tells the new answer from a late repetition.

        Raises:
            RefusalError: The trial is not this rater's or not due, the study is paused or closed, the score is no
                valid whole number, or the answer came sooner than the minimum viewing time.
        """
        return self.rate_soon(rater, trial_id, score, seconds, revision).result()

    def rate_soon(self, rater: Rater, trial_id: str, score: int, seconds: float, revision: int = 0) -> Future[Receipt]:
        """Store a rating as `rate` does, without waiting: the future holds the receipt once it is on the disk."""

        def work(connection: sa.Connection) -> Receipt | RefusalError:
            try:
                return self._rate(connection, rater, trial_id, score, seconds, revision)
            except RefusalError as refusal:  # nothing was written yet but for the line that says so
                detail = f"rating {score!r} of {trial_id!r}"
                log(connection, rater.study_id, rater.id, f"refused-{refusal.reason}", detail)
                return refusal

        return self._database.share(work)

    def undo(self, rater: Rater) -> TrialView | Card:
        """Ask the last rated trial again; its rating stays stored and the new one is appended as a revision.

        Without a rating to undo, or when the last one is being asked again already, nothing changes.
        """

        def work(connection: sa.Connection) -> TrialView | Card:
            row = trials.rater_row(connection, rater, lock=True)
            due = self._due(connection, row)
            if not due.can_undo:
                return due
            trials.change(connection, row, {"reopened": trials.trial_before(connection, row)})
            log(connection, rater.study_id, rater.id, "undo", f"trial {row['position'] - 1}")
            return self._next(connection, row)

        stored: Future[TrialView | Card] = self._database.share(work)
        return stored.result()

    def add_visit(self, rater: Rater, visit: Visit) -> None:
        """Store on what device the page was opened."""
        row = {"rater_id": rater.id, "at": self.clock(), **asdict(visit)}
        self._database.share(lambda connection: connection.execute(_INSERT_VISIT, row).rowcount).result()

    def log_refusal(self, rater: Rater | None, reason: str, detail: str = "") -> None:
        """Log a request that was refused, by the store or by the page (a forged cookie has no rater)."""
        self.log_event(rater, f"refused-{reason}", detail)

    def log_event(self, rater: Rater | None, kind: str, detail: str = "") -> None:
        """Log what the page saw: `joined`, `screen-too-small`, `damaged-stimulus`."""
        study, key = (rater.study_id, rater.id) if rater else (None, None)
        self._database.share(lambda connection: log(connection, study, key, kind, detail)).result()

    def _next(self, connection: sa.Connection, row: Row, known: Upcoming | None = None) -> TrialView | Card:
        """Return what is due, with the pictures that follow on it; `known` are trials that were read already."""
        if known is None or known.attempt != row["attempt"]:
            known = trials.upcoming(connection, row)
        due = self._due(connection, row, known)
        return replace(due, ahead=trials.ahead(row, due, known))

    def _due(self, connection: sa.Connection, row: Row, known: Upcoming | None = None) -> TrialView | Card:
        chosen = settings(row["settings"])
        now = trials.progress(row, chosen)
        can_undo = row["attempt"] == 0 and row["position"] > 1 and row["reopened"] is None
        if row["state"] == "failed":
            card = trials.result(connection, row, "failed", can_proceed=False)
            return replace(card, code=row["failed"] or "")
        if row["state"] == "finished" and row["reopened"] is None and row["card"]:
            return Card("questions-after", can_undo=can_undo and row["study_state"] == "open", progress=now)
        if row["state"] == "finished" and row["reopened"] is None:
            may_undo = can_undo and row["study_state"] == "open"
            return Card("finished", can_undo=may_undo, code=row["completed"] or "", progress=now)
        if row["card"] in _CODES:
            return Card(row["card"], code=row[_CODES[row["card"]]] or "", progress=now)
        if row["state"] == "closed" or row["study_state"] == "closed":
            return Card("closed", progress=now)
        if is_over(row, self.clock()):
            return Card("timed-out", progress=now)
        if row["study_state"] == "paused":
            return Card("paused", progress=now)
        if row["card"] == "welcome":
            return Card("welcome", can_proceed=True, progress=now)
        if row["card"] in ("consent", "questions-before"):
            return Card(row["card"], progress=now)
        if row["card"].startswith(SCREENING):
            return Card(row["card"], attempt=cards.attempt(connection, row), progress=now)
        if row["card"] and row["card"] != "questions-after":
            return trials.result(connection, row, row["card"], can_proceed=True)
        trial = trials.trial_due(connection, row, known)
        if row["reopened"] is None and row["attempt"] == 0 and self._needs_break(row, trial, chosen):
            return Card("break", can_proceed=True, minutes=chosen.break_minutes, can_undo=can_undo, progress=now)
        return trials.view(connection, row, trial, can_undo)

    def _needs_break(self, row: Row, trial: Trial, chosen: Settings) -> bool:
        if trial["session"] > row["session"]:
            return True
        if row["session_started"] is None or self.clock() - row["last_rated"] >= trials.IDLE_SECONDS:
            return False
        return bool(row["last_rated"] - row["session_started"] >= 60 * chosen.session_minutes)

    def _rate(
        self, connection: sa.Connection, rater: Rater, trial_id: str, score: int, seconds: float, revision: int
    ) -> Receipt:
        row = trials.rater_row(connection, rater, lock=True)
        known = trials.upcoming(connection, row)
        trial = known.at(row)
        if trial is None or trial["id"] != trial_id:  # rated before, asked again, or not due yet
            trial = trials.trial_by_id(connection, rater.id, trial_id)
        if trial is None:
            raise RefusalError("foreign", "There is no such trial. Reload the page.")
        chosen = settings(row["settings"])
        _check_answer(chosen, score, seconds)
        stored = trials.answer_of(connection, trial)
        again = row["reopened"] == trial_id and stored is not None and revision == stored[2] + 1
        if stored is not None and not again:
            if stored[0] != score:
                log(connection, rater.study_id, rater.id, "repeated", f"{score} for {trial_id}, kept {stored[0]}")
            return _receipt(trial, stored, False, chosen, self._next(connection, row, known))
        due = self._due(connection, row, known)
        if isinstance(due, Card):
            raise trials.why_no_rating(due)
        if due.id != trial_id or due.revision != revision:
            raise RefusalError("not-due", "This trial is not due yet. Reload the page.")
        if seconds < chosen.minimum_seconds:
            raise RefusalError("early", f"Please look for at least {chosen.minimum_seconds:g} seconds.")
        answer = {"trial_id": trial_id, "score": score, "seconds": seconds, "at": self.clock()}
        if again:
            connection.execute(_INSERT_REVISION, {**answer, "number": revision})
            trials.change(connection, row, {"reopened": None})
        else:
            _INSERT_RATING.run(connection, answer)
        if chosen.selection == "active" and not trial["attempt"] and not trial["purpose"]:
            self._tally(connection, row, trial, score, stored[0] if again and stored else None)
        if not again:
            trials.advance(connection, row, seconds, chosen, self.clock())
            self._fill(connection, row)
        if trial["purpose"]:
            self._look_at(connection, row, chosen)
        return _receipt(trial, (score, seconds, revision), True, chosen, self._next(connection, row, known))

    @staticmethod
    def _tally(connection: sa.Connection, row: Row, trial: Trial, score: int, before: int | None) -> None:
        """Count an answer to a pair in the place of the one before, for the pairs that are chosen next."""
        pair = (row["study_id"], trial["stimulus_id"], trial["other_id"])
        tally.add(connection, *pair, score)
        if before is not None:
            tally.add(connection, *pair, before, -1)

    def _look_at(self, connection: sa.Connection, row: Row, chosen: Settings) -> None:
        """End the part of a rater who answered too many gold and trap trials wrongly, where the study says so."""
        if chosen.on_misses != "end" or (misses := trials.missed(connection, row)) <= chosen.allowed_misses:
            return
        trials.change(connection, row, {"state": "closed", "card": "checks-failed", "reopened": None})
        tally.rebuild(connection, row["study_id"])
        log(connection, row["study_id"], row["id"], "checks-failed", f"{misses} wrong, allowed {chosen.allowed_misses}")


def _receipt(
    trial: Trial, answer: tuple[int, float, int], new: bool, chosen: Settings, due: TrialView | Card
) -> Receipt:
    receipt = Receipt(trial["id"], *answer, new=new, feedback=None, due=due)
    if not trial["attempt"]:  # a gold trial has a right answer as well, and keeps it to itself
        return receipt
    right = abs(receipt.score - trial["expected"]) <= chosen.tolerance
    return replace(receipt, feedback=Feedback(trial["expected"], right))


def _check_answer(chosen: Settings, score: object, seconds: object) -> None:
    if isinstance(score, bool) or not isinstance(score, int) or not 1 <= score <= chosen.choices:
        raise RefusalError("score", f"Expected a whole number from 1 to {chosen.choices}, got {score!r}.")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < math.inf:
        raise RefusalError("seconds", f"Expected the seconds of viewing, zero or more, got {seconds!r}.")

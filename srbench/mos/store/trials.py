"""One rater's row and trials, as the requests of `RaterStore` need them; every statement is built once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import sqlalchemy as sa

from srbench.errors import StudyError
from srbench.mos.store import models as m
from srbench.mos.store.definitions import Settings
from srbench.mos.store.events import log
from srbench.mos.store.revisions import last_score
from srbench.mos.store.session import (
    ENDINGS,
    SCREENING,
    Ahead,
    Card,
    CardKind,
    Picture,
    Progress,
    Rater,
    RefusalError,
    TrialView,
)
from srbench.mos.store.statements import Statement
from srbench.mos.store.studies import settings

Row: TypeAlias = dict[str, Any]
"""A row of `rater` with the state and the settings of its study; `change` keeps it up to date."""
Trial: TypeAlias = dict[str, Any]
"""A row of `trial` with the sizes of its pictures and the first answer, None where there is none."""

IDLE_SECONDS = 300.0
"""A pause this long is a break, whether one was offered or not."""

AHEAD = 2
"""How many trials a page may fetch before their turn."""
_WAITING_CARDS = frozenset({"welcome", "questions-before", "calibration-passed", "calibration-again", "break"})

_PACE_CAP = 60.0  # a rater who fetched coffee during a trial has not become slower
_PACE_PRIOR = 20  # trials by which the planned time is weighed against the rater's own

_t, _s, _other = m.trial.c, m.stimulus.c, m.stimulus.alias("other")
# The token is asked for every time: a link that was revoked elsewhere must not work on.
_RATER_QUERY = (
    sa.select(
        m.rater,
        m.study.c.state.label("study_state"),
        m.study.c.settings,
        m.entrance.c.minutes,
        m.entrance.c.completed,
        m.entrance.c.screened_out,
        m.entrance.c.failed,
    )
    .join_from(m.rater, m.study, m.study.c.id == m.rater.c.study_id)
    .outerjoin(m.entrance, m.entrance.c.id == m.rater.c.entrance_id)
    .where((m.rater.c.id == sa.bindparam("rater")) & (m.rater.c.token_hash == sa.bindparam("token")))
)
_RATER, _RATER_LOCKED = Statement(_RATER_QUERY), Statement(_RATER_QUERY.with_for_update(of=m.rater))
_SHOWN = (
    sa.select(
        m.trial, _s.width, _s.height, _other.c.width.label("width2"), _other.c.height.label("height2"),
        m.rating.c.score.label("first_score"), m.rating.c.seconds.label("first_seconds"),
    )
    .join(m.stimulus, _s.id == _t.stimulus_id)
    .outerjoin(_other, _other.c.id == _t.other_id)
    .outerjoin(m.rating, m.rating.c.trial_id == _t.id)
)  # fmt: skip
_MINE = (_t.rater_id == sa.bindparam("rater")) & (_t.attempt == sa.bindparam("attempt"))
_TRIAL_ID_AT = sa.select(_t.id).where(_MINE & (_t.position == sa.bindparam("position")))
_UPCOMING = Statement(_SHOWN.where(_MINE & _t.position.between(sa.bindparam("first"), sa.bindparam("last"))))
_TRIAL_BY_ID = Statement(_SHOWN.where((_t.id == sa.bindparam("trial")) & (_t.rater_id == sa.bindparam("rater"))))
_LAST_REVISION = (
    sa.select(m.revision)
    .where(m.revision.c.trial_id == sa.bindparam("trial"))
    .order_by(m.revision.c.number.desc())
    .limit(1)
)
_LAST_ATTEMPT = (
    sa.select(sa.func.max(_t.attempt)).join_from(m.rating, m.trial).where(_t.rater_id == sa.bindparam("rater"))
)
_RIGHT = (
    sa.select(
        sa.func.count().filter(sa.func.abs(m.rating.c.score - _t.expected) <= sa.bindparam("tolerance")),
        sa.func.count(),
    )
    .join_from(m.rating, m.trial)
    .where((_t.rater_id == sa.bindparam("rater")) & (_t.attempt == sa.bindparam("attempt")))
)
_SIZES = (
    sa.select(_s.width, _s.height, sa.func.coalesce(_other.c.width, 0))
    .join_from(m.trial, m.stimulus, _s.id == _t.stimulus_id)
    .outerjoin(_other, _other.c.id == _t.other_id)
    .where(_t.rater_id == sa.bindparam("rater"))
    .distinct()
)
_SHOWABLE = (
    sa.select(_s.width, _s.height).where((_s.study_id == sa.bindparam("study")) & (_s.role != "reference")).distinct()
)
_last = last_score()
_CHECKS = (
    sa.select(_t.purpose, _t.expected, sa.func.coalesce(_last.c.score, m.rating.c.score))
    .join_from(m.rating, m.trial)
    .outerjoin(_last, _last.c.trial_id == _t.id)
    .where((_t.rater_id == sa.bindparam("rater")) & _t.purpose.in_(("gold", "trap")))
)
_UPDATE_RATER = Statement(sa.update(m.rater).where(m.rater.c.id == sa.bindparam("key")))


@dataclass(frozen=True, slots=True)
class Upcoming:
    """The trials from a rater's place on, read at once: the one there, the one after it, and what may come ahead of it.

    They are good as long as the rater is in the same attempt and at most one trial further.
    """

    attempt: int
    trials: dict[int, Trial]  # by position

    def at(self, row: Row) -> Trial | None:
        """Return the trial at the rater's place, or None where it was not there yet or belongs to another attempt."""
        return self.trials.get(row["position"]) if self.attempt == row["attempt"] else None


def rater_row(connection: sa.Connection, rater: Rater, lock: bool = False) -> Row:
    """Return the row of a rater; `lock` keeps other writers of this rater waiting.

    Raises:
        RefusalError: The link that the rater came by was revoked or replaced.
    """
    values = {"rater": rater.id, "token": rater.token_hash}
    row = (_RATER_LOCKED if lock else _RATER).first(connection, values)
    if row is None:
        raise RefusalError("token", "This link is no longer valid. Ask the person who invited you for another one.")
    return row


def change(connection: sa.Connection, row: Row, values: dict[str, Any]) -> None:
    """Write `values` to the row of a rater, in the database and in `row`."""
    _UPDATE_RATER.run(connection, {"key": row["id"], **values})
    row.update(values)


def trial_by_id(connection: sa.Connection, rater: int, trial: str) -> Trial | None:
    """Return a trial of the rater of this key, or None where there is none of that id."""
    return _TRIAL_BY_ID.first(connection, {"trial": trial, "rater": rater})


def upcoming(connection: sa.Connection, row: Row) -> Upcoming:
    """Return the trials from a rater's place on."""
    first = row["position"]
    values = {"rater": row["id"], "attempt": row["attempt"], "first": first, "last": first + 1 + AHEAD}
    return Upcoming(row["attempt"], {each["position"]: each for each in _UPCOMING.rows(connection, values)})


def trial_due(connection: sa.Connection, row: Row, known: Upcoming | None = None) -> Trial:
    """Return the trial that is due: the one asked again, or the one at the rater's place, not read again if `known`."""
    if row["reopened"] is not None:
        found = trial_by_id(connection, row["id"], row["reopened"])
    else:
        found = (known and known.at(row)) or upcoming(connection, row).at(row)
    if found is None:
        raise StudyError(f"Rater {row['code']} has no trial {row['position']}. Restore the study from a backup.")
    return found


def trial_before(connection: sa.Connection, row: Row) -> str:
    """Return the id of the trial before the one that is due."""
    values = {"rater": row["id"], "attempt": row["attempt"], "position": row["position"] - 1}
    return str(connection.execute(_TRIAL_ID_AT, values).scalar_one())


def ahead(row: Row, due: TrialView | Card, known: Upcoming) -> tuple[Ahead, ...]:
    """Return the pictures of the trials that follow on the one that is due, or on a card that trials follow on.

    Nothing comes ahead in a study by active selection, practice aside: of its trials none but the checks are known
    before their turn, and whatever came ahead would tell that a check is next.
    """
    if isinstance(due, Card) and due.kind not in _WAITING_CARDS and not due.kind.startswith(SCREENING):
        return ()
    if row["attempt"] == 0 and settings(row["settings"]).selection == "active":
        return ()
    # A trial that is asked again lies before the rater's place.
    first = row["position"] + (isinstance(due, TrialView) and row["reopened"] is None)
    following = [known.trials[place] for place in range(first, first + AHEAD) if place in known.trials]
    return tuple(
        Ahead(trial["id"], stimulus)
        for trial in following
        for stimulus in (trial["stimulus_id"], trial["other_id"])
        if stimulus is not None
    )


def answer_of(connection: sa.Connection, trial: Trial) -> tuple[int, float, int] | None:
    """Return score, seconds and revision of what is stored for a trial, or None."""
    if trial["first_score"] is None:
        return None
    last = connection.execute(_LAST_REVISION, {"trial": trial["id"]}).first()
    if last is None:
        return (trial["first_score"], trial["first_seconds"], 0)
    return (last.score, last.seconds, last.number)


def right_answers(connection: sa.Connection, row: Row, attempt: int) -> tuple[int, int]:
    """Return how many answers of an attempt at calibration were near the taught score, and how many were asked."""
    values = {"rater": row["id"], "attempt": attempt, "tolerance": settings(row["settings"]).tolerance}
    right, asked = connection.execute(_RIGHT, values).one()
    return int(right), int(asked)


def sizes(connection: sa.Connection, row: Row) -> list[tuple[int, int]]:
    """Return the different sizes of what this rater is shown at once: width of all pictures beside another, height."""
    chosen = settings(row["settings"])
    beside = chosen.presentation.beside
    if chosen.selection == "active":  # any of the study's pictures may come
        shown = connection.execute(_SHOWABLE, {"study": row["study_id"]})
        return sorted({(beside * width, height) for width, height in shown})
    rows = connection.execute(_SIZES, {"rater": row["id"]})
    return sorted({(width + (second if beside > 1 else 0), height) for width, height, second in rows})


def missed(connection: sa.Connection, row: Row) -> int:
    """Return how many gold and trap trials this rater has answered wrongly."""
    tolerance = settings(row["settings"]).tolerance
    answers = connection.execute(_CHECKS, {"rater": row["id"]})
    return sum(abs(score - expected) > (tolerance if purpose == "gold" else 0) for purpose, expected, score in answers)


def advance(connection: sa.Connection, row: Row, seconds: float, chosen: Settings, now: float) -> None:
    """Put a rater one trial on after an answer that took `seconds`, and finish what ends with it."""
    if row["attempt"] and row["position"] == row["calibrations"]:
        _end_calibration(connection, row, chosen)
        return
    values: dict[str, Any] = {"position": row["position"] + 1}
    if row["attempt"] == 0:
        started, spent = row["session_started"], min(seconds, _PACE_CAP)
        if started is None or now - seconds - row["last_rated"] >= IDLE_SECONDS:
            started = now - spent
        values |= {"session_started": started, "last_rated": now, "pace": row["pace"] + spent}
        if row["position"] == row["trials"]:
            values |= {"state": "finished", "card": "questions-after" if "after" in chosen.asks else ""}
            log(connection, row["study_id"], row["id"], "finished")
    change(connection, row, values)


def _end_calibration(connection: sa.Connection, row: Row, chosen: Settings) -> None:
    attempt = row["attempt"]
    right, asked = right_answers(connection, row, attempt)
    if right >= chosen.pass_fraction * asked - 1e-9:
        values = {"state": "rating", "attempt": 0, "position": 1, "card": "calibration-passed"}
    elif attempt < chosen.attempts:
        values = {"attempt": attempt + 1, "position": 1, "card": "calibration-again"}
    else:
        values = {"state": "failed", "position": row["position"] + 1}
    change(connection, row, values)
    log(connection, row["study_id"], row["id"], "calibration", f"attempt {attempt}: {right} of {asked} right")


def view(connection: sa.Connection, row: Row, trial: Trial, can_undo: bool) -> TrialView:
    """Return a trial as its rater may see it."""
    chosen = settings(row["settings"])
    pictures = [Picture(trial["stimulus_id"], trial["width"], trial["height"])]
    if trial["other_id"] is not None:
        second = Picture(trial["other_id"], trial["width2"], trial["height2"])
        pictures.insert(0 if chosen.presentation.shows == "beside-original" else 1, second)
    stored = answer_of(connection, trial) if row["reopened"] == trial["id"] else None
    calibration = trial["attempt"] > 0
    return TrialView(
        id=trial["id"],
        calibration=calibration,
        presentation=chosen.presentation,
        pictures=tuple(pictures),
        position=trial["position"],
        total=row["calibrations"] if calibration else row["trials"],
        revision=0 if stored is None else stored[2] + 1,
        minimum_seconds=chosen.minimum_seconds,
        turn_seconds=chosen.seconds_per_turn,
        trap=trial["expected"] if trial["purpose"] == "trap" else None,
        can_undo=can_undo,
        progress=progress(row, chosen),
    )


def result(connection: sa.Connection, row: Row, kind: CardKind, can_proceed: bool) -> Card:
    """Return the card that says how the last attempt at calibration went."""
    attempt = connection.scalar(_LAST_ATTEMPT, {"rater": row["id"]}) or 0
    right, asked = right_answers(connection, row, attempt)
    return Card(kind, can_proceed, right, asked, progress=progress(row, settings(row["settings"])))


def progress(row: Row, chosen: Settings) -> Progress:
    """Return how far a rater is and how long the rest will take."""
    calibrating = row["attempt"] > 0
    done = 0 if calibrating else row["position"] - 1
    pace = (row["pace"] + _PACE_PRIOR * chosen.seconds_per_trial) / (done + _PACE_PRIOR)
    left = (row["trials"] - done) * pace
    if calibrating:
        left += (row["calibrations"] - row["position"] + 1) * chosen.seconds_per_trial
    total = row["calibrations"] if calibrating else row["trials"]
    return Progress(calibrating, row["position"] - 1, total, row["session"], left)


def why_no_rating(card: Card) -> RefusalError:
    """Return the refusal of a rating that came while a card was due."""
    reason: Literal["paused", "closed", "not-due"] = (
        "paused" if card.kind == "paused" else "closed" if card.kind in ("closed", "timed-out", *ENDINGS) else "not-due"
    )
    return RefusalError(reason, f"No rating is expected now ({card.kind}). Reload the page.")

"""The organiser's side of the store: studies and raters in, progress, events and ratings out."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

import sqlalchemy as sa

from srbench.errors import StudyError, unknown
from srbench.mos.store import models as m
from srbench.mos.store.database import Database
from srbench.mos.store.views import (
    RATING_COLUMNS,
    SYNTHETIC,
    Event,
    PlannedTrial,
    RaterStatus,
    Settings,
    Stimulus,
    StudyRecord,
)

if TYPE_CHECKING:
    import pandas as pd


class Records(Database):
    """Everything but the requests of raters; see `srbench.mos.store.rater.Store`."""

    def create_study(
        self,
        name: str,
        settings: Settings,
        stimuli: Sequence[Stimulus],
        definition: str = "",
        origin: Literal["study", "imported", "synthetic"] = "study",
    ) -> StudyRecord:
        """Store a study, open for raters.

        Raises:
            StudyError: A study of this name is there already, or the name hides or pretends a simulation.
        """
        if (origin == "synthetic") != name.startswith(SYNTHETIC):
            raise StudyError(f"Names of synthetic studies, and only they, begin with '{SYNTHETIC}'; got {name!r}.")
        with self.write() as connection:
            if connection.execute(sa.select(m.study.c.id).where(m.study.c.name == name)).first():
                raise StudyError(f"The store has a study {name!r} already. Choose another name or database.")
            row = {
                "name": name,
                "state": "open" if origin == "study" else "closed",
                "origin": origin,
                "settings": json.dumps(asdict(settings)),
                "definition": definition,
                "digest": hashlib.sha256(definition.encode()).hexdigest(),
                "created": time.time(),
            }
            key = connection.execute(sa.insert(m.study).returning(m.study.c.id), row).scalar_one()
            if stimuli:
                connection.execute(sa.insert(m.stimulus), [{"study_id": key, **asdict(s)} for s in stimuli])
        return self.study(name)

    def study(self, name: str) -> StudyRecord:
        """Return the study of this name.

        Raises:
            StudyError: There is none.
        """
        with self.read() as connection:
            row = connection.execute(sa.select(m.study).where(m.study.c.name == name)).mappings().first()
            if row is None:
                raise StudyError(unknown("study", name, connection.scalars(sa.select(m.study.c.name))))
        values = {key: row[key] for key in ("id", "name", "state", "origin", "definition", "digest")}
        return StudyRecord(**values, settings=load_settings(row))

    def studies(self) -> list[str]:
        """Return the names of all studies."""
        with self.read() as connection:
            return list(connection.scalars(sa.select(m.study.c.name).order_by(m.study.c.name)))

    def stimuli(self, study: str) -> list[Stimulus]:
        """Return all pictures of a study."""
        columns = [column for column in m.stimulus.c if column.name != "study_id"]
        query = sa.select(*columns).where(m.stimulus.c.study_id == self.study(study).id).order_by(m.stimulus.c.id)
        with self.read() as connection:
            return [Stimulus(**row) for row in connection.execute(query).mappings()]

    def set_state(self, study: str, state: Literal["open", "paused", "closed"]) -> None:
        """Open, pause or close a study; a closed one stays closed.

        Raises:
            StudyError: The study is unknown, or closed and meant to be opened again.
        """
        record = self.study(study)
        if record.state == "closed" and state != "closed":
            raise StudyError(f"Study {study!r} was closed for good. Start a new study instead.")
        with self.write() as connection:
            connection.execute(sa.update(m.study).where(m.study.c.id == record.id).values(state=state))
            log(connection, record.id, None, state)

    def next_number(self, study: str) -> int:
        """Return the number of the next rater who will be invited, from 1."""
        query = sa.select(sa.func.max(m.rater.c.number)).where(m.rater.c.study_id == self.study(study).id)
        with self.read() as connection:
            return int(connection.scalar(query) or 0) + 1

    def add_rater(self, study: str, number: int, trials: Iterable[PlannedTrial], label: str | None = None) -> str:
        """Store a rater with all trials, and return the token of the link, which is kept nowhere.

        Raises:
            StudyError: The study is closed or has a rater of that number.
        """
        record, token = self.study(study), secrets.token_urlsafe(32)
        if record.state == "closed":
            raise StudyError(f"Study {study!r} is closed: nobody can be invited any more.")
        planned = list(trials)
        calibrations = sum(trial.attempt == 1 for trial in planned)
        row = {
            "study_id": record.id,
            "number": number,
            "code": secrets.token_hex(4),
            "label": label,
            "token_hash": token_hash(token),
            "state": "invited",
            "screen": "welcome",
            "attempt": 1 if calibrations else 0,
            "position": 1,
            "session": 1,
            "trials": sum(trial.attempt == 0 for trial in planned),
            "calibrations": calibrations,
            "pace": 0.0,
            "created": time.time(),
        }
        with self.write() as connection:
            try:
                key = connection.execute(sa.insert(m.rater).returning(m.rater.c.id), row).scalar_one()
            except sa.exc.IntegrityError:
                raise StudyError(f"Study {study!r} has a rater {number} already. Invite again.") from None
            connection.execute(sa.insert(m.trial), [_trial_row(key, trial) for trial in planned])
            log(connection, record.id, key, "invited")
        return token

    def close_rater(self, study: str, number: int) -> None:
        """End the participation of one rater; what was rated stays.

        Raises:
            StudyError: There is no such rater.
        """
        record = self.study(study)
        whom = (m.rater.c.study_id == record.id) & (m.rater.c.number == number)
        with self.write() as connection:
            key = connection.scalar(sa.select(m.rater.c.id).where(whom))
            if key is None:
                raise StudyError(f"Study {study!r} has no rater {number}.")
            connection.execute(sa.update(m.rater).where(whom).values(state="closed"))
            log(connection, record.id, key, "rater-closed")

    def raters(self, study: str) -> list[RaterStatus]:
        """Return how far each rater is, by number."""
        r = m.rater.c
        query = sa.select(m.rater).where(r.study_id == self.study(study).id).order_by(r.number)
        with self.read() as connection:
            rows = connection.execute(query).mappings().all()
        return [
            RaterStatus(
                row["number"], row["code"], row["label"], row["state"],
                row["position"] - 1 if row["attempt"] == 0 else 0, row["trials"], row["last_rated"],
            )
            for row in rows
        ]  # fmt: skip

    def events(self, study: str) -> list[Event]:
        """Return the log of a study, oldest first."""
        e = m.event.c
        query = (
            sa.select(e.at, m.rater.c.number, e.kind, e.detail)
            .outerjoin_from(m.event, m.rater, m.rater.c.id == e.rater_id)
            .where(e.study_id == self.study(study).id)
            .order_by(e.id)
        )
        with self.read() as connection:
            return [Event(*row) for row in connection.execute(query)]

    def ratings(self, study: str, names: bool = False) -> pd.DataFrame:
        """Return the ratings of a study in long form, columns as in `Rating`, calibration left out.

        The score of a trial is its last revision. Raters are called by their random code, or by the organiser's
        label where `names` is true and there is one.

        Raises:
            StudyError: The study is unknown, or compares pairs.
        """
        record = self.study(study)
        if record.settings.design == "pc":
            raise StudyError(
                f"Study {study!r} compares pairs, so no method has scores of its own: export its comparisons."
            )
        return self._frame(_ratings_query(record, names), RATING_COLUMNS).astype({"seconds": float})

    def comparisons(self, study: str, names: bool = False) -> pd.DataFrame:
        """Return the answers of a study by pair comparison in long form; score 1 means left, 2 means right.

        Returns:
            Columns study, rater, trial, dataset, image, left, right, score, seconds.

        Raises:
            StudyError: The study is unknown or has another design.
        """
        record = self.study(study)
        if record.settings.design != "pc":
            raise StudyError(f"Study {study!r} has design {record.settings.design!r}: export its ratings.")
        right = m.stimulus.alias("right_stimulus")
        query = _ratings_query(record, names).join(right, right.c.id == m.trial.c.other_id)
        columns = list(query.selected_columns)
        columns[6] = right.c.method  # in the place of `repeat`
        names_of = ["left", "right"]
        return self._frame(query.with_only_columns(*columns), [*RATING_COLUMNS[:5], *names_of, *RATING_COLUMNS[7:]])

    def _frame(self, query: sa.Select[Any], columns: Sequence[str]) -> pd.DataFrame:
        import pandas as pd

        with self.read() as connection:
            rows = connection.execute(query).all()
        return pd.DataFrame(rows, columns=list(columns)).sort_values(["rater", "trial"], ignore_index=True)

    def import_ratings(
        self, name: str, rows: Sequence[dict[str, Any]], origin: Literal["imported", "synthetic"] = "imported"
    ) -> StudyRecord:
        """Store ratings that were not given here as a closed study of their own; see `srbench.mos.export`.

        Args:
            name: Name of the new study.
            rows: One dict per rating with the keys of `Rating` except `study`; seconds may be None.
            origin: Whether people gave them elsewhere, or a simulation drew them.
        """
        places = sorted({_place(row) for row in rows})
        stimuli = [Stimulus(secrets.token_hex(16), "rating", *place, sha256="", width=0, height=0) for place in places]
        ids = {(s.dataset, s.image, s.method, s.repeat): s.id for s in stimuli}
        record = self.create_study(name, Settings(), stimuli, origin=origin)
        with self.write() as connection:
            for number, code in enumerate(sorted({str(row["rater"]) for row in rows}), start=1):
                _import_rater(connection, record.id, number, code, [r for r in rows if str(r["rater"]) == code], ids)
        return record


def log(connection: sa.Connection, study: int | None, rater: int | None, kind: str, detail: str = "") -> None:
    """Append one line to the log of events."""
    row = {"study_id": study, "rater_id": rater, "at": time.time(), "kind": kind, "detail": detail[:1000]}
    connection.execute(sa.insert(m.event), row)


def load_settings(row: sa.RowMapping) -> Settings:
    """Return the settings in a row of `study`."""
    return Settings(**json.loads(row["settings"]))


def token_hash(token: str) -> str:
    """Return what the store keeps of a token; 256 random bits need neither salt nor stretching."""
    return hashlib.sha256(token.encode()).hexdigest()


def last_score() -> sa.Subquery:
    """Return a subquery (trial_id, score, seconds, number) of the last revision of every revised trial."""
    v = m.revision.c
    newest = sa.select(v.trial_id, sa.func.max(v.number).label("number")).group_by(v.trial_id).subquery()
    return (
        sa.select(v.trial_id, v.score, v.seconds, v.number)
        .join(newest, (newest.c.trial_id == v.trial_id) & (newest.c.number == v.number))
        .subquery()
    )


def _ratings_query(record: StudyRecord, names: bool) -> sa.Select[Any]:
    s, r, t, last = m.stimulus.c, m.rater.c, m.trial.c, last_score()
    return (
        sa.select(
            sa.literal(record.name),
            sa.func.coalesce(r.label, r.code) if names else r.code,
            t.position, s.dataset, s.image, s.method, s.repeat,
            sa.func.coalesce(last.c.score, m.rating.c.score),
            sa.func.coalesce(last.c.seconds, m.rating.c.seconds),
        )
        .join_from(m.rating, m.trial, t.id == m.rating.c.trial_id)
        .join(m.rater, r.id == t.rater_id)
        .join(m.stimulus, s.id == t.stimulus_id)
        .outerjoin(last, last.c.trial_id == t.id)
        .where((r.study_id == record.id) & (t.attempt == 0))
    )  # fmt: skip


def _trial_row(rater: int, trial: PlannedTrial) -> dict[str, Any]:
    row = asdict(trial)
    return {
        "id": secrets.token_hex(16),
        "rater_id": rater,
        "stimulus_id": row.pop("stimulus"),
        "other_id": row.pop("other"),
        **row,
    }


def _place(row: dict[str, Any]) -> tuple[str, str, str, int]:
    return (row["dataset"], row["image"], row["method"], row["repeat"])


def _import_rater(
    connection: sa.Connection,
    study: int,
    number: int,
    code: str,
    rows: Sequence[dict[str, Any]],
    ids: dict[tuple[str, str, str, int], str],
) -> None:
    now = time.time()
    rater = {
        "study_id": study, "number": number, "code": code, "state": "finished", "screen": "", "attempt": 0,
        "position": len(rows) + 1, "session": 1, "trials": len(rows), "calibrations": 0, "pace": 0.0, "created": now,
    }  # fmt: skip
    key = connection.execute(sa.insert(m.rater).returning(m.rater.c.id), rater).scalar_one()
    trials = [_trial_row(key, PlannedTrial(0, row["trial"], 1, ids[_place(row)])) for row in rows]
    connection.execute(sa.insert(m.trial), trials)
    scores = [
        {"trial_id": trial["id"], "score": row["score"], "seconds": row["seconds"], "at": now}
        for trial, row in zip(trials, rows, strict=True)
    ]
    connection.execute(sa.insert(m.rating), scores)

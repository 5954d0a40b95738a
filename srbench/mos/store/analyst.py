"""The analyst's side of the store: ratings as tables, read only; what reports and exports use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from srbench.errors import StudyError
from srbench.mos.store import models as m
from srbench.mos.store import studies
from srbench.mos.store.database import Database
from srbench.mos.store.definitions import NO_PREFERENCE, StudyRecord
from srbench.mos.store.dictionary import columns
from srbench.mos.store.revisions import last_score
from srbench.mos.store.rows import RATING_COLUMNS
from srbench.mos.store.session import ENDINGS

if TYPE_CHECKING:
    import pandas as pd

_s, _r, _t, _first = m.stimulus.c, m.rater.c, m.trial.c, m.rating.c


class AnalystStore:
    """Tables of a study's results. Raters go by their random codes, or by labels where `names` is true."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def study(self, name: str) -> StudyRecord:
        """Return the study of this name.

        Raises:
            StudyError: There is none.
        """
        with self._database.read() as connection:
            return studies.find(connection, name)

    def results(self, name: str, names: bool = False) -> pd.DataFrame:
        """Return the ratings of a study, or its comparisons where the design is pair comparison.

        Raises:
            StudyError: The study is unknown.
        """
        compares = self.study(name).settings.compares
        return self.comparisons(name, names) if compares else self.ratings(name, names)

    def ratings(self, name: str, names: bool = False) -> pd.DataFrame:
        """Return the ratings of a study in long form, columns as in `Rating`, calibration left out.

        The score of a trial is its last revision. Raters are called by their random code, or by the organiser's
        label where `names` is true and there is one.

        Raises:
            StudyError: The study is unknown, or compares pairs.
        """
        record = self.study(name)
        if record.settings.compares:
            raise StudyError(
                f"Study {name!r} compares pairs, so no method has scores of its own: export its comparisons."
            )
        rows = self._rows(_ratings_query(record, names))
        return _by_trial(rows, RATING_COLUMNS).astype({"seconds": float})

    def comparisons(self, name: str, names: bool = False) -> pd.DataFrame:
        """Return the answers of a study by pair comparison in long form; score 1 means left, 2 right, 1.5 neither.

        Where two versions took turns, left is the first one. Trials that look at the rater are left out.

        Returns:
            Columns study, rater, trial, dataset, image, left, right, score, seconds.

        Raises:
            StudyError: The study is unknown or has another design.
        """
        record = self.study(name)
        if not record.settings.compares:
            raise StudyError(f"Study {name!r} has design {record.settings.design!r}: export its ratings.")
        right = m.stimulus.alias("right_stimulus")
        query = _ratings_query(record, names).join(right, right.c.id == _t.other_id).where(_t.purpose == "")
        selected = list(query.selected_columns)
        selected[6] = right.c.method  # in the place of `repeat`
        table = _by_trial(self._rows(query.with_only_columns(*selected)), columns("comparisons"))
        return table.assign(score=table["score"].replace(NO_PREFERENCE, 1.5)) if record.settings.ties else table

    def calibration(self, name: str) -> pd.DataFrame | None:
        """Return how each rater did in each attempt at calibration, or None where there was none.

        Returns:
            Columns rater, attempt, right, asked, passed (`yes` or `no`).

        Raises:
            StudyError: The study is unknown.
        """
        import pandas as pd

        record = self.study(name)
        near = sa.func.abs(_first.score - _t.expected) <= record.settings.tolerance
        query = (
            sa.select(_r.code, _t.attempt, sa.func.count().filter(near), sa.func.count())
            .join_from(m.rating, m.trial, _t.id == _first.trial_id)
            .join(m.rater, _r.id == _t.rater_id)
            .where((_r.study_id == record.id) & (_t.attempt > 0))
            .group_by(_r.code, _t.attempt)
            .order_by(_r.code, _t.attempt)
        )
        rows = self._rows(query)
        if not rows:
            return None
        table = pd.DataFrame(rows, columns=["rater", "attempt", "right", "asked"])
        passed = table["right"] >= record.settings.pass_fraction * table["asked"] - 1e-9
        return table.assign(passed=passed.map({True: "yes", False: "no"}))

    def answers(self, name: str, names: bool = False) -> pd.DataFrame:
        """Return every answer that was ever given, first ones and revisions, practice and ratings, oldest first.

        Returns:
            Columns as in `dictionary.TABLES["answers"]`.

        Raises:
            StudyError: The study is unknown.
        """
        record, other = self.study(name), m.stimulus.alias("beside")
        v, last = m.revision.c, last_score()
        given = sa.union_all(
            sa.select(_first.trial_id, _first.score, _first.seconds, sa.literal(0).label("number"), _first.at),
            sa.select(v.trial_id, v.score, v.seconds, v.number, v.at),
        ).subquery()
        query = (
            sa.select(
                _who(names), sa.case((_t.attempt == 0, "rating"), else_="practice"), _t.attempt, _t.session,
                _t.position, _t.purpose, _s.dataset, _s.image, _s.method, _s.repeat,
                sa.func.coalesce(other.c.method, ""), _t.expected, given.c.score, given.c.seconds, given.c.number,
                given.c.at,
                sa.and_(_t.attempt == 0, _t.purpose == "", given.c.number == sa.func.coalesce(last.c.number, 0)),
            )
            .join_from(given, m.trial, _t.id == given.c.trial_id)
            .join(m.rater, _r.id == _t.rater_id)
            .join(m.stimulus, _s.id == _t.stimulus_id)
            .outerjoin(other, other.c.id == _t.other_id)
            .outerjoin(last, last.c.trial_id == _t.id)
            .where(_r.study_id == record.id)
            .order_by(given.c.at, _t.id, given.c.number)
        )  # fmt: skip
        return _table(self._rows(query), columns("answers")).astype(
            {"expected": "Int64", "counts": bool, "seconds": float}
        )

    def raters(self, name: str, names: bool = False) -> pd.DataFrame:
        """Return one row per rater: state, progress, times.

        Returns:
            Columns as in `dictionary.TABLES["raters"]`.

        Raises:
            StudyError: The study is unknown.
        """
        record = self.study(name)
        done = (
            sa.select(sa.func.count()).join_from(m.rating, m.trial).where((_t.rater_id == _r.id) & (_t.attempt == 0))
        ).scalar_subquery()
        again = (
            sa.select(sa.func.count())
            .select_from(m.revision.join(m.trial, _t.id == m.revision.c.trial_id))
            .where(_t.rater_id == _r.id)
        ).scalar_subquery()
        query = (
            sa.select(
                _who(names),
                _r.number,
                sa.case((_r.card.in_(ENDINGS), _r.card), else_=_r.state),
                done,
                _r.trials,
                _r.created,
                _r.last_rated,
                again,
            )
            .where(_r.study_id == record.id)
            .order_by(_r.number)
        )
        return _table(self._rows(query), columns("raters")).astype({"last_rated": float})

    def consents(self, name: str, names: bool = False) -> pd.DataFrame:
        """Return who agreed to which text, and when; columns as in `dictionary.TABLES["consents"]`.

        Raises:
            StudyError: The study is unknown.
        """
        c = m.consent.c
        query = sa.select(_who(names), c.language, c.sha256, c.at).join_from(m.consent, m.rater, _r.id == c.rater_id)
        mine = query.where(_r.study_id == self.study(name).id).order_by(_r.number)
        return _table(self._rows(mine), columns("consents")).astype({"at": float})

    def replies(self, name: str, names: bool = False) -> pd.DataFrame:
        """Return the answers to the study's questions; columns as in `dictionary.TABLES["replies"]`.

        Raises:
            StudyError: The study is unknown.
        """
        c = m.reply.c
        query = sa.select(_who(names), c.question, c.value, c.at).join_from(m.reply, m.rater, _r.id == c.rater_id)
        mine = query.where(_r.study_id == self.study(name).id).order_by(_r.number, c.question)
        return _table(self._rows(mine), columns("replies")).astype({"at": float})

    def screening(self, name: str, names: bool = False) -> pd.DataFrame:
        """Return every attempt at a test before the first picture; columns as in `dictionary.TABLES["screening"]`.

        Raises:
            StudyError: The study is unknown.
        """
        c = m.screening.c
        query = sa.select(_who(names), c.test, c.attempt, c.correct, c.asked, c.passed, c.detail, c.at)
        mine = query.join_from(m.screening, m.rater, _r.id == c.rater_id).where(_r.study_id == self.study(name).id)
        ordered = mine.order_by(_r.number, c.at, c.test)
        return _table(self._rows(ordered), columns("screening")).astype({"passed": bool, "at": float})

    def checks(self, name: str, names: bool = False) -> pd.DataFrame:
        """Return every answered trial that looked at the rater: gold, traps and repeats, with its last answer.

        Returns:
            Columns as in `dictionary.TABLES["checks"]`.

        Raises:
            StudyError: The study is unknown.
        """
        record, other, last = self.study(name), m.stimulus.alias("beside"), last_score()
        earlier = _trial_before()
        near = sa.case((_t.purpose == "gold", record.settings.tolerance), (_t.purpose == "trap", 0))
        score = sa.func.coalesce(last.c.score, _first.score)
        wanted = sa.func.coalesce(_t.expected, earlier.c.score)
        query = (
            sa.select(
                _who(names), _t.position, _t.purpose, _s.dataset, _s.image, _s.method,
                sa.func.coalesce(other.c.method, ""), wanted, score, sa.func.abs(score - wanted) <= near,
            )
            .join_from(m.rating, m.trial, _t.id == _first.trial_id)
            .join(m.rater, _r.id == _t.rater_id)
            .join(m.stimulus, _s.id == _t.stimulus_id)
            .outerjoin(other, other.c.id == _t.other_id)
            .outerjoin(last, last.c.trial_id == _t.id)
            .outerjoin(
                earlier,
                (_t.purpose == "repeat")
                & (earlier.c.rater_id == _t.rater_id)
                & (earlier.c.stimulus_id == _t.stimulus_id)
                & (sa.func.coalesce(earlier.c.other_id, "") == sa.func.coalesce(_t.other_id, "")),
            )
            .where((_r.study_id == record.id) & (_t.purpose != ""))
        )  # fmt: skip
        table = _by_trial(self._rows(query), columns("checks"))
        return table.astype({"expected": "Int64", "right": "boolean"})

    def visits(self, name: str, names: bool = False) -> pd.DataFrame:
        """Return on what device each rater opened the page, and when; columns rater, at, and those of `Visit`.

        Raises:
            StudyError: The study is unknown.
        """
        record = self.study(name)
        facts = [m.visit.c[column] for column in columns("visits")[1:]]
        query = sa.select(_who(names), *facts).join_from(m.visit, m.rater).where(_r.study_id == record.id)
        return _table(self._rows(query.order_by(m.visit.c.id)), columns("visits"))

    def stimuli(self, name: str) -> pd.DataFrame:
        """Return what was shown: role, dataset, image, method, repeat, sha256, width, height.

        Raises:
            StudyError: The study is unknown.
        """
        record = self.study(name)
        shown = [_s[column] for column in columns("stimuli")]
        query = sa.select(*shown).where(_s.study_id == record.id).order_by(*shown[:5])
        return _table(self._rows(query), columns("stimuli"))

    def events(self, name: str) -> pd.DataFrame:
        """Return the log: at, rater (the number), kind, detail.

        Raises:
            StudyError: The study is unknown.
        """
        with self._database.read() as connection:
            rows = [(e.at, e.rater, e.kind, e.detail) for e in studies.events(connection, name)]
        return _table(rows, columns("events")).astype({"rater": "Int64"})

    def _rows(self, query: sa.Select[Any]) -> Sequence[Any]:
        with self._database.read() as connection:
            return connection.execute(query).all()


def _trial_before() -> sa.Subquery:
    """Return a subquery (rater_id, stimulus_id, other_id, score) of the answers that count."""
    last = last_score()
    return (
        sa.select(_t.rater_id, _t.stimulus_id, _t.other_id, sa.func.coalesce(last.c.score, _first.score).label("score"))
        .join_from(m.rating, m.trial, _t.id == _first.trial_id)
        .outerjoin(last, last.c.trial_id == _t.id)
        .where((_t.attempt == 0) & (_t.purpose == ""))
        .subquery()
    )


def _who(names: bool) -> sa.ColumnElement[str]:
    return sa.func.coalesce(_r.label, _r.code) if names else _r.code


def _ratings_query(record: StudyRecord, names: bool) -> sa.Select[Any]:
    last = last_score()
    return (
        sa.select(
            sa.literal(record.name),
            _who(names),
            _t.position, _s.dataset, _s.image, _s.method,
            sa.case((_t.purpose == "repeat", 1), else_=_s.repeat),
            sa.func.coalesce(last.c.score, _first.score),
            sa.func.coalesce(last.c.seconds, _first.seconds),
        )
        .join_from(m.rating, m.trial, _t.id == _first.trial_id)
        .join(m.rater, _r.id == _t.rater_id)
        .join(m.stimulus, _s.id == _t.stimulus_id)
        .outerjoin(last, last.c.trial_id == _t.id)
        .where((_r.study_id == record.id) & (_t.attempt == 0) & _t.purpose.in_(("", "repeat")))
    )  # fmt: skip


def _table(rows: Sequence[Any], columns: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame([tuple(row) for row in rows], columns=list(columns))


def _by_trial(rows: Sequence[Any], columns: Sequence[str]) -> pd.DataFrame:
    return _table(rows, columns).sort_values(["rater", "trial"], ignore_index=True)

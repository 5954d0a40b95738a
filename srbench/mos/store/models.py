"""The tables of a study's store; only rows of `rater`, `study` and `tally` ever change, all else is written once."""

from __future__ import annotations

import sqlalchemy as sa

HEAD = "0006"
"""The newest migration, which these tables agree with."""

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Times are seconds since 1970 (UTC) as doubles: SQLite has no time type, and sqlite3 has dropped its adapters.

study = sa.Table(
    "study",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(200), nullable=False, unique=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("origin", sa.String(16), nullable=False),
    sa.Column("settings", sa.Text, nullable=False),  # JSON of definitions.Settings
    sa.Column("definition", sa.Text, nullable=False),  # study.toml as it was frozen
    sa.Column("digest", sa.String(64), nullable=False),  # SHA-256 of the definition
    sa.Column("created", sa.Double, nullable=False),
    sa.CheckConstraint("state IN ('open', 'paused', 'closed')", name="state"),
    sa.CheckConstraint("origin IN ('study', 'imported', 'synthetic')", name="origin"),
)

stimulus = sa.Table(
    "stimulus",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),  # unguessable, also the name of the file
    sa.Column("study_id", sa.ForeignKey(study.c.id), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("dataset", sa.String(200), nullable=False),
    sa.Column("image", sa.String(200), nullable=False),
    sa.Column("method", sa.String(200), nullable=False),
    sa.Column("repeat", sa.Integer, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("height", sa.Integer, nullable=False),
    sa.CheckConstraint("role IN ('rating', 'calibration', 'reference')", name="role"),
    sa.UniqueConstraint("study_id", "role", "dataset", "image", "method", "repeat"),
)

entrance = sa.Table(
    "entrance",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("study_id", sa.ForeignKey(study.c.id), nullable=False),
    sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("panel", sa.String(16), nullable=False),
    sa.Column("quota", sa.Integer, nullable=False),
    sa.Column("minutes", sa.Double, nullable=False),  # from entering to the end; 0 for any time
    sa.Column("completed", sa.String(300), nullable=False),  # codes or return addresses; empty for none
    sa.Column("screened_out", sa.String(300), nullable=False),
    sa.Column("failed", sa.String(300), nullable=False),
    sa.Column("created", sa.Double, nullable=False),
)

rater = sa.Table(
    "rater",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("study_id", sa.ForeignKey(study.c.id), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),  # seeds the order
    sa.Column("code", sa.String(200), nullable=False),  # what exports call this rater
    sa.Column("label", sa.String(200)),  # the organiser's own note; never exported unless asked for
    sa.Column("token_hash", sa.String(64), unique=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("card", sa.String(32), nullable=False),  # what to show before the next trial; '' for nothing
    sa.Column("attempt", sa.Integer, nullable=False),  # of calibration; 0 once the ratings have begun
    sa.Column("position", sa.Integer, nullable=False),  # of the trial that is due, from 1
    sa.Column("session", sa.Integer, nullable=False),
    sa.Column("reopened", sa.String(32)),  # the trial whose rating was undone and is asked again
    sa.Column("trials", sa.Integer, nullable=False),
    sa.Column("calibrations", sa.Integer, nullable=False),  # trials in one attempt
    sa.Column("pace", sa.Double, nullable=False),  # seconds spent on ratings, pauses not counted
    sa.Column("session_started", sa.Double),
    sa.Column("last_rated", sa.Double),
    sa.Column("created", sa.Double, nullable=False),
    sa.Column("entrance_id", sa.ForeignKey(entrance.c.id), index=True),  # None for a personal invitation
    sa.Column("participant", sa.String(64)),  # keyed hash of what the panel calls this rater
    sa.Column("block", sa.Integer),  # of an incomplete design, from 1; the number but for replacements
    sa.CheckConstraint("state IN ('invited', 'calibration', 'rating', 'finished', 'failed', 'closed')", name="state"),
    sa.UniqueConstraint("study_id", "number"),
    sa.UniqueConstraint("study_id", "code"),
    sa.Index(None, "study_id", "participant", unique=True),
)

trial = sa.Table(
    "trial",
    metadata,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("rater_id", sa.ForeignKey(rater.c.id), nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),  # 0 for ratings, 1.. for attempts at calibration
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("session", sa.Integer, nullable=False),
    sa.Column("stimulus_id", sa.ForeignKey(stimulus.c.id), nullable=False),
    sa.Column("other_id", sa.ForeignKey(stimulus.c.id)),  # the second picture of DCR and pair comparison
    sa.Column("expected", sa.Integer),  # the score that calibration teaches, or that a gold or trap trial expects
    sa.Column("purpose", sa.String(16), nullable=False, server_default=""),  # '' for what counts; gold, trap, repeat
    sa.UniqueConstraint("rater_id", "attempt", "position"),
)

rating = sa.Table(
    "rating",
    metadata,
    sa.Column("trial_id", sa.ForeignKey(trial.c.id), primary_key=True),
    sa.Column("score", sa.Integer, nullable=False),
    sa.Column("seconds", sa.Double),  # unknown for ratings that were imported without it
    sa.Column("at", sa.Double, nullable=False),
    sa.CheckConstraint("score BETWEEN 1 AND 5", name="score"),
    sa.CheckConstraint("seconds >= 0", name="seconds"),
)

revision = sa.Table(
    "revision",
    metadata,
    sa.Column("trial_id", sa.ForeignKey(rating.c.trial_id), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("score", sa.Integer, nullable=False),
    sa.Column("seconds", sa.Double, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.CheckConstraint("score BETWEEN 1 AND 5", name="score"),
    sa.CheckConstraint("seconds >= 0", name="seconds"),
)

visit = sa.Table(
    "visit",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("rater_id", sa.ForeignKey(rater.c.id), nullable=False, index=True),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("device", sa.String(16), nullable=False),
    sa.Column("pixel_ratio", sa.Double, nullable=False),
    sa.Column("screen_width", sa.Integer, nullable=False),
    sa.Column("screen_height", sa.Integer, nullable=False),
    sa.Column("window_width", sa.Integer, nullable=False),
    sa.Column("window_height", sa.Integer, nullable=False),
    sa.Column("room_width", sa.Integer, nullable=False),
    sa.Column("room_height", sa.Integer, nullable=False),
    sa.Column("browser", sa.String(300), nullable=False),
    sa.Column("language", sa.String(32), nullable=False),
    sa.Column("utc_offset", sa.Integer, nullable=False),  # minutes
    sa.CheckConstraint("device IN ('desktop', 'tablet', 'phone')", name="device"),
)

consent = sa.Table(
    "consent",
    metadata,
    sa.Column("rater_id", sa.ForeignKey(rater.c.id), primary_key=True, autoincrement=False),
    sa.Column("language", sa.String(32), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),  # of the text that was agreed to
    sa.Column("at", sa.Double, nullable=False),
)

reply = sa.Table(
    "reply",
    metadata,
    sa.Column("rater_id", sa.ForeignKey(rater.c.id), primary_key=True, autoincrement=False),
    sa.Column("question", sa.String(32), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
)

screening = sa.Table(
    "screening",
    metadata,
    sa.Column("rater_id", sa.ForeignKey(rater.c.id), primary_key=True, autoincrement=False),
    sa.Column("test", sa.String(16), primary_key=True),  # acuity, colour, contrast
    sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("correct", sa.Integer, nullable=False),  # answers, of `asked`
    sa.Column("asked", sa.Integer, nullable=False),
    sa.Column("passed", sa.Boolean, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),  # JSON: what was measured, shown and answered
    sa.Column("at", sa.Double, nullable=False),
)

tally = sa.Table(  # of the answers to pairs, in studies whose pairs are chosen from them
    "tally",
    metadata,
    sa.Column("study_id", sa.ForeignKey(study.c.id), primary_key=True, autoincrement=False),
    sa.Column("first", sa.String(32), primary_key=True),  # stimuli, the smaller id first
    sa.Column("second", sa.String(32), primary_key=True),
    sa.Column("first_wins", sa.Integer, nullable=False),
    sa.Column("second_wins", sa.Integer, nullable=False),
    sa.Column("ties", sa.Integer, nullable=False),
)

event = sa.Table(
    "event",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("study_id", sa.ForeignKey(study.c.id), index=True),
    sa.Column("rater_id", sa.ForeignKey(rater.c.id)),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
)

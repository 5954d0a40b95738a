"""The first tables of the store."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create all tables."""
    op.create_table(
        "study",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.CheckConstraint("origin IN ('study', 'imported', 'synthetic')", name=op.f("ck_study_origin")),
        sa.CheckConstraint("state IN ('open', 'paused', 'closed')", name=op.f("ck_study_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_study")),
        sa.UniqueConstraint("name", name=op.f("uq_study_name")),
    )
    op.create_table(
        "rater",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=200), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=True),
        sa.Column("token_hash", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("screen", sa.String(length=32), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("session", sa.Integer(), nullable=False),
        sa.Column("reopened", sa.String(length=32), nullable=True),
        sa.Column("trials", sa.Integer(), nullable=False),
        sa.Column("calibrations", sa.Integer(), nullable=False),
        sa.Column("pace", sa.Double(), nullable=False),
        sa.Column("session_started", sa.Double(), nullable=True),
        sa.Column("last_rated", sa.Double(), nullable=True),
        sa.Column("created", sa.Double(), nullable=False),
        sa.CheckConstraint(
            "state IN ('invited', 'calibration', 'rating', 'finished', 'failed', 'closed')", name=op.f("ck_rater_state")
        ),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_rater_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rater")),
        sa.UniqueConstraint("study_id", "code", name=op.f("uq_rater_study_id_code")),
        sa.UniqueConstraint("study_id", "number", name=op.f("uq_rater_study_id_number")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_rater_token_hash")),
    )
    op.create_table(
        "stimulus",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("dataset", sa.String(length=200), nullable=False),
        sa.Column("image", sa.String(length=200), nullable=False),
        sa.Column("method", sa.String(length=200), nullable=False),
        sa.Column("repeat", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.CheckConstraint("role IN ('rating', 'calibration', 'reference')", name=op.f("ck_stimulus_role")),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_stimulus_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stimulus")),
        sa.UniqueConstraint(
            "study_id",
            "role",
            "dataset",
            "image",
            "method",
            "repeat",
            name=op.f("uq_stimulus_study_id_role_dataset_image_method_repeat"),
        ),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=True),
        sa.Column("rater_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["rater_id"], ["rater.id"], name=op.f("fk_event_rater_id")),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_event_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    op.create_index(op.f("ix_event_study_id"), "event", ["study_id"], unique=False)
    op.create_table(
        "trial",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("rater_id", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("session", sa.Integer(), nullable=False),
        sa.Column("stimulus_id", sa.String(length=32), nullable=False),
        sa.Column("other_id", sa.String(length=32), nullable=True),
        sa.Column("expected", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["other_id"], ["stimulus.id"], name=op.f("fk_trial_other_id")),
        sa.ForeignKeyConstraint(["rater_id"], ["rater.id"], name=op.f("fk_trial_rater_id")),
        sa.ForeignKeyConstraint(["stimulus_id"], ["stimulus.id"], name=op.f("fk_trial_stimulus_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trial")),
        sa.UniqueConstraint("rater_id", "attempt", "position", name=op.f("uq_trial_rater_id_attempt_position")),
    )
    op.create_table(
        "rating",
        sa.Column("trial_id", sa.String(length=32), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("at", sa.Double(), nullable=False),
        sa.CheckConstraint("score BETWEEN 1 AND 5", name=op.f("ck_rating_score")),
        sa.CheckConstraint("seconds >= 0", name=op.f("ck_rating_seconds")),
        sa.ForeignKeyConstraint(["trial_id"], ["trial.id"], name=op.f("fk_rating_trial_id")),
        sa.PrimaryKeyConstraint("trial_id", name=op.f("pk_rating")),
    )
    op.create_table(
        "revision",
        sa.Column("trial_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.CheckConstraint("score BETWEEN 1 AND 5", name=op.f("ck_revision_score")),
        sa.CheckConstraint("seconds >= 0", name=op.f("ck_revision_seconds")),
        sa.ForeignKeyConstraint(["trial_id"], ["rating.trial_id"], name=op.f("fk_revision_trial_id")),
        sa.PrimaryKeyConstraint("trial_id", "number", name=op.f("pk_revision")),
    )


def downgrade() -> None:
    """Drop all tables, and with them all ratings."""
    op.drop_table("revision")
    op.drop_table("rating")
    op.drop_table("trial")
    op.drop_index(op.f("ix_event_study_id"), table_name="event")
    op.drop_table("event")
    op.drop_table("stimulus")
    op.drop_table("rater")
    op.drop_table("study")

"""What devices raters came with; and a card is called so, because a screen is what it is shown on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of visits, and name the column of cards."""
    op.execute("ALTER TABLE rater RENAME COLUMN screen TO card")  # the same on SQLite and PostgreSQL
    op.create_table(
        "visit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rater_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("device", sa.String(length=16), nullable=False),
        sa.Column("pixel_ratio", sa.Double(), nullable=False),
        sa.Column("screen_width", sa.Integer(), nullable=False),
        sa.Column("screen_height", sa.Integer(), nullable=False),
        sa.Column("window_width", sa.Integer(), nullable=False),
        sa.Column("window_height", sa.Integer(), nullable=False),
        sa.Column("room_width", sa.Integer(), nullable=False),
        sa.Column("room_height", sa.Integer(), nullable=False),
        sa.Column("browser", sa.String(length=300), nullable=False),
        sa.Column("language", sa.String(length=32), nullable=False),
        sa.Column("utc_offset", sa.Integer(), nullable=False),
        sa.CheckConstraint("device IN ('desktop', 'tablet', 'phone')", name=op.f("ck_visit_device")),
        sa.ForeignKeyConstraint(["rater_id"], ["rater.id"], name=op.f("fk_visit_rater_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
    )
    op.create_index(op.f("ix_visit_rater_id"), "visit", ["rater_id"], unique=False)


def downgrade() -> None:
    """Undo both."""
    op.drop_index(op.f("ix_visit_rater_id"), table_name="visit")
    op.drop_table("visit")
    op.execute("ALTER TABLE rater RENAME COLUMN card TO screen")

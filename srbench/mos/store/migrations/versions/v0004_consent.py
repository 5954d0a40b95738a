"""What raters agreed to, and what they answered to questions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "consent",
        sa.Column("rater_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=32), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["rater_id"], ["rater.id"], name=op.f("fk_consent_rater_id")),
        sa.PrimaryKeyConstraint("rater_id", name=op.f("pk_consent")),
    )
    op.create_table(
        "reply",
        sa.Column("rater_id", sa.Integer(), nullable=False),
        sa.Column("question", sa.String(length=32), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["rater_id"], ["rater.id"], name=op.f("fk_reply_rater_id")),
        sa.PrimaryKeyConstraint("rater_id", "question", name=op.f("pk_reply")),
    )


def downgrade() -> None:
    """Undo both."""
    op.drop_table("reply")
    op.drop_table("consent")

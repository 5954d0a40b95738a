"""What raters' eyes and screens were found to be, and which trials are there to look at the rater."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of screenings and of preferences, and the column that tells trials which do not count."""
    op.add_column("trial", sa.Column("purpose", sa.String(length=16), server_default="", nullable=False))
    op.create_table(
        "screening",
        sa.Column("rater_id", sa.Integer(), nullable=False),
        sa.Column("test", sa.String(length=16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("correct", sa.Integer(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["rater_id"], ["rater.id"], name=op.f("fk_screening_rater_id")),
        sa.PrimaryKeyConstraint("rater_id", "test", "attempt", name=op.f("pk_screening")),
    )
    op.create_table(
        "tally",
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("first", sa.String(length=32), nullable=False),
        sa.Column("second", sa.String(length=32), nullable=False),
        sa.Column("first_wins", sa.Integer(), nullable=False),
        sa.Column("second_wins", sa.Integer(), nullable=False),
        sa.Column("ties", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_tally_study_id")),
        sa.PrimaryKeyConstraint("study_id", "first", "second", name=op.f("pk_tally")),
    )


def downgrade() -> None:
    """Undo all."""
    op.drop_table("tally")
    op.drop_table("screening")
    with op.batch_alter_table("trial") as table:
        table.drop_column("purpose")

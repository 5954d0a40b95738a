"""Which block of an incomplete design a rater has, so that another can take it over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; whoever was there before has the block of the own number."""
    op.add_column("rater", sa.Column("block", sa.Integer(), nullable=True))
    op.execute("UPDATE rater SET block = number")


def downgrade() -> None:
    """Undo it."""
    with op.batch_alter_table("rater") as table:
        table.drop_column("block")

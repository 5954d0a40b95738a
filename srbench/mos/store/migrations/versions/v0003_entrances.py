"""Open links: whoever comes by one becomes a rater, up to a quota, and a panel is told who took part."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of entrances, and say of a rater which one it was."""
    op.create_table(
        "entrance",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("panel", sa.String(length=16), nullable=False),
        sa.Column("quota", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Double(), nullable=False),
        sa.Column("completed", sa.String(length=300), nullable=False),
        sa.Column("screened_out", sa.String(length=300), nullable=False),
        sa.Column("failed", sa.String(length=300), nullable=False),
        sa.Column("created", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name=op.f("fk_entrance_study_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entrance")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_entrance_token_hash")),
    )
    if op.get_bind().dialect.name == "sqlite":  # adds a reference with its column only
        op.execute("ALTER TABLE rater ADD COLUMN entrance_id INTEGER REFERENCES entrance (id)")
    else:
        op.add_column("rater", sa.Column("entrance_id", sa.Integer(), nullable=True))
        op.create_foreign_key(op.f("fk_rater_entrance_id"), "rater", "entrance", ["entrance_id"], ["id"])
    op.add_column("rater", sa.Column("participant", sa.String(length=64), nullable=True))
    op.create_index(op.f("ix_rater_entrance_id"), "rater", ["entrance_id"], unique=False)
    op.create_index(op.f("ix_rater_study_id_participant"), "rater", ["study_id", "participant"], unique=True)


def downgrade() -> None:
    """Undo all."""
    op.drop_index(op.f("ix_rater_study_id_participant"), table_name="rater")
    op.drop_index(op.f("ix_rater_entrance_id"), table_name="rater")
    with op.batch_alter_table("rater") as table:
        table.drop_column("participant")
        table.drop_column("entrance_id")
    op.drop_table("entrance")

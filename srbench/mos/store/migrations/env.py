"""Alembic's entry: runs the migrations on the connection that `srbench.mos.store.database` hands over."""

from __future__ import annotations

from alembic import context

from srbench.mos.store.models import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()

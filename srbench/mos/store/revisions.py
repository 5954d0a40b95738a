"""The answers that count: of a trial that was answered anew, the last one."""

from __future__ import annotations

import sqlalchemy as sa

from srbench.mos.store import models as m


def last_score() -> sa.Subquery:
    """Return a subquery (trial_id, score, seconds, number) of the last revision of every revised trial."""
    v = m.revision.c
    newest = sa.select(v.trial_id, sa.func.max(v.number).label("number")).group_by(v.trial_id).subquery()
    return (
        sa.select(v.trial_id, v.score, v.seconds, v.number)
        .join(newest, (newest.c.trial_id == v.trial_id) & (newest.c.number == v.number))
        .subquery()
    )

"""The log of a study: one line for everything that happened besides ratings."""

from __future__ import annotations

import time

import sqlalchemy as sa

from srbench.mos.store import models as m

_LONGEST_KIND = 32
_LONGEST_DETAIL = 1000
_INSERT = sa.insert(m.event)


def log(connection: sa.Connection, study: int | None, rater: int | None, kind: str, detail: str = "") -> None:
    """Append one line; `study` and `rater` are keys of their tables, None where nobody is known."""
    row = {"study_id": study, "rater_id": rater, "at": time.time()}
    text = {"kind": kind[:_LONGEST_KIND], "detail": detail[:_LONGEST_DETAIL]}
    connection.execute(_INSERT, {**row, **text})

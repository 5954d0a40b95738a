"""Times to come, as people are told them: rounded up to minutes."""

from __future__ import annotations

import math


def minutes(seconds: float) -> int:
    """Return a time in minutes, rounded up: what is promised is not too short.

    >>> minutes(61)
    2
    """
    return math.ceil(seconds / 60)


def duration(seconds: float) -> str:
    """Return a time as text; nothing where nothing is left.

    >>> duration(3601)
    '1 h 01 min'
    """
    hours, rest = divmod(minutes(seconds), 60)
    return f"{hours} h {rest:02d} min" if hours else f"{rest} min" if rest else ""

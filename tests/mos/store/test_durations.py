from __future__ import annotations

import pytest

from srbench.mos.store.durations import duration, minutes


@pytest.mark.parametrize(
    ("seconds", "count", "text"),
    [
        (0, 0, ""),
        (0.5, 1, "1 min"),
        (60, 1, "1 min"),
        (60.1, 2, "2 min"),
        (3540.1, 60, "1 h 00 min"),
        (3599, 60, "1 h 00 min"),
        (3601, 61, "1 h 01 min"),
        (40 * 3600 - 1, 2400, "40 h 00 min"),
    ],
)
def test_a_time_to_come_is_rounded_up_to_minutes_and_told_in_hours_from_sixty_on(seconds, count, text):
    assert minutes(seconds) == count
    assert duration(seconds) == text

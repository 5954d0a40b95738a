"""Learning rates begin and end as their names say."""

from __future__ import annotations

import pytest

from srbench.errors import TrainingError
from srbench.training.schedules import SCHEDULES, schedule


def test_schedules_begin_high_and_end_as_they_should() -> None:
    assert all(0 < curve(0.0) <= 1 for curve in SCHEDULES.values())
    assert schedule("cosine")(1.0) == pytest.approx(0, abs=1e-9)
    assert schedule("one-cycle")(0.3) == pytest.approx(1)
    assert [schedule("drop")(f) for f in (0.49, 0.5)] == [1.0, 0.1]


@pytest.mark.parametrize("name", list(SCHEDULES))
def test_a_rate_is_never_negative_nor_above_the_base(name: str) -> None:
    rates = [schedule(name)(step / 500) for step in range(501)]
    assert min(rates) >= 0
    assert max(rates) == pytest.approx(1, abs=0.01)


def test_a_name_that_is_none_is_told_with_the_nearest() -> None:
    with pytest.raises(TrainingError, match=r"Unknown schedule 'cosin'\. Did you mean 'cosine'"):
        schedule("cosin")

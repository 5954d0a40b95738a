"""How a run goes is shown in lines where there is no terminal, and taken down by every logger."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
import pytest

from srbench.images import Image
from srbench.training import progress
from srbench.training.progress import Display


class Taken:
    """A logger that remembers."""

    def __init__(self) -> None:
        self.points: list[tuple[int, dict[str, float]]] = []
        self.pictures: list[tuple[int, str]] = []
        self.closed = 0

    def values(self, step: int, values: Mapping[str, float]) -> None:
        self.points.append((step, dict(values)))

    def picture(self, step: int, name: str, image: Image) -> None:
        self.pictures.append((step, name))

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_lines_come_every_half_minute_and_points_twice_a_second(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    taken = Taken()
    with Display("espcn", [taken]) as display:
        for step in range(1, 702):  # 70 seconds, ten steps each
            display.update(step, step / 1000, 100 - step / 10, {"loss": 0.5}, 1e-3)
            clock[0] += 0.1
    lines = capsys.readouterr().err.splitlines()
    # A line more than thirty seconds after the last, at one of the moments when the bar is drawn anew.
    steps = [int(line.split()[4]) for line in lines]
    assert steps[0] == 1
    assert len(steps) == 3
    assert all(300 < later - sooner <= 307 for sooner, later in itertools.pairwise(steps))
    assert lines[0] == "  0.1%  left 0:01:39  step 1  loss 0.5"
    assert len(taken.points) == pytest.approx(140, abs=25)
    assert taken.points[0] == (1, {"loss": 0.5, "learning rate": 1e-3})


def test_every_logger_gets_every_picture_and_is_closed_when_a_run_breaks() -> None:
    loggers = [Taken(), Taken()]

    def broken() -> None:
        with Display("espcn", loggers, quiet=True) as display:
            display.record(3, {"validation PSNR": 30.0})
            display.picture(3, "samples", np.zeros((4, 4, 3), np.uint8))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    for one in loggers:
        assert one.points == [(3, {"validation PSNR": 30.0})]
        assert one.pictures == [(3, "samples")]
        assert one.closed == 1


def test_quiet_says_nothing(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with Display("espcn", quiet=True) as display:
        display.update(1, 0.5, 10.0, {"loss": 1.0})
        display.say("a line")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00:00"), (-3, "0:00:00"), (59.9, "0:00:59"), (3600 * 30 + 61, "30:01:01"), (1e8, "?")]
)
def test_the_time_left_is_a_clock_or_not_known(seconds: float, text: str) -> None:
    assert progress._clock(seconds) == text

"""Scoring an image: what one metric does costs no other its score."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable

import numpy as np
import pytest

from srbench import metrics
from srbench.errors import MetricError
from srbench.metrics import table

HR = np.random.default_rng(4).integers(0, 256, (32, 36, 3), dtype=np.uint8)
SR = np.clip(HR.astype(int) + 9, 0, 255).astype(np.uint8)


@pytest.fixture
def register(own_tables: None) -> Callable[[str, table.Function], None]:
    """Return a function that registers a metric for one test."""

    def own(name: str, function: table.Function) -> None:
        metrics.register_metric(name, title=name, higher_is_better=True)(function)

    return own


def test_an_image_too_small_for_ssim_keeps_its_psnr() -> None:
    scores = metrics.evaluate_each(SR[:16, :16], HR[:16, :16], scale=4)
    assert scores["psnr"] == metrics.evaluate(SR[:16, :16], HR[:16, :16], scale=4, names=["psnr"])["psnr"]
    assert scores["ssim"] == ("SSIM needs 11x11 pixels after the border is removed; 8x8 are left.")


def divide(sr: np.ndarray, hr: np.ndarray) -> float:
    return 1 / 0


def leave(sr: np.ndarray, hr: np.ndarray) -> float:
    sys.exit(3)


def refuse(sr: np.ndarray, hr: np.ndarray) -> float:
    raise MetricError("Only for\nphotographs.")


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (divide, "Metric 'own' failed: ZeroDivisionError: division by zero"),
        (leave, "Metric 'own' ends the program with 3"),
        (refuse, "Only for photographs."),
        (lambda sr, hr: math.nan, "Metric 'own' returned NaN; expected a number."),
        (lambda sr, hr: None, "Metric 'own' failed: TypeError"),
        (lambda sr, hr: np.zeros(2), "Metric 'own' failed: TypeError"),
    ],
)
def test_a_metric_that_fails_costs_only_itself(register: Callable[..., None], function: table.Function, message: str):
    register("own", function)
    scores = metrics.evaluate_each(SR, HR, scale=4, names=["ssim", "own", "psnr"])
    assert list(scores) == ["ssim", "own", "psnr"]
    assert str(scores.pop("own")).startswith(message)
    assert scores == metrics.evaluate(SR, HR, scale=4, names=["ssim", "psnr"])
    with pytest.raises(MetricError):
        metrics.evaluate(SR, HR, scale=4, names=["psnr", "own"])


def test_an_interrupt_inside_a_metric_ends_the_scoring(register: Callable[..., None]) -> None:
    def interrupted(sr: np.ndarray, hr: np.ndarray) -> float:
        raise KeyboardInterrupt

    register("own", interrupted)
    with pytest.raises(KeyboardInterrupt):
        metrics.evaluate_each(SR, HR, scale=4, names=["own"])


@pytest.mark.parametrize("on", ["rgb", "y"])
def test_a_metric_that_paints_over_its_images_changes_no_other_score(register: Callable[..., None], on: str) -> None:
    @metrics.register_metric("rude", title="Rude", higher_is_better=True, on=on)  # type: ignore[arg-type]
    def rude(sr: np.ndarray, hr: np.ndarray) -> float:
        sr[:] = hr
        return 0.0

    names = ["psnr", "ssim", "gmsd"]
    assert metrics.evaluate(SR, HR, scale=4, names=["rude", *names]) == {
        "rude": 0.0,
        **metrics.evaluate(SR, HR, scale=4, names=names),
    }


def test_an_unknown_metric_costs_only_itself() -> None:
    scores = metrics.evaluate_each(SR, HR, scale=4, names=["psnr", "pnsr"])
    assert scores["pnsr"] == "Unknown metric 'pnsr'. Did you mean 'psnr'?"
    assert isinstance(scores["psnr"], float)


def test_images_that_cannot_be_compared_fail_every_metric_for_the_same_reason() -> None:
    scores = metrics.evaluate_each(SR, HR[:-4], scale=4)
    assert set(scores) == {"psnr", "ssim"}
    assert all("expected equal shapes" in str(value) for value in scores.values())


def test_an_unknown_protocol_is_no_matter_of_a_metric() -> None:
    with pytest.raises(MetricError, match="Unknown protocol"):
        metrics.evaluate_each(SR, HR, scale=4, protocol="matlap")

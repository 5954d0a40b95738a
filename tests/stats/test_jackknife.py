"""Intervals from leaving out one image and one rater: of a plain mean they are those of the analysis of variance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as scipy_stats

from srbench.stats.intervals import crossed_mean
from srbench.stats.jackknife import Estimate


def of_mean(values: np.ndarray) -> Estimate:
    """Return the mean of cells (R, I) as something that knows what it is without each image and rater."""
    raters, images = values.shape
    total = values.sum()
    return Estimate(
        float(values.mean()),
        (total - values.sum(axis=0)) / (raters * (images - 1)),
        (total - values.sum(axis=1)) / ((raters - 1) * images),
        values,
    )


def test_of_a_mean_error_and_degrees_are_those_of_the_crossed_interval() -> None:
    source = np.random.default_rng(0)
    values = source.normal(0, 1, (8, 1)) + source.normal(0, 1, (1, 12)) + source.normal(0, 1, (8, 12))
    expected, found = crossed_mean(values), of_mean(values)
    assert found.error() == pytest.approx((expected.error, expected.degrees))
    assert found.interval("plain") == pytest.approx(expected.interval())


def test_raters_who_do_not_vary_add_nothing() -> None:
    source = np.random.default_rng(1)
    values = source.normal(0, 1, (1, 12)) + source.normal(0, 1, (8, 12))
    values -= values.mean(axis=1, keepdims=True)
    error, degrees = of_mean(values).error()
    assert error == pytest.approx(values.mean(axis=0).std(ddof=1) / np.sqrt(12))
    assert degrees == pytest.approx(11)


def test_a_figure_that_jumps_with_every_rater_is_not_taken_for_less_certain_than_it_is() -> None:
    """The share of images whose rounded mean is high: without one rater many an image changes sides."""
    source = np.random.default_rng(2)
    errors, values = {"with": [], "without": []}, []
    for _ in range(200):
        answers = source.normal(0, 0.3, (1, 40)) + source.normal(0, 1.0, (20, 40))
        whole = (answers.mean(axis=0) > 0).astype(float)
        left = ((answers.sum(axis=0) - answers) / 19 > 0).astype(float)
        images = (whole.sum() - whole) / 39
        cells = 20 * whole - 19 * left
        values.append(whole.mean())
        for name, table in (("with", cells), ("without", np.empty((0, 0)))):
            errors[name].append(Estimate(values[-1], images, left.mean(axis=1), table).error()[0])
    assert np.mean(errors["with"]) == pytest.approx(np.std(values), rel=0.2)
    assert np.mean(errors["without"]) > 1.4 * np.std(values)


def test_long_tails_halve_the_degrees_of_images() -> None:
    images = np.array([0.5, 0.55, 0.6, 0.52, 0.61, 0.58])
    short, long = (Estimate(0.56, images, np.empty(0), long_tails=tails) for tails in (False, True))
    assert (short.error()[1], long.error()[1]) == (5.0, 2.5)
    widths = [np.diff(each.interval("plain"))[0] for each in (short, long)]
    assert widths[1] / widths[0] == pytest.approx(scipy_stats.t.isf(0.025, 2.5) / scipy_stats.t.isf(0.025, 5))


@pytest.mark.parametrize("scale", ["fisher", "logit"])
def test_the_noise_of_single_answers_follows_the_scale(scale: str) -> None:
    """Near the figure every scale is a straight line, so that small errors give the same interval on all."""
    source = np.random.default_rng(3)
    values = 0.4 + 1e-4 * (source.normal(0, 1, (8, 1)) + source.normal(0, 1, (1, 12)) + source.normal(0, 2, (8, 12)))
    estimate = of_mean(values)
    assert estimate.interval(scale) == pytest.approx(estimate.interval("plain"), abs=1e-7)


def test_differences_and_signs_keep_their_cells() -> None:
    source = np.random.default_rng(4)
    one, other = source.normal(0, 1, (2, 6, 9))
    assert of_mean(one).minus(of_mean(other)).error() == pytest.approx(of_mean(one - other).error())
    assert of_mean(one).times(-1.0).interval("plain") == pytest.approx(of_mean(-one).interval("plain"))

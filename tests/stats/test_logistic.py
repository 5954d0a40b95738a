"""The monotone curve from a metric to opinion scores."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

from srbench.errors import StatisticsError
from srbench.stats import logistic


def _sigmoid(seed: int, sign: float = 1.0, noise: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    source = np.random.default_rng(seed)
    x = source.uniform(20, 40, 300)
    return x, 3 + sign * 1.8 * np.tanh((x - 30) / 4) + source.normal(0, noise, 300)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_logistic_fit_is_as_good_as_an_unbounded_one_from_the_truth(sign):
    x, y = _sigmoid(0, sign)
    found = logistic.fit(x, y)

    def curve(t, start, end, centre, width):
        return start + (end - start) / (1 + np.exp(-(t - centre) / width))

    truth, _ = optimize.curve_fit(curve, x, y, p0=[3 - sign * 1.8, 3 + sign * 1.8, 30, 2])
    assert found.form == "logistic4"
    assert found.parameters == pytest.approx(tuple(truth), rel=1e-4)
    assert found(x) == pytest.approx(curve(x, *truth), abs=1e-4)


@pytest.mark.parametrize("form", ["logistic4", "logistic5"])
@pytest.mark.parametrize("seed", range(8))
def test_no_data_makes_the_mapping_diverge_or_turn_round(form, seed):
    source = np.random.default_rng(seed)
    x = np.concatenate([source.normal(0, 1, 30), [1e4, -1e3]][: 1 + seed % 2])
    y = source.uniform(1, 5, x.size)
    found = logistic.fit(x, y, form)
    grid = found(np.linspace(x.min(), x.max(), 500))
    steps = np.diff(grid)
    assert np.isfinite(grid).all()
    assert (steps >= -1e-9).all() or (steps <= 1e-9).all()
    assert grid.min() > -8
    assert grid.max() < 14


def test_five_parameters_fit_at_least_as_well_as_four():
    x, y = _sigmoid(4)
    errors = [((logistic.fit(x, y, form)(x) - y) ** 2).sum() for form in ("linear", "logistic4", "logistic5")]
    assert errors[0] > errors[1] >= errors[2] - 1e-6


@pytest.mark.parametrize(("x", "y"), [(np.ones(9), np.arange(9.0)), (np.arange(9.0), np.ones(9))])
def test_a_constant_has_no_mapping(x, y):
    with pytest.raises(StatisticsError, match="constant"):
        logistic.fit(x, y)


def test_the_band_of_the_curve_covers_the_true_curve() -> None:
    source, inside = np.random.default_rng(8), 0
    at = np.array([24.0, 30.0, 36.0])
    for _ in range(80):
        image = np.repeat(np.arange(30), 6)
        x = source.uniform(20, 40, 180)
        y = 3 + 1.8 * np.tanh((x - 30) / 4) + source.normal(0, 0.2, 30)[image] + source.normal(0, 0.2, 180)
        mapping = logistic.fit(x, y)
        half = logistic.band(mapping, x, y, image, at)
        inside += np.abs(mapping(at) - 3 - 1.8 * np.tanh((at - 30) / 4)) <= half
    assert (inside / 80 >= 0.88).all()

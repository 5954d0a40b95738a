"""The likelihood of an ordinal score against scipy's distributions, and its derivatives against differences."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as scipy_stats

from srbench.errors import StatisticsError
from srbench.stats import links

DISTRIBUTIONS = {"logit": scipy_stats.logistic, "probit": scipy_stats.norm}
UPPER = np.array([0.3, np.inf, -1.2, 2.0, 4.0])
LOWER = np.array([-0.7, 0.4, -np.inf, 1.9, 3.0])
STEP = 1e-5


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_the_probability_is_scipys_and_keeps_its_digits_in_both_tails(name: str) -> None:
    link, law = links.find(name), DISTRIBUTIONS[name]
    value = links.interval(link, UPPER, LOWER).value
    np.testing.assert_allclose(value, np.log(law.cdf(UPPER) - law.cdf(LOWER)), rtol=1e-9)
    high = links.interval(link, np.array([21.0]), np.array([20.0])).value
    low = links.interval(link, np.array([-20.0]), np.array([-21.0])).value
    assert high == pytest.approx(low, rel=1e-12)
    assert low == pytest.approx(np.log(law.cdf(-20.0) - law.cdf(-21.0)), rel=1e-9)


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_derivatives_are_those_of_differences(name: str) -> None:
    link = links.find(name)
    at = links.interval(link, UPPER, LOWER)

    def slope(part: str, upper: float, lower: float) -> np.ndarray:
        ends = [
            getattr(links.interval(link, UPPER + sign * upper, LOWER + sign * lower), part) for sign in (STEP, -STEP)
        ]
        return (ends[0] - ends[1]) / (2 * STEP)

    # The linear predictor rises where both ends fall.
    np.testing.assert_allclose(at.slope, -slope("value", 1, 1), atol=1e-6)
    np.testing.assert_allclose(at.curvature, slope("slope", 1, 1), atol=1e-6)
    np.testing.assert_allclose(at.third, slope("curvature", 1, 1), atol=1e-6)
    for part in ("value", "slope", "curvature"):
        np.testing.assert_allclose(getattr(at, f"{part}_a"), slope(part, 1, 0), atol=1e-6)
        np.testing.assert_allclose(getattr(at, f"{part}_c"), slope(part, 0, 1), atol=1e-6)


def test_an_unknown_link_is_named() -> None:
    with pytest.raises(StatisticsError, match="cauchit"):
        links.find("cauchit")

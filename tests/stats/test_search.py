"""The search finds a maximum beside a place where the likelihood cannot be computed."""

from __future__ import annotations

import numpy as np
import pytest

from srbench.errors import StatisticsError
from srbench.stats.search import minimise
from srbench.stats.tables import Array


def test_it_turns_round_where_the_likelihood_cannot_be_computed() -> None:
    refused = []

    def cliff(vector: Array) -> tuple[float, Array]:
        if vector[0] > 30.0:
            refused.append(vector[0])
            raise StatisticsError("off the cliff")
        steep = np.exp(3.0 * (vector[0] - 1.0))  # nearly a line far from its minimum, so that steps are long
        return float(steep - vector[0]), np.array([3.0 * steep - 1.0])

    found = minimise(cliff, np.array([-40.0]), [(None, None)])
    np.testing.assert_allclose(found, [1.0 - np.log(3.0) / 3.0], atol=1e-4)
    assert refused


def test_bounds_hold_and_a_start_that_cannot_be_computed_is_an_error() -> None:
    def bowl(vector: Array) -> tuple[float, Array]:
        if vector[0] > 100.0:
            raise StatisticsError("too far")
        return float(vector @ vector), 2.0 * vector

    assert minimise(bowl, np.array([5.0]), [(2.0, None)]) == pytest.approx([2.0])
    with pytest.raises(StatisticsError, match="too far"):
        minimise(bowl, np.array([200.0]), [(None, None)])

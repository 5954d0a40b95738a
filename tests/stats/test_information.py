"""The inverse information of likelihoods whose curvature is known."""

from __future__ import annotations

import numpy as np

from srbench.stats.information import inverse_information
from srbench.stats.tables import Array


def test_it_is_the_inverse_of_the_second_derivatives_of_the_free_parameters() -> None:
    source = np.random.default_rng(0)
    root = source.normal(size=(4, 4))
    curvature = root @ root.T + np.eye(4)

    def likelihood(vector: Array) -> tuple[float, Array]:
        return float(0.5 * vector @ curvature @ vector + np.cosh(vector[0])), curvature @ vector + np.array(
            [np.sinh(vector[0]), 0.0, 0.0, 0.0]
        )

    at = np.array([0.5, 0.1, -0.2, 0.3])
    whole = curvature + np.diag([np.cosh(0.5), 0.0, 0.0, 0.0])
    found = inverse_information(likelihood, at, np.ones(4, dtype=bool))
    np.testing.assert_allclose(found, np.linalg.inv(whole), rtol=1e-6)
    free = np.array([True, False, True, True])
    part = inverse_information(likelihood, at, free)
    np.testing.assert_allclose(part, np.linalg.inv(whole[np.ix_(free, free)]), rtol=1e-6)

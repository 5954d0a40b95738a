"""The observed information of a likelihood whose gradient is exact."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from srbench.stats.tables import Array

Likelihood: TypeAlias = Callable[[Array], tuple[float, Array]]
"""Minus the logarithm of a likelihood, and its gradient, at a vector of parameters."""

_STEP = 1e-4


def inverse_information(likelihood: Likelihood, vector: Array, free: NDArray[np.bool_]) -> Array:
    """Return the inverse of the observed information, by central differences of the gradient.

    Args:
        likelihood: Minus its logarithm, and the gradient.
        vector: Where the first is smallest, shape (P,).
        free: Which of the parameters are not held fixed, shape (P,), F of them.

    Returns:
        The covariance of the free parameters in their order, shape (F, F).
    """
    places, columns = np.flatnonzero(free), []
    for place in places:
        shift = np.zeros(vector.size)
        shift[place] = _STEP
        columns.append((likelihood(vector + shift)[1] - likelihood(vector - shift)[1])[places] / (2 * _STEP))
    information = np.array(columns)
    return np.linalg.inv(0.5 * (information + information.T)).astype(np.float64)

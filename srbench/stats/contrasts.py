"""Contrasts of a model's estimates with simultaneous intervals, whatever model they come from."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats as scipy_stats

from srbench.errors import StatisticsError, unknown
from srbench.stats.intervals import excludes_zero
from srbench.stats.tables import Array

_DRAWS = 100_000


def critical_value(correlation: Array, level: float = 0.95) -> float:
    """Return the value that the largest of several absolute, correlated standard normals exceeds in 1 - `level`.

    By simulation from a fixed seed, which is good to about 0.01 (Hothorn, Bretz and Westfall, "Simultaneous inference
    in general parametric models", Biometrical Journal 50, 2008).

    >>> round(critical_value(np.eye(1)), 2)
    1.96
    """
    if len(correlation) == 1:
        return float(scipy_stats.norm.ppf(0.5 + level / 2))
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    kept = root[:, values > 1e-10 * values[-1]]
    largest = np.zeros(_DRAWS)
    source = np.random.default_rng(0)
    for start in range(0, _DRAWS, 10_000):
        drawn = source.standard_normal((10_000, kept.shape[1])) @ kept.T
        largest[start : start + 10_000] = np.abs(drawn).max(axis=1)
    return float(np.quantile(largest, level))


def simultaneous(matrix: Array, estimates: Array, covariance: Array, level: float = 0.95) -> pd.DataFrame:
    """Return the contrasts `matrix` @ `estimates` with intervals that hold for all of them at once.

    Args:
        matrix: One contrast a row, shape (C, M).
        estimates: Shape (M,).
        covariance: Shape (M, M).
        level: Probability that all intervals cover.

    Returns:
        Columns estimate, error, low, high.
    """
    values = matrix @ estimates
    spread = matrix @ covariance @ matrix.T
    errors = np.sqrt(np.maximum(np.diag(spread), 0.0))
    usable = errors > 0
    reach = np.zeros_like(errors)
    if usable.any():
        scaled = spread[np.ix_(usable, usable)] / np.outer(errors[usable], errors[usable])
        reach = errors * critical_value(scaled, level)
    return pd.DataFrame({"estimate": values, "error": errors, "low": values - reach, "high": values + reach})


def qualities(
    methods: Sequence[str], estimates: Array, covariance: Array, zero: str | None, level: float = 0.95
) -> pd.DataFrame:
    """Return every method's estimate against their mean, or against the method `zero`, with simultaneous intervals.

    Returns:
        Columns method, quality, error, low, high; `zero` itself has no error.

    Raises:
        StatisticsError: No method is called `zero`.
    """
    size = len(methods)
    matrix = np.eye(size)
    if zero is None:
        matrix -= 1.0 / size
    elif zero in methods:
        matrix[:, methods.index(zero)] -= 1.0
    else:
        raise StatisticsError(unknown("method", zero, methods))
    table = simultaneous(matrix, estimates, covariance, level)
    return pd.DataFrame({"method": methods} | table.rename(columns={"estimate": "quality"}).to_dict("list"))


def pairwise(methods: Sequence[str], estimates: Array, covariance: Array, level: float = 0.95) -> pd.DataFrame:
    """Return all differences between methods; see `simultaneous`.

    Returns:
        Columns a, b, estimate (a minus b), error, low, high, p (two-sided, of the pair alone), differs.
    """
    pairs = list(combinations(range(len(methods)), 2))
    matrix = np.zeros((len(pairs), len(methods)))
    for row, (a, b) in enumerate(pairs):
        matrix[row, a], matrix[row, b] = 1.0, -1.0
    table = simultaneous(matrix, estimates, covariance, level)
    table.insert(0, "a", [methods[a] for a, _ in pairs])
    table.insert(1, "b", [methods[b] for _, b in pairs])
    statistic = np.divide(table["estimate"], table["error"], out=np.full(len(table), np.nan), where=table["error"] > 0)
    table["p"] = 2.0 * scipy_stats.norm.sf(np.abs(statistic))
    table["differs"] = excludes_zero(table["low"], table["high"])
    return table

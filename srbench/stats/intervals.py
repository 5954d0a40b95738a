"""Intervals for means over raters and images, one at a time and for all pairs of methods at once.

A mean over raters x images varies with the raters and with the images that happened to take part. Its variance is
estimated by

    V = s2(image means) / I + s2(rater means) / R

whose two parts both hold the variance of single answers, so that V errs on the wide side; degrees of freedom are
Satterthwaite's. The intervals are t-based, because bootstrap percentiles of five images are too narrow.
"""

from __future__ import annotations

import functools
import warnings
from dataclasses import dataclass

import numpy as np
from scipy import stats as scipy_stats

from srbench.stats.tables import Array

_DRAWS = 20_000
_SIMULATED_UP_TO = 60


@dataclass(frozen=True, slots=True)
class CrossedMean:
    """A mean over raters and images.

    Attributes:
        value: The mean of all cells.
        error: Its standard error; NaN for a single cell.
        degrees: Degrees of freedom of the error; NaN for a single cell.
    """

    value: float
    error: float
    degrees: float

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the t-based interval; NaN where there is no error."""
        if self.error == 0:
            return self.value, self.value
        reach = float(scipy_stats.t.isf((1 - level) / 2, self.degrees)) * self.error
        return self.value - reach, self.value + reach

    def equivalence_p(self, margin: float) -> float:
        """Return the larger p of two one-sided t tests that the mean lies within -margin..margin.

        Without any variation the answer is certain: 0 inside the margin and 1 outside.
        """
        if self.error == 0:
            return 0.0 if abs(self.value) < margin else 1.0
        above = scipy_stats.t.sf((self.value + margin) / self.error, self.degrees)
        below = scipy_stats.t.cdf((self.value - margin) / self.error, self.degrees)
        return float(max(above, below))


def crossed_mean(values: Array) -> CrossedMean:
    """Return the mean of `values`, shape (R raters, I images), NaN where a cell is empty.

    A factor with a single level is not drawn from anything: the interval then speaks of the other factor only. A mean
    over some infinite values has no error; one over equal infinite values has none to speak of, 0.
    """
    present = values[~np.isnan(values)]
    if np.isinf(present).any():
        with np.errstate(invalid="ignore"):  # infinite in both directions: NaN
            mean = float(present.mean())
        alike = present.size > 1 and bool((present == present[0]).all())
        return CrossedMean(mean, 0.0, float(present.size - 1)) if alike else CrossedMean(mean, np.nan, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a rater or an image without any value has no mean
        parts = [np.nanmean(values, axis=axis) for axis in (0, 1)]
    variances, freedoms = [], []
    for means in parts:
        known = means[~np.isnan(means)]
        if known.size > 1:
            variances.append(float(known.var(ddof=1)) / known.size)
            freedoms.append(known.size - 1)
    mean = float(present.mean())
    if not variances:
        return CrossedMean(mean, float("nan"), float("nan"))
    total = sum(variances)
    if total == 0:
        return CrossedMean(mean, 0.0, float(min(freedoms)))
    degrees = total**2 / sum(v**2 / f for v, f in zip(variances, freedoms, strict=True))
    return CrossedMean(mean, float(np.sqrt(total)), float(degrees))


@functools.lru_cache(maxsize=256)
def family_critical(methods: int, degrees: int, level: float = 0.95) -> float:
    """Return the |t| that the largest of all pairs of equal methods exceeds in 1 - `level` of studies.

    Every pair has an error of its own, so this is no studentised range, whose error is shared; for many degrees of
    freedom both agree. Found by simulation from a fixed seed up to 60 degrees of freedom, good to about 0.5 %.

    Args:
        methods: Number of methods that are compared with each other, 2 or more.
        degrees: Degrees of freedom of each pair's error, 1 or more.
        level: Probability that no pair is called different.

    >>> round(family_critical(2, 1000), 2)
    1.96
    """
    if methods == 2:
        return float(scipy_stats.t.isf((1 - level) / 2, degrees))
    if degrees > _SIMULATED_UP_TO:
        return float(scipy_stats.studentized_range.ppf(level, methods, degrees) / np.sqrt(2.0))
    source = np.random.default_rng(0)
    first, second = np.triu_indices(methods, 1)
    largest = np.empty(_DRAWS)
    block = 2_000
    for start in range(0, _DRAWS, block):
        means = source.standard_normal((block, methods))
        sample = source.standard_normal((block, degrees, methods))
        products = np.einsum("bdi,bdj->bij", sample, sample) / degrees
        own = np.einsum("bii->bi", products)
        error = np.sqrt(own[:, first] + own[:, second] - 2.0 * products[:, first, second])
        largest[start : start + block] = (np.abs(means[:, first] - means[:, second]) / error).max(axis=1)
    return float(np.quantile(largest, level))

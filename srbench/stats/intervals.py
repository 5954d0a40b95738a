"""Intervals for means over raters and images, one at a time and for all pairs of methods at once.

A mean over raters x images varies with the raters and with the images that happened to take part. Its variance is
estimated by

    V = s2(image means) / I + s2(rater means) / R - s2(rest) / (R I)

(analysis of variance of a two-way layout with random factors): the first two parts both hold the variance of single
answers, which is taken off once. A factor whose part is no larger than that variance is not seen to vary and leaves
the sum. Degrees of freedom are Satterthwaite's, of the parts that are left. The intervals are t-based, because
bootstrap percentiles of five images are too narrow.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats as scipy_stats

from srbench.stats.tables import Array

_DRAWS = 20_000
_KNOTS = (*range(1, 9), 10, 12, 15, 20, 30, 60, np.inf)


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
    return CrossedMean(*(float(part[0]) for part in crossed_means(values[None])))


def crossed_means(values: Array) -> tuple[Array, Array, Array]:
    """Return what `crossed_mean` does of B tables at once, shape (B, R, I), without infinite values.

    Returns:
        Values, errors and degrees of freedom, each of shape (B,).
    """
    present = ~np.isnan(values)
    filled = np.where(present, values, 0.0)
    count = present.sum(axis=(1, 2))
    parts = [_factor(filled.sum(axis=axis), present.sum(axis=axis)) for axis in (1, 2)]
    rest, freedom = _rest(filled, present)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = filled.sum(axis=(1, 2)) / count
    return mean, *combined_errors(parts, rest, freedom, count)


def combined_errors(
    parts: Sequence[tuple[Array, Array, Array]], rest: Array, freedom: Array, count: Array
) -> tuple[Array, Array]:
    """Return the standard errors of B means over raters and images, and their degrees of freedom, from variances.

    Args:
        parts: For raters and for images: the variance of its levels' means over their number, which share of `rest` is
            in it, and its degrees of freedom (0 for a single level), each of shape (B,).
        rest: Variance that raters and images leave over, shape (B,).
        freedom: Its degrees of freedom, shape (B,).
        count: Number of cells, shape (B,).

    Returns:
        Errors and degrees of freedom, shape (B,); NaN where both factors have a single level.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        single = rest / count
        # An empty cell leaves more of the single answers' variance in one mean than in another.
        left, used = single, np.zeros_like(single)
        noise = -single
        for part, inverse, own in parts:
            share = rest * inverse
            seen = (own > 0) & (part > share)
            left = left + np.where(seen, part - share, 0.0)
            noise = noise + np.where(seen, share, 0.0)
            used = used + np.where(seen, part**2 / own, 0.0)
        used = used + np.where(freedom > 0, noise**2 / freedom, 0.0)
        degrees = left**2 / used
    fewest = np.minimum(*(np.where(own > 0, own, np.inf) for _, _, own in parts))
    alone = np.isinf(fewest)
    constant = left <= 0
    error = np.where(alone, np.nan, np.sqrt(np.where(constant, 0.0, left)))
    return error, np.where(alone, np.nan, np.where(constant, fewest, degrees))


def _factor(sums: Array, counts: Array) -> tuple[Array, Array, Array]:
    """Return, for the means of a factor's levels (B, L): s2 / L, the share of rest in it, degrees of freedom."""
    known = counts > 0
    levels = known.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = np.where(known, sums / counts, 0.0)
        centred = np.where(known, means - (means.sum(axis=1) / levels)[:, None], 0.0)
        part = (centred**2).sum(axis=1) / (levels - 1) / levels
        inverse = np.where(known, 1.0 / counts, 0.0).sum(axis=1) / levels**2
    return np.where(levels > 1, part, 0.0), inverse, np.maximum(levels - 1.0, 0.0)


def _rest(filled: Array, present: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Return the variance that raters and images leave over, and its degrees of freedom, both of shape (B,).

    Without empty cells deviations from means are the least-squares fit of rater + image. With some, the effects of
    the smaller factor are solved for.
    """
    tables, raters, images = filled.shape
    rest, freedom = np.zeros(tables), np.zeros(tables)
    if min(raters, images) < 2:
        return rest, freedom
    whole = present.all(axis=(1, 2))
    if whole.any():
        cells = filled[whole]
        cells = cells - cells.mean(axis=1, keepdims=True)
        cells -= cells.mean(axis=2, keepdims=True)
        freedom[whole] = (raters - 1) * (images - 1)
        rest[whole] = (cells**2).sum(axis=(1, 2)) / freedom[whole]
    for place in np.flatnonzero(~whole & present.any(axis=(1, 2))):
        rest[place], freedom[place] = _rest_of_gaps(filled[place], present[place])
    return rest, freedom


def _rest_of_gaps(filled: Array, present: NDArray[np.bool_]) -> tuple[float, float]:
    if filled.shape[0] > filled.shape[1]:
        filled, present = filled.T, present.T
    counts = present.sum(axis=0)
    filled, weights, counts = filled[:, counts > 0], present[:, counts > 0].astype(np.float64), counts[counts > 0]
    filled = np.where(weights > 0, filled - filled.sum() / counts.sum(), 0.0)
    sums = filled.sum(axis=0)
    normal = np.diag(weights.sum(axis=1)) - (weights / counts) @ weights.T
    right = filled.sum(axis=1) - weights @ (sums / counts)
    solved, _, rank, _ = np.linalg.lstsq(normal, right, rcond=1e-10)
    freedom = float(counts.sum() - counts.size - rank)
    left = float((filled**2).sum() - (sums**2 / counts).sum() - solved @ right)
    return (max(left, 0.0) / freedom, freedom) if freedom > 0 else (0.0, 0.0)


def family_intervals(
    values: Array, errors: Array, degrees: Array, methods: int, level: float = 0.95
) -> tuple[Array, Array]:
    """Return the intervals of differences that hold for all pairs of methods at once.

    With `excludes_zero` they are the rule by which `compare` calls methods different, and by which a plan foresees it.

    Args:
        values: Mean differences of pairs, shape (P,).
        errors: Their standard errors, shape (P,); NaN where a pair has none, and then no interval.
        degrees: Degrees of freedom of the errors, shape (P,).
        methods: Number of methods that are compared with each other.
        level: Probability that no pair of equal methods is called different.

    Returns:
        Lower and upper ends, shape (P,).
    """
    critical = shared_critical(methods, degrees, level)
    reach = np.where(errors == 0, 0.0, critical * errors)
    return values - reach, values + reach


def excludes_zero(low: ArrayLike, high: ArrayLike) -> NDArray[np.bool_]:
    """Return whether the interval of a difference excludes 0: the one rule by which anything is called different.

    Args:
        low: Lower end or ends; NaN where there is no interval, which excludes nothing.
        high: Upper end or ends.

    Returns:
        A truth value, or one for each end.
    """
    found: NDArray[np.bool_] = np.greater(low, 0) | np.less(high, 0)
    return found


def shared_critical(methods: int, degrees: Array, level: float = 0.95) -> float:
    """Return `family_critical` of a family whose pairs have `degrees`, shape (P,); NaN where no pair has any.

    Single pairs scatter in their degrees of freedom; the family has one, their median.
    """
    known = degrees[np.isfinite(degrees)]
    return family_critical(methods, float(np.median(known)), level) if known.size else float("nan")


def family_critical(methods: int, degrees: float, level: float = 0.95) -> float:
    """Return the |t| that the largest of all pairs of equal methods exceeds in 1 - `level` of studies.

    Every pair has an error of its own, so this is no studentised range, whose error is shared; for many degrees of
    freedom both agree. Found by simulation from a fixed seed for some degrees of freedom up to 60, good to about 0.5 %;
    between them, and from 60 to infinity, it is linear in 1 / degrees.

    Args:
        methods: Number of methods that are compared with each other, 2 or more.
        degrees: Degrees of freedom of each pair's error; fewer than 1 count as 1.
        level: Probability that no pair is called different.

    >>> round(family_critical(2, 1000), 2)
    1.96
    """
    degrees = max(1.0, degrees)
    if methods == 2:
        return float(scipy_stats.t.isf((1 - level) / 2, degrees))
    below = max(knot for knot in _KNOTS if knot <= degrees)
    low = _simulated_critical(methods, below, level)
    if below == degrees:
        return low
    above = min(knot for knot in _KNOTS if knot > degrees)
    share = (1 / below - 1 / degrees) / (1 / below - 1 / above)
    return float(low + share * (_simulated_critical(methods, above, level) - low))


@functools.lru_cache(maxsize=1024)
def _simulated_critical(methods: int, degrees: float, level: float) -> float:
    if np.isinf(degrees):
        return float(scipy_stats.studentized_range.ppf(level, methods, np.inf) / np.sqrt(2.0))
    source = np.random.default_rng(0)
    first, second = np.triu_indices(methods, 1)
    largest = np.empty(_DRAWS)
    block = 2_000
    for start in range(0, _DRAWS, block):
        means = source.standard_normal((block, methods))
        factor = wishart_factor(source, block, methods, int(degrees))
        products = factor @ factor.transpose(0, 2, 1) / degrees
        own = np.einsum("bii->bi", products)
        error = np.sqrt(own[:, first] + own[:, second] - 2.0 * products[:, first, second])
        largest[start : start + block] = (np.abs(means[:, first] - means[:, second]) / error).max(axis=1)
    return float(np.quantile(largest, level))


def wishart_factor(source: np.random.Generator, size: int, methods: int, degrees: int) -> Array:
    """Draw matrices A of `size` x `methods` rows whose A A' are sums of products of `degrees` normal samples.

    With at least as many degrees as methods A is the Cholesky factor, whose entries are independent (Bartlett, "On the
    theory of statistical regression", Proceedings of the Royal Society of Edinburgh 53, 1933): the cost does not grow.
    """
    if degrees < methods:
        return source.standard_normal((size, methods, degrees))
    factor: Array = np.tril(source.standard_normal((size, methods, methods)), -1)
    diagonal = np.arange(methods)
    factor[:, diagonal, diagonal] = np.sqrt(source.chisquare(degrees - diagonal, (size, methods)))
    return factor

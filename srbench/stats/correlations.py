"""Correlations of a metric with opinion scores: of all stimuli, inside every image, and of every method over images."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats as scipy_stats

from srbench.stats.crossed import Codes
from srbench.stats.jackknife import FEWEST, Estimate
from srbench.stats.stimuli import Stimuli
from srbench.stats.tables import Array

Kind = Literal["within", "across"]
KINDS: tuple[Kind, ...] = ("within", "across")
NAMES = ("plcc", "srcc", "krcc")
FEWEST_PLACES = 3
"""Stimuli that a correlation inside one image, or of one method, needs."""


def pooled(stimuli: Stimuli, fitted: Array) -> dict[str, Estimate]:
    """Return the three correlations over all stimuli at once.

    Args:
        stimuli: n of them.
        fitted: The metric after its mapping, shape (n,), which PLCC is taken of.
    """
    x, y, picture = stimuli.value, stimuli.opinions, stimuli.image
    images: tuple[Array, ...] = (np.full(stimuli.images, np.nan),) * len(NAMES)
    if stimuli.images >= FEWEST:
        weights = 1.0 - np.eye(stimuli.images)
        images = (
            pearson(fitted, y, weights[:, picture]),
            spearman(x, y, weights[:, picture]),
            kendall(x, y, picture, weights),
        )
    values = _three(x, y, fitted)
    raters = np.array([_known(x, other, fitted) for other in stimuli.opinions_without]).reshape(-1, len(NAMES))
    return {
        name: Estimate(value, each, by_rater, long_tails=True)
        for name, value, each, by_rater in zip(NAMES, values, images, raters.T, strict=True)
    }


def _three(x: Array, y: Array, fitted: Array) -> tuple[float, float, float]:
    whole = np.ones((1, x.size))
    return (
        float(pearson(fitted, y, whole)[0]),
        float(spearman(x, y, whole)[0]),
        float(scipy_stats.kendalltau(x, y).statistic),
    )


def _known(x: Array, y: Array, fitted: Array) -> tuple[float, float, float]:
    """Return the correlations of stimuli that somebody else rated too."""
    there = ~np.isnan(y)
    return _three(x[there], y[there], fitted[there])


def grouped(stimuli: Stimuli, fitted: Array, kind: Kind) -> tuple[dict[str, Estimate], int, int]:
    """Return the three correlations inside groups of stimuli, as means over the groups.

    Args:
        stimuli: n of them.
        fitted: The metric after its mapping, shape (n,), which PLCC is taken of.
        kind: `within` an image, its versions are ordered, and the mean is over images; `across` images, those of one
            method are ordered, and the mean is over methods.

    Returns:
        The correlations; the number of groups; and how many have none, because fewer than three stimuli are there or
        the metric or the opinions do not differ.
    """
    sides = [stimuli.grid(values) for values in (stimuli.value, fitted, stimuli.opinions)]
    without = stimuli.grid(stimuli.opinions_without)
    if kind == "across":
        sides, without = [side.T for side in sides], without.transpose(0, 2, 1)
    x, mapped, y = sides
    each = correlations_inside(x, mapped, y)
    known = ~np.isnan(each).any(axis=0)
    each[:, ~known] = np.nan
    values = _mean(each)
    by_rater = np.array([correlations_inside(x, mapped, other) for other in without]).reshape(-1, *each.shape)
    raters, cells = _mean(by_rater).T, [np.empty((0, 0))] * len(NAMES)
    if kind == "within":
        # Leaving out an image that has no correlation changes nothing.
        own, count = np.where(known, each, 0.0), int(known.sum())
        images = np.full(each.shape, np.nan)
        if count >= FEWEST:
            images = (own.sum(axis=1, keepdims=True) - own) / np.where(known, count - 1, count)
        # Where nothing is left of an image without a rater, it is taken for unchanged.
        left = np.where(np.isnan(by_rater), each, by_rater)
        cells = list((len(left) * each - (len(left) - 1) * left).transpose(1, 0, 2))
    else:
        images = _mean(np.stack(_without_places(x, mapped, y)).transpose(0, 2, 1))
    made = {
        # Pearson's correlation inside an image may be anything where one version lies far off; ranks cannot.
        name: Estimate(float(value), part, others, table, long_tails=(name, kind) == ("plcc", "within"))
        for name, value, part, others, table in zip(NAMES, values, images, raters, cells, strict=True)
    }
    return made, known.size, int((~known).sum())


def _mean(each: Array) -> Array:
    """Return the mean over the groups, the last axis, that have a correlation; NaN where none has."""
    known = ~np.isnan(each)
    count = known.sum(axis=-1)
    sums = np.where(known, each, 0.0).sum(axis=-1)
    found: Array = np.divide(sums, count, out=np.full(sums.shape, np.nan), where=count > 0)
    return found


def correlations_inside(x: Array, mapped: Array, y: Array) -> Array:
    """Return the correlations inside every row of arrays of shape (G, P) with gaps; shape (3, G)."""
    there = ~(np.isnan(x) | np.isnan(y))
    with np.errstate(invalid="ignore"):  # comparisons with a gap are false
        sx, sy = (np.sign(side[:, :, None] - side[:, None, :]) for side in (x, y))
    sx, sy = (np.where(there[:, :, None] & there[:, None, :], s, 0.0) for s in (sx, sy))
    found = np.stack(
        [
            _rowwise(mapped, y, there),
            _rowwise(sx.sum(axis=2), sy.sum(axis=2), there),  # ranks, up to a factor and a constant
            _tau((sx * sy).sum(axis=(1, 2)), (sx * sx).sum(axis=(1, 2)), (sy * sy).sum(axis=(1, 2))),
        ]
    )
    found[:, there.sum(axis=1) < FEWEST_PLACES] = np.nan
    return found


def _without_places(x: Array, mapped: Array, y: Array) -> tuple[Array, ...]:
    """Return the same of every row without each of its P places; each of shape (G, P)."""
    there = ~(np.isnan(x) | np.isnan(y))
    with np.errstate(invalid="ignore"):
        sx, sy = (np.sign(side[:, :, None] - side[:, None, :]) for side in (x, y))
    sx, sy = (np.where(there[:, :, None] & there[:, None, :], s, 0.0) for s in (sx, sy))
    size = x.shape[1]
    left = there[:, None, :] & ~np.eye(size, dtype=bool)
    shape = left.shape
    # Without one place, the rank of every other one loses its comparison with it.
    rank_x, rank_y = (s.sum(axis=2)[:, None, :] - s.transpose(0, 2, 1) for s in (sx, sy))
    products = []
    for one, other in ((sx, sy), (sx, sx), (sy, sy)):
        whole = (one * other).sum(axis=2)
        products.append(whole.sum(axis=1, keepdims=True) - 2.0 * whole)
    found = (
        _rowwise(np.broadcast_to(mapped[:, None], shape), np.broadcast_to(y[:, None], shape), left),
        _rowwise(rank_x, rank_y, left),
        _tau(products[0], products[1], products[2]),
    )
    few = left.sum(axis=2) < FEWEST_PLACES
    return tuple(np.where(few, np.nan, part) for part in found)


def _rowwise(x: Array, y: Array, there: NDArray[np.bool_]) -> Array:
    """Return Pearson's correlation along the last axis, over the places that are there."""
    count = np.maximum(there.sum(axis=-1, keepdims=True), 1)
    x, y = (np.where(there, side, 0.0) for side in (x, y))
    x, y = (np.where(there, side - side.sum(axis=-1, keepdims=True) / count, 0.0) for side in (x, y))
    spread = (x * x).sum(axis=-1) * (y * y).sum(axis=-1)
    smallest = 1e-20 * count[..., 0] ** 2  # equal values may miss their mean by rounding
    found: Array = np.divide(
        (x * y).sum(axis=-1), np.sqrt(spread), out=np.full(spread.shape, np.nan), where=spread > smallest
    )
    return found


def _tau(both: Array, x: Array, y: Array) -> Array:
    spread = x * y
    found: Array = np.divide(both, np.sqrt(spread), out=np.full(spread.shape, np.nan), where=spread > 0)
    return found


def pearson(x: Array, y: Array, weights: Array) -> Array:
    """Return Pearson's correlation of every weighting; `weights` has shape (B, n)."""
    total = weights.sum(axis=1)
    x, y = x - x.mean(), y - y.mean()
    mx, my = weights @ x / total, weights @ y / total
    covariance = weights @ (x * y) / total - mx * my
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Array = covariance / np.sqrt(
            (weights @ (x * x) / total - mx * mx) * (weights @ (y * y) / total - my * my)
        )
    return result


def spearman(x: Array, y: Array, weights: Array) -> Array:
    """Return Spearman's correlation of every weighting; `weights` has shape (B, n)."""
    total = weights.sum(axis=1)
    rx, ry = _weighted_ranks(x, weights), _weighted_ranks(y, weights)
    rx -= (weights * rx).sum(axis=1, keepdims=True) / total[:, None]
    ry -= (weights * ry).sum(axis=1, keepdims=True) / total[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Array = (weights * rx * ry).sum(axis=1) / np.sqrt(
            (weights * rx**2).sum(axis=1) * (weights * ry**2).sum(axis=1)
        )
    return result


def _weighted_ranks(x: Array, weights: Array) -> Array:
    """Return the mid-rank of every value in every weighting, as if each value stood there `weight` times."""
    _, place = np.unique(x, return_inverse=True)
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(place.max() + 1))
    mass = np.add.reduceat(weights[:, order], starts, axis=1)
    ranks = np.cumsum(mass, axis=1) - mass / 2
    taken: Array = ranks[:, place]
    return taken


def kendall(x: Array, y: Array, picture: Codes, weights: Array) -> Array:
    """Return tau-b of every weighting of images, shape (B, I), from the sums of concordance between whole images.

    Copies of one stimulus are ties in both variables, so they add nothing and the sums need no correction.
    """
    sx, sy = np.sign(x[:, None] - x), np.sign(y[:, None] - y)
    member = np.zeros((weights.shape[1], x.size))
    member[picture, np.arange(x.size)] = 1.0

    def total(pairs: Array) -> Array:
        between = member @ pairs @ member.T
        sums: Array = ((weights @ between) * weights).sum(axis=1)
        return sums

    with np.errstate(divide="ignore", invalid="ignore"):
        result: Array = total(sx * sy) / np.sqrt(total(sx * sx) * total(sy * sy))
    return result

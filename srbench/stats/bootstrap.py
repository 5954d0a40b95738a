"""The crossed bootstrap: raters and images are drawn independently, as multinomial weights instead of copies.

Drawing both crossed factors (Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1, 2007) covers
the differences between raters, between images and what is left; its intervals err on the wide side. A draw
is one weight per rater and one per image, so the mean of a draw is a bilinear form and 2,000 draws are one
matrix product.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from srbench.errors import StatisticsError
from srbench.stats.tables import Array

DRAWS = 2000


@dataclass(frozen=True, slots=True)
class Weights:
    """How often each rater and each image was drawn, in every draw.

    Attributes:
        raters: Shape (B, R), rows sum to R.
        images: Shape (B, I), rows sum to I.
    """

    raters: Array
    images: Array


def draw(raters: int, images: int, draws: int = DRAWS, seed: int = 0) -> Weights:
    """Draw `draws` resamples; a factor with a single level stays as it is, and then is not covered."""
    if draws < 100:
        raise StatisticsError(f"A bootstrap of {draws} draws has no usable ends; expected 100 or more.")
    source = np.random.default_rng(seed)
    return Weights(_resample(raters, draws, source), _resample(images, draws, source))


def _resample(levels: int, draws: int, source: np.random.Generator) -> Array:
    if levels == 1:
        return np.ones((draws, 1))
    return source.multinomial(levels, np.full(levels, 1.0 / levels), size=draws).astype(np.float64)


def means(values: Array, weights: Weights) -> Array:
    """Return the weighted mean of every draw.

    Args:
        values: Shape (R, I), NaN where a cell is empty.
        weights: From `draw`, for R raters and I images.

    Returns:
        Shape (B,); infinite for a draw with an infinite cell; NaN for one that hit only empty cells, or cells that are
        infinite in both directions.
    """
    present = ~np.isnan(values)
    sums = _drawn_sums(np.where(np.isfinite(values), values, 0.0), weights)
    if np.isinf(values).any():
        up, down = (_drawn_sums((values == end).astype(np.float64), weights) > 0 for end in (np.inf, -np.inf))
        sums = np.select([up & down, up, down], [np.nan, np.inf, -np.inf], sums)
    if present.all():
        return sums / values.size
    counts = _drawn_sums(present.astype(np.float64), weights)
    drawn: Array = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
    return drawn


def _drawn_sums(values: Array, weights: Weights) -> Array:
    sums: Array = ((weights.raters @ values) * weights.images).sum(axis=1)
    return sums


def interval(draws: Array, level: float = 0.95) -> tuple[float, float]:
    """Return the percentile interval, or NaN when more than one draw in twenty is undefined."""
    usable = draws[~np.isnan(draws)]
    if usable.size < 0.95 * draws.size:
        return float("nan"), float("nan")
    ends = (1 - level) / 2, (1 + level) / 2
    if np.isinf(usable).any():
        # Nothing lies between a number and infinity: the ends are draws themselves, the outer ones.
        return float(np.quantile(usable, ends[0], method="lower")), float(np.quantile(usable, ends[1], method="higher"))
    low, high = np.quantile(usable, ends)
    return float(low), float(high)


def crossed_interval(values: Array, weights: Weights, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of the mean of `values` (R, I) over raters and images; NaN for a single cell."""
    if values.size < 2:
        return float("nan"), float("nan")
    return interval(means(values, weights), level)

"""Intervals of figures that are no plain means, from what they become without one image or without one rater."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import special
from scipy import stats as scipy_stats

from srbench.stats.tables import Array

FEWEST = 5
"""Images that an interval needs."""
Scale = Literal["fisher", "logit", "plain"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure of raters x images, with what it becomes when one of them is left out.

    Attributes:
        value: The figure.
        images: The figure without each of the I images, shape (I,).
        raters: The figure without each of the R raters, shape (R,); empty where there is only one.
    """

    value: float
    images: Array
    raters: Array

    def interval(self, scale: Scale, level: float = 0.95) -> tuple[float, float]:
        """Return an interval that speaks of other images and other raters.

        The variance is the sum of two jackknife estimates, over images and over raters. Both hold the variance of
        single answers, so that the sum errs on the wide side, as in `srbench.stats.intervals`. Degrees of freedom are
        Satterthwaite's. The bias of few images is taken off; fewer raters would be another question.

        Args:
            scale: Where the figure is nearly normal: `fisher` (artanh, for correlations), `logit` (for shares), or
                `plain`. On Fisher's scale images have (I - 1) / 2 degrees of freedom: what a correlation gains or loses
                by one image has long tails, so that its variance is known less well than that of I normal values.
            level: Probability that the interval covers.

        Returns:
            Its ends; NaN for fewer than `FEWEST` images, and where the figure is perfect or not defined.
        """
        forward, back = _SCALES[scale]
        with np.errstate(divide="ignore", invalid="ignore"):
            whole, images, raters = (forward(np.asarray(part)) for part in (self.value, self.images, self.raters))
        if self.images.size < FEWEST or not np.isfinite([float(whole), *images, *raters]).all():
            return float("nan"), float("nan")
        error, degrees = _error(images, raters, (images.size - 1) / (2 if scale == "fisher" else 1))
        centre = images.size * whole - (images.size - 1) * images.mean()
        reach = 0.0 if error == 0 else float(scipy_stats.t.isf((1 - level) / 2, degrees)) * error
        # Where one image decides, what is taken off as bias may lead past the figure itself.
        low, high = float(back(centre - reach)), float(back(centre + reach))
        return min(low, self.value), max(high, self.value)

    def error(self) -> tuple[float, float]:
        """Return the standard error of the figure itself, and its degrees of freedom; NaN for too few images."""
        if self.images.size < FEWEST or not np.isfinite([self.value, *self.images, *self.raters]).all():
            return float("nan"), float("nan")
        return _error(self.images, self.raters, self.images.size - 1)

    def minus(self, other: Estimate) -> Estimate:
        """Return the difference to the same figure of something else, on the same images by the same raters."""
        return Estimate(self.value - other.value, self.images - other.images, self.raters - other.raters)

    def times(self, sign: float) -> Estimate:
        """Return the figure multiplied by a number."""
        return Estimate(sign * self.value, sign * self.images, sign * self.raters)


def _error(images: Array, raters: Array, of_images: float) -> tuple[float, float]:
    """Return the standard error and its degrees of freedom, of which the part of images has `of_images`."""
    variances, freedoms = [], []
    for parts, freedom in ((images, of_images), (raters, raters.size - 1)):
        if parts.size > 1:
            variances.append((parts.size - 1) / parts.size * float(((parts - parts.mean()) ** 2).sum()))
            freedoms.append(freedom)
    total = sum(variances)
    if total == 0:
        return 0.0, min(freedoms)
    degrees = total**2 / sum(v**2 / f for v, f in zip(variances, freedoms, strict=True))
    return float(np.sqrt(total)), float(degrees)


def _fisher(value: Array) -> Array:
    # A perfect correlation may miss 1 by rounding; it has no interval either way.
    found: Array = np.arctanh(np.where(np.abs(value) < 1.0 - 1e-12, value, np.nan))
    return found


def _plain(value: Array) -> Array:
    return value


_SCALES: dict[Scale, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "fisher": (_fisher, np.tanh),
    "logit": (special.logit, special.expit),
    "plain": (_plain, _plain),
}

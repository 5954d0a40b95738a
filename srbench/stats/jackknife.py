"""Intervals of figures that are no plain means, from what they become without one image or without one rater."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from scipy import special
from scipy import stats as scipy_stats

from srbench.stats.tables import Array

FEWEST = 5
"""Images that an interval needs."""
Scale = Literal["fisher", "logit", "plain"]


_NONE: Array = np.empty((0, 0))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure of raters x images, with what it becomes when one of them is left out.

    Attributes:
        value: The figure.
        images: The figure without each of the I images, shape (I,).
        raters: The figure without each of the R raters, shape (R,); empty where there is only one.
        cells: Where the figure is a mean over images: what each image is worth without the noise of leaving a rater
            out, R times it less R - 1 times it without the rater, shape (R, I), NaN for images without any; else empty.
        long_tails: Whether what the figure gains or loses by one image has long tails, so that its variance is known
            less well than that of normal values.
    """

    value: float
    images: Array
    raters: Array
    cells: Array = field(default_factory=lambda: _NONE)
    long_tails: bool = False

    def interval(self, scale: Scale, level: float = 0.95) -> tuple[float, float]:
        """Return an interval that speaks of other images and other raters.

        The variance is the sum of two jackknife estimates, over images and over raters. Both hold the variance of
        single answers. Where `cells` tell it, it is taken off the raters' part, as in `srbench.stats.intervals`: a
        figure made of ranks or decisions jumps when a rater is left out, and the jackknife takes jumps for more than
        they are. Elsewhere the sum errs on the wide side. Degrees of freedom are Satterthwaite's; with `long_tails`
        images have half as many. The bias of few images is taken off; fewer raters would be another question.

        Args:
            scale: Where the figure is nearly normal: `fisher` (artanh, for correlations), `logit` (for shares), or
                `plain`.
            level: Probability that the interval covers.

        Returns:
            Its ends; NaN for fewer than `FEWEST` images, and where the figure is perfect or not defined.
        """
        forward, back, slope = _SCALES[scale]
        with np.errstate(divide="ignore", invalid="ignore"):
            whole, images, raters = (forward(np.asarray(part)) for part in (self.value, self.images, self.raters))
        if self.images.size < FEWEST or not np.isfinite([float(whole), *images, *raters]).all():
            return float("nan"), float("nan")
        error, degrees = self._error(images, raters, float(slope(self.value)) ** 2)
        centre = images.size * whole - (images.size - 1) * images.mean()
        reach = 0.0 if error == 0 else float(scipy_stats.t.isf((1 - level) / 2, degrees)) * error
        # Where one image decides, what is taken off as bias may lead past the figure itself.
        low, high = float(back(centre - reach)), float(back(centre + reach))
        return min(low, self.value), max(high, self.value)

    def error(self) -> tuple[float, float]:
        """Return the standard error of the figure itself, and its degrees of freedom; NaN for too few images."""
        if self.images.size < FEWEST or not np.isfinite([self.value, *self.images, *self.raters]).all():
            return float("nan"), float("nan")
        return self._error(self.images, self.raters, 1.0)

    def minus(self, other: Estimate) -> Estimate:
        """Return the difference to the same figure of something else, on the same images by the same raters."""
        return Estimate(
            self.value - other.value, self.images - other.images, self.raters - other.raters, self.cells - other.cells,
            self.long_tails,
        )  # fmt: skip

    def times(self, sign: float) -> Estimate:
        """Return the figure multiplied by a number."""
        return Estimate(sign * self.value, sign * self.images, sign * self.raters, sign * self.cells, self.long_tails)

    def _error(self, images: Array, raters: Array, slope: float) -> tuple[float, float]:
        """Return the standard error and its degrees of freedom on a scale; `slope` is that at the figure, squared."""
        of_images, own = _jackknife(images), (images.size - 1) / (2.0 if self.long_tails else 1.0)
        noise, freedom = _noise(self.cells)
        of_raters, noise = _jackknife(raters), slope * noise
        total, used = of_images, of_images**2 / own
        if of_raters > noise:
            total += of_raters - noise
            used += of_raters**2 / (raters.size - 1) + (noise**2 / freedom if noise else 0.0)
        return (float(np.sqrt(total)), total**2 / used) if total > 0 else (0.0, own)


def _jackknife(parts: Array) -> float:
    """Return the variance of a figure, from what it is without each of some."""
    return (parts.size - 1) / parts.size * float(((parts - parts.mean()) ** 2).sum()) if parts.size > 1 else 0.0


def _noise(cells: Array) -> tuple[float, float]:
    """Return the variance that single answers bring into the mean of cells (R, I), and its degrees of freedom."""
    known = cells[:, ~np.isnan(cells).any(axis=0)]
    raters, images = known.shape
    freedom = (raters - 1) * (images - 1)
    if min(raters, images) < 2:
        return 0.0, 0.0
    rest = known - known.mean(axis=0) - known.mean(axis=1, keepdims=True) + known.mean()
    return float((rest**2).sum()) / freedom / known.size, float(freedom)


def _fisher(value: Array) -> Array:
    # A perfect correlation may miss 1 by rounding; it has no interval either way.
    found: Array = np.arctanh(np.where(np.abs(value) < 1.0 - 1e-12, value, np.nan))
    return found


def _plain(value: Array) -> Array:
    return value


_SCALES: dict[Scale, tuple[Callable[..., Any], Callable[..., Any], Callable[[float], float]]] = {
    "fisher": (_fisher, np.tanh, lambda value: 1.0 / (1.0 - value**2)),
    "logit": (special.logit, special.expit, lambda value: 1.0 / (value * (1.0 - value))),
    "plain": (_plain, _plain, lambda _: 1.0),
}
"""Each scale, the way back, and its slope."""

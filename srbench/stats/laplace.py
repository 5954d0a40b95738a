"""Laplace's approximation of an ordinal mixed model's likelihood, with its exact gradient, and its maximum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srbench.errors import StatisticsError
from srbench.stats import links
from srbench.stats.crossed import Codes, Crossed, System
from srbench.stats.information import inverse_information
from srbench.stats.search import minimise
from srbench.stats.tables import Array

SMALLEST, _LARGEST = -6.0, 2.5
"""Logarithm of the smallest standard deviation: an effect whose estimate ends there is not there."""
_WIDEST = 2.0
"""Logarithm of the largest width of a rater's thresholds, and of the largest spread."""
_ROUNDS = 100
_START = np.log(0.5)


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a fit, taken apart."""

    thresholds: Array
    slopes: Array
    sds: Array
    spreads: Array
    widths: Array


@dataclass(frozen=True, slots=True)
class ScaleUse:
    """What raters may have of their own beyond random effects.

    Attributes:
        rater: Number of the rater of every observation, shape (N,).
        spread: How widely the answers of a rater scatter.
        width: How far apart the thresholds of a rater lie, around the middle of all: a rater with wide thresholds
            uses a narrow part of the scale.
    """

    rater: Codes
    spread: bool = False
    width: bool = False


class Laplace:
    """Minus Laplace's approximation of the log-likelihood, as a function of one vector of parameters.

    The vector holds the first threshold, logarithms of the gaps to the next ones, the slopes of all methods but the
    first, logarithms of the standard deviations, and logarithms of all raters' spreads but the last's, and of their
    widths.
    """

    def __init__(
        self, link: links.Link, category: Codes, method: Codes, methods: int, groups: Crossed, use: ScaleUse
    ) -> None:
        self.link, self.category, self.method, self.groups, self.rater = link, category, method, groups, use.rater
        self.cuts = int(category.max())
        self.slopes = methods - 1
        free = int(use.rater.max())
        self.spreads, self.widths = free * use.spread, free * use.width
        self.modes = np.zeros(groups.total)

    def __call__(self, vector: Array) -> tuple[float, Array]:
        """Return the value and the gradient at `vector`."""
        parts = self.split(vector)
        groups = self.groups
        rate = 1.0 / parts.spreads[self.rater]
        fixed = np.concatenate([[0.0], parts.slopes])[self.method]
        modes, at, system = self._modes(parts, fixed, rate)
        weights = rate**2 * at.curvature
        value = at.value.sum() - 0.5 * modes @ modes - 0.5 * system.log_determinant

        # The mode moves with the parameters, and the determinant with the mode: `pull` carries that dependence.
        by_effect = system.leverages()
        leverage = by_effect.sum(axis=0)
        third = rate**3 * at.third
        scaled = np.repeat(parts.sds, groups.sizes)
        answer = system.solve(0.5 * scaled * groups.scatter(leverage * third))
        pull = (scaled * answer)[groups.places].sum(axis=0)
        along = rate * at.slope + 0.5 * leverage * third - weights * pull

        shown = parts.sds[:, None] * modes[groups.places]
        by_sd = (along * shown).sum(axis=1) - (weights * by_effect).sum(axis=1)
        by_sd += np.add.reduceat(answer * modes, groups.starts)
        upper, lower = self._ends(at, leverage, pull, rate)
        return -float(value), -np.concatenate(
            [
                self._by_cut(parts, upper * rate, lower * rate),
                np.bincount(self.method, along, self.slopes + 1)[1:],
                by_sd,
                self._by_spread(parts, fixed + shown.sum(axis=0), at, leverage, pull, rate, upper, lower),
                self._by_width(parts, upper * rate, lower * rate),
            ]
        )

    def _ends(self, at: links.Interval, leverage: Array, pull: Array, rate: Array) -> tuple[Array, Array]:
        """Return the derivative of the value in the upper and the lower end of each observation's interval."""
        upper = at.value_a - 0.5 * leverage * rate**2 * at.curvature_a + pull * rate * at.slope_a
        lower = at.value_c - 0.5 * leverage * rate**2 * at.curvature_c + pull * rate * at.slope_c
        return upper, lower

    def _by_cut(self, parts: Parameters, upper: Array, lower: Array) -> Array:
        own = parts.widths[self.rater]
        # The middle, around which widths turn, is the mean of all thresholds.
        turned = float(((upper + lower) * (1.0 - own)).sum()) / self.cuts
        by_threshold = (
            np.bincount(self.category, upper * own, self.cuts + 1)[:-1]
            + np.bincount(self.category, lower * own, self.cuts + 1)[1:]
            + turned
        )
        gaps = np.diff(parts.thresholds)
        # A gap moves its own threshold and all above it.
        return np.concatenate([[by_threshold.sum()], gaps * np.cumsum(by_threshold[::-1])[::-1][1:]])

    def _by_width(self, parts: Parameters, upper: Array, lower: Array) -> Array:
        if not self.widths:
            return np.empty(0)
        away = np.concatenate([[0.0], parts.thresholds - parts.thresholds.mean(), [0.0]])  # an end without limit stays
        moved = (upper * away[self.category + 1] + lower * away[self.category]) * parts.widths[self.rater]
        return _against_last(np.bincount(self.rater, moved, self.widths + 1))

    def _by_spread(
        self, parts: Parameters, eta: Array, at: links.Interval, leverage: Array, pull: Array, rate: Array,
        upper: Array, lower: Array,
    ) -> Array:  # fmt: skip
        if not self.spreads:
            return np.empty(0)
        a, c = self._interval(parts, eta, rate)
        finite_a, finite_c = (np.where(np.isfinite(end), end, 0.0) for end in (a, c))
        moved = -finite_a * upper - finite_c * lower + leverage * rate**2 * at.curvature - pull * rate * at.slope
        return _against_last(np.bincount(self.rater, moved, self.spreads + 1))

    def _interval(self, parts: Parameters, eta: Array, rate: Array) -> tuple[Array, Array]:
        middle = parts.thresholds.mean()
        edges = np.concatenate([[-np.inf], parts.thresholds - middle, [np.inf]])
        own, eta = parts.widths[self.rater], eta - middle
        return (edges[self.category + 1] * own - eta) * rate, (edges[self.category] * own - eta) * rate

    def _modes(self, parts: Parameters, fixed: Array, rate: Array) -> tuple[Array, links.Interval, System]:
        """Return the most probable effects, in units of their standard deviations, by Newton's method.

        Beside them, what the answers are like there, and the system whose determinant Laplace's approximation takes.
        """
        groups, modes = self.groups, self.modes
        scaled = np.repeat(parts.sds, groups.sizes)

        def look(modes: Array) -> tuple[float, links.Interval]:
            eta = fixed + (scaled * modes)[groups.places].sum(axis=0)
            at = links.interval(self.link, *self._interval(parts, eta, rate))
            return float(at.value.sum()) - 0.5 * float(modes @ modes), at

        value, at = look(modes)
        for _ in range(_ROUNDS):
            gradient = scaled * groups.scatter(rate * at.slope) - modes
            system = groups.system(groups.normal(rate**2 * at.curvature), parts.sds)
            step = system.solve(gradient)
            gain = float(gradient @ step)
            if gain < 1e-12:
                break
            length = 1.0
            while True:
                tried, at_tried = look(modes + length * step)
                if tried >= value - 1e-9 or length < 1e-6:
                    break
                length /= 2
            modes, value, at = modes + length * step, tried, at_tried
        else:
            raise StatisticsError("The ordinal model's random effects did not settle. Leave out one of the effects.")
        self.modes = modes
        return modes, at, system

    def maximise(self, start: Array | None = None, tolerance: float = 1e-13) -> Array:
        """Return the vector with the smallest value, searched for from `start` where one is given.

        Args:
            start: A vector of parameters.
            tolerance: The search ends where a step gains less than this share of the value.
        """
        open_end: tuple[float | None, float | None] = (None, None)
        bounds = (
            [open_end] * (self.cuts + self.slopes)
            + [(SMALLEST, _LARGEST)] * len(self.groups.codes)
            # A rater of a single score has no best width, and one who never errs no best spread.
            + [(-_WIDEST, _WIDEST)] * (self.spreads + self.widths)
        )
        return minimise(self, self._start() if start is None else start, bounds, tolerance)

    def _start(self) -> Array:
        shares = np.bincount(self.category).cumsum()[:-1] / self.category.size
        thresholds = np.log(shares / (1 - shares))
        return np.concatenate(
            [
                thresholds[:1],
                np.log(np.diff(thresholds)),
                np.zeros(self.slopes),
                np.full(len(self.groups.codes), _START),
                np.zeros(self.spreads + self.widths),
            ]
        )

    def covariance(self, vector: Array) -> Array:
        """Return the covariance of the slopes: that block of the inverse of the observed information.

        Standard deviations at the edge (an effect that is not there) are held fixed.
        """
        first = self.cuts + self.slopes
        free = np.ones(vector.size, dtype=bool)
        free[first : first + len(self.groups.codes)] = vector[first : first + len(self.groups.codes)] > SMALLEST + 1.0
        slopes = slice(self.cuts, self.cuts + self.slopes)
        return inverse_information(self, vector, free)[slopes, slopes]

    def split(self, vector: Array) -> Parameters:
        """Take a vector of parameters apart."""
        ends = np.cumsum([self.cuts, self.slopes, len(self.groups.codes), self.spreads])
        cuts, slopes, sds, spreads, widths = np.split(vector, ends)
        thresholds = np.cumsum(np.concatenate([cuts[:1], np.exp(cuts[1:])]))
        raters = int(self.rater.max()) + 1
        return Parameters(thresholds, slopes, np.exp(sds), _own(spreads, raters), _own(widths, raters))

    def effects(self, vector: Array) -> list[Array]:
        """Return the conditional modes of each effect, on the latent scale."""
        self(vector)
        scaled = np.repeat(self.split(vector).sds, self.groups.sizes) * self.modes
        return np.split(scaled, self.groups.starts[1:])


def _own(logarithms: Array, raters: int) -> Array:
    """Return a value for every rater, of geometric mean 1, from the logarithms of all but the last; or ones."""
    found: Array = np.exp(np.append(logarithms, -logarithms.sum())) if logarithms.size else np.ones(raters)
    return found


def _against_last(by_rater: NDArray[Any]) -> Array:
    found: Array = by_rater[:-1] - by_rater[-1]
    return found

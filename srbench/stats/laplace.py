"""Laplace's approximation of an ordinal mixed model's likelihood, with its exact gradient, and its maximum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from srbench.errors import StatisticsError
from srbench.stats import links
from srbench.stats.crossed import Codes, Crossed
from srbench.stats.tables import Array

SMALLEST, _LARGEST = -6.0, 4.0
"""Logarithm of the smallest standard deviation: an effect whose estimate ends there is not there."""
_ROUNDS = 100
_START = np.log(0.5)


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a fit, taken apart."""

    thresholds: Array
    slopes: Array
    sds: Array
    spreads: Array


class Laplace:
    """Minus Laplace's approximation of the log-likelihood, as a function of one vector of parameters.

    The vector holds the first threshold, logarithms of the gaps to the next ones, the slopes of all methods but the
    first, logarithms of the standard deviations, and logarithms of all raters' spreads but the last's.
    """

    def __init__(
        self, link: links.Link, category: Codes, method: Codes, methods: int, groups: Crossed, rater: Codes | None
    ) -> None:
        self.link, self.category, self.method, self.groups, self.rater = link, category, method, groups, rater
        self.cuts = int(category.max())
        self.slopes = methods - 1
        self.raters = 0 if rater is None else int(rater.max())
        self.modes = np.zeros(groups.total)

    def __call__(self, vector: Array) -> tuple[float, Array]:
        """Return the value and the gradient at `vector`."""
        parts = self.split(vector)
        groups = self.groups
        rate = 1.0 / parts.spreads[self.rater] if self.rater is not None else np.ones(self.category.size)
        fixed = np.concatenate([[0.0], parts.slopes])[self.method]
        modes, at = self._modes(parts, fixed, rate)
        weights = rate**2 * at.curvature
        system = groups.system(groups.normal(weights), parts.sds)
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
                self._by_cut(parts.thresholds, upper * rate, lower * rate),
                np.bincount(self.method, along, self.slopes + 1)[1:],
                by_sd,
                self._by_spread(parts, fixed + shown.sum(axis=0), at, leverage, pull, rate, upper, lower),
            ]
        )

    def _ends(self, at: links.Interval, leverage: Array, pull: Array, rate: Array) -> tuple[Array, Array]:
        """Return the derivative of the value in the upper and the lower end of each observation's interval."""
        upper = at.value_a - 0.5 * leverage * rate**2 * at.curvature_a + pull * rate * at.slope_a
        lower = at.value_c - 0.5 * leverage * rate**2 * at.curvature_c + pull * rate * at.slope_c
        return upper, lower

    def _by_cut(self, thresholds: Array, upper: Array, lower: Array) -> Array:
        by_threshold = (
            np.bincount(self.category, upper, self.cuts + 1)[:-1] + np.bincount(self.category, lower, self.cuts + 1)[1:]
        )
        gaps = np.diff(thresholds)
        # A gap moves its own threshold and all above it.
        return np.concatenate([[by_threshold.sum()], gaps * np.cumsum(by_threshold[::-1])[::-1][1:]])

    def _by_spread(
        self, parts: Parameters, eta: Array, at: links.Interval, leverage: Array, pull: Array, rate: Array,
        upper: Array, lower: Array,
    ) -> Array:  # fmt: skip
        if self.rater is None:
            return np.empty(0)
        a, c = self._interval(parts.thresholds, eta, rate)
        finite_a, finite_c = (np.where(np.isfinite(end), end, 0.0) for end in (a, c))
        moved = -finite_a * upper - finite_c * lower + leverage * rate**2 * at.curvature - pull * rate * at.slope
        by_rater = np.bincount(self.rater, moved, self.raters + 1)
        found: Array = by_rater[:-1] - by_rater[-1]
        return found

    def _interval(self, thresholds: Array, eta: Array, rate: Array) -> tuple[Array, Array]:
        edges = np.concatenate([[-np.inf], thresholds, [np.inf]])
        return (edges[self.category + 1] - eta) * rate, (edges[self.category] - eta) * rate

    def _modes(self, parts: Parameters, fixed: Array, rate: Array) -> tuple[Array, links.Interval]:
        """Return the most probable effects, in units of their standard deviations, by Newton's method."""
        groups, modes = self.groups, self.modes
        scaled = np.repeat(parts.sds, groups.sizes)

        def look(modes: Array) -> tuple[float, links.Interval]:
            eta = fixed + (scaled * modes)[groups.places].sum(axis=0)
            at = links.interval(self.link, *self._interval(parts.thresholds, eta, rate))
            return float(at.value.sum()) - 0.5 * float(modes @ modes), at

        value, at = look(modes)
        for _ in range(_ROUNDS):
            gradient = scaled * groups.scatter(rate * at.slope) - modes
            step = groups.system(groups.normal(rate**2 * at.curvature), parts.sds).solve(gradient)
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
        return modes, at

    def maximise(self, start: Array | None = None) -> Array:
        """Return the vector with the smallest value, searched for from `start` where one is given."""
        first = self.cuts + self.slopes
        bounds: list[tuple[float | None, float | None]] = [(None, None)] * (
            first + len(self.groups.codes) + self.raters
        )
        bounds[first : first + len(self.groups.codes)] = [(SMALLEST, _LARGEST)] * len(self.groups.codes)
        found = optimize.minimize(
            self, self._start() if start is None else start, jac=True, method="L-BFGS-B", bounds=bounds,
            options={"maxiter": 1000, "maxcor": 30, "ftol": 1e-13, "gtol": 1e-5},
        )  # fmt: skip
        vector: Array = found.x
        return vector

    def _start(self) -> Array:
        shares = np.bincount(self.category).cumsum()[:-1] / self.category.size
        thresholds = np.log(shares / (1 - shares))
        return np.concatenate(
            [
                thresholds[:1],
                np.log(np.diff(thresholds)),
                np.zeros(self.slopes),
                np.full(len(self.groups.codes), _START),
                np.zeros(self.raters),
            ]
        )

    def covariance(self, vector: Array) -> Array:
        """Return the covariance of the slopes: that block of the inverse of the observed information.

        Standard deviations at the edge (an effect that is not there) are held fixed.
        """
        first = self.cuts + self.slopes
        free = np.ones(vector.size, dtype=bool)
        free[first : first + len(self.groups.codes)] = vector[first : first + len(self.groups.codes)] > SMALLEST + 1.0
        places = np.flatnonzero(free)
        step = 1e-4
        columns = []
        for place in places:
            shift = np.zeros(vector.size)
            shift[place] = step
            columns.append((self(vector + shift)[1] - self(vector - shift)[1])[places] / (2 * step))
        information = np.array(columns)
        inverse = np.linalg.inv(0.5 * (information + information.T))
        slopes = slice(self.cuts, self.cuts + self.slopes)
        return inverse[slopes, slopes].astype(np.float64)

    def split(self, vector: Array) -> Parameters:
        """Take a vector of parameters apart."""
        ends = np.cumsum([self.cuts, self.slopes, len(self.groups.codes)])
        cuts, slopes, sds, spreads = np.split(vector, ends)
        thresholds = np.cumsum(np.concatenate([cuts[:1], np.exp(cuts[1:])]))
        return Parameters(thresholds, slopes, np.exp(sds), np.exp(np.append(spreads, -spreads.sum())))

    def effects(self, vector: Array) -> list[Array]:
        """Return the conditional modes of each effect, on the latent scale."""
        self(vector)
        scaled = np.repeat(self.split(vector).sds, self.groups.sizes) * self.modes
        return np.split(scaled, self.groups.starts[1:])

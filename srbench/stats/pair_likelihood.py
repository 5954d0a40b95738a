"""Penalised likelihood of paired comparisons with random effects: Laplace's approximation with its exact gradient.

The derivation is that of `srbench.stats.laplace`; here an answer depends on the difference of two levels of an effect,
and the system is that of `srbench.stats.pair_system`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from srbench.errors import StatisticsError
from srbench.stats import links
from srbench.stats.information import inverse_information
from srbench.stats.pair_design import Design
from srbench.stats.pair_system import PairSystem
from srbench.stats.search import minimise
from srbench.stats.tables import Array

SMALLEST, _LARGEST = -6.0, 4.0
"""Logarithm of the smallest standard deviation: an effect whose estimate ends there is not there."""
_TIES = (-12.0, 6.0)
"""Logarithm of the smallest and the largest half-width of indifference."""
_ROUNDS = 100


@dataclass(frozen=True, slots=True)
class PairParameters:
    """The parameters of a fit, taken apart: half-width of indifference (0 without ties), coefficients, sds."""

    tie: float
    coefficients: Array
    sds: Array


@dataclass(frozen=True, slots=True)
class _Mode:
    """The most probable effects, and the system there."""

    effects: Array
    at: links.Interval
    system: PairSystem


class PairLikelihood:
    """Minus the penalised log-likelihood, as a function of one vector of parameters.

    The vector holds the logarithm of the half-width of indifference (with ties only), the coefficients of the fixed
    effects, and logarithms of the standard deviations of the random effects.

    Args:
        link: Distribution of the latent difference.
        design: The comparisons.
        prior: Standard deviation of the normal prior of each quality around the mean of all, and of the lean
            around 0, on the latent scale; the standard deviations of random effects have the upper half of it.
            Infinite for none.
    """

    def __init__(self, link: links.Link, design: Design, prior: float) -> None:
        self.link, self.design, self.prior = link, design, prior
        self.starts = np.concatenate([[0], np.cumsum(design.sizes)[:-1]]).astype(np.intp)
        self.modes = np.zeros(design.random.shape[1])

    def __call__(self, vector: Array) -> tuple[float, Array]:
        """Return the value and the gradient at `vector`."""
        parts = self.split(vector)
        scales = np.repeat(parts.sds, self.design.sizes)
        mode = self._mode(parts, scales)
        at, random = mode.at, self.design.random
        quality = self.quality(parts)
        value = at.value.sum() - 0.5 * mode.effects @ mode.effects - 0.5 * mode.system.log_determinant
        value -= self.penalty(parts)

        by_effect = mode.system.leverages()
        leverage = by_effect.sum(axis=0)
        answer = mode.system.solve(0.5 * scales * (random.T @ (leverage * at.third)))
        pull = random @ (scales * answer)
        along = at.slope + 0.5 * leverage * at.third - at.curvature * pull
        by_coefficient = self.design.fixed.T @ along
        lean = parts.coefficients[quality.size - 1 :]
        by_coefficient -= np.concatenate([quality[1:], lean]) / self.prior**2
        shown = (random.T @ along) * scales * mode.effects + answer * mode.effects
        by_sd = np.add.reduceat(shown, self.starts) if shown.size else shown
        by_sd = by_sd - by_effect @ at.curvature - (parts.sds / self.prior) ** 2
        return -float(value), -np.concatenate([self._by_tie(parts, at, leverage, pull), by_coefficient, by_sd])

    def _by_tie(self, parts: PairParameters, at: links.Interval, leverage: Array, pull: Array) -> Array:
        if not self.design.ties:
            return np.empty(0)
        upper = at.value_a - 0.5 * leverage * at.curvature_a + pull * at.slope_a
        lower = at.value_c - 0.5 * leverage * at.curvature_c + pull * at.slope_c
        right, tie, left = (self.design.category == place for place in range(3))
        total = -upper[right].sum() + upper[tie].sum() - lower[tie].sum() + lower[left].sum()
        return np.array([parts.tie * total])

    def _look(self, parts: PairParameters, latent: Array) -> links.Interval:
        cuts = [-parts.tie, parts.tie] if self.design.ties else [0.0]
        edges = np.array([-np.inf, *cuts, np.inf])
        category = self.design.category
        return links.interval(self.link, edges[category + 1] - latent, edges[category] - latent)

    def _mode(self, parts: PairParameters, scales: Array) -> _Mode:
        """Find the most probable effects, in units of their standard deviations, by Newton's method."""
        design, effects = self.design, self.modes
        fixed = design.fixed @ parts.coefficients

        def look(effects: Array) -> tuple[float, links.Interval]:
            at = self._look(parts, fixed + design.random @ (scales * effects))
            return float(at.value.sum()) - 0.5 * float(effects @ effects), at

        value, at = look(effects)
        for _ in range(_ROUNDS):
            mode = _Mode(effects, at, PairSystem(design, at.curvature, scales))
            gradient = scales * (design.random.T @ at.slope) - effects
            step = mode.system.solve(gradient)
            if float(gradient @ step) < 1e-12:
                self.modes = effects
                return mode
            length = 1.0
            tried, at = look(effects + step)
            while tried < value - 1e-9 and length > 1e-6:
                length /= 2
                tried, at = look(effects + length * step)
            effects, value = effects + length * step, tried
        raise StatisticsError("The random effects of the model of pairs did not settle. Leave out one of them.")

    def quality(self, parts: PairParameters) -> Array:
        """Return the latent quality of each method around the mean of all, shape (K,)."""
        whole = np.concatenate([[0.0], parts.coefficients[: len(self.design.methods) - 1]])
        centred: Array = whole - whole.mean()
        return centred

    def penalty(self, parts: PairParameters) -> float:
        """Return minus the logarithm of the prior of qualities, lean and standard deviations, up to a constant."""
        quality, lean = self.quality(parts), parts.coefficients[len(self.design.methods) - 1 :]
        return 0.5 * float(quality @ quality + lean @ lean + parts.sds @ parts.sds) / self.prior**2

    def maximise(self) -> Array:
        """Return the vector with the smallest value."""
        design = self.design
        share = float(np.mean(design.category == 1)) if design.ties else 0.0
        start = [np.log(np.log((1 + share) / (1 - share)))] if design.ties else []
        start += [0.0] * design.fixed.shape[1] + [np.log(0.5)] * len(design.sizes)
        bounds: list[tuple[float | None, float | None]] = [(None, None)] * len(start)
        if design.ties:
            bounds[0] = _TIES
        bounds[len(start) - len(design.sizes) :] = [(SMALLEST, _LARGEST)] * len(design.sizes)
        return minimise(self, np.array(start), bounds)

    def covariance(self, vector: Array) -> Array:
        """Return the covariance of the coefficients: that block of the inverse of the observed information.

        Standard deviations at the edge (an effect that is not there) are held fixed.
        """
        free = np.ones(vector.size, dtype=bool)
        first = vector.size - len(self.design.sizes)
        free[first:] = vector[first:] > SMALLEST + 1.0
        begin = int(self.design.ties)
        return inverse_information(self, vector, free)[begin:first, begin:first]

    def split(self, vector: Array) -> PairParameters:
        """Take a vector of parameters apart."""
        first = int(self.design.ties)
        last = vector.size - len(self.design.sizes)
        tie = float(np.exp(vector[0])) if self.design.ties else 0.0
        return PairParameters(tie, vector[first:last], np.exp(vector[last:]))

    def misfit(self, vector: Array, further: Array) -> tuple[float, int]:
        """Return Rao's score statistic of further fixed effects, and its degrees of freedom.

        Args:
            vector: Where the value is smallest.
            further: Their columns, shape (N, M). What the model has already costs no degree of freedom.
        """
        parts = self.split(vector)
        scales = np.repeat(parts.sds, self.design.sizes)
        mode = self._mode(parts, scales)
        weights = mode.at.curvature

        def information(one: Array, other: Array) -> Array:
            plain: Array = one.T @ (weights[:, None] * other)
            if not scales.size:
                return plain
            seen = [scales[:, None] * (self.design.random.T @ (weights[:, None] * part)) for part in (one, other)]
            known: Array = seen[0].T @ mode.system.solve(seen[1])
            return plain - known

        fixed = self.design.fixed
        crossing = information(further, fixed)
        known = np.linalg.solve(information(fixed, fixed), np.column_stack([crossing.T, fixed.T @ mode.at.slope]))
        whole = information(further, further)
        left = whole - crossing @ known[:, :-1]
        score = further.T @ mode.at.slope - crossing @ known[:, -1]
        values, vectors = np.linalg.eigh(left)
        kept = values > 1e-8 * np.trace(whole)
        statistic = float((((vectors.T @ score) ** 2)[kept] / values[kept]).sum())
        return statistic, int(kept.sum())

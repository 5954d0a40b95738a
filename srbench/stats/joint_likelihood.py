"""Laplace's approximation of the likelihood of ratings and comparisons on one latent scale, with its exact gradient.

The derivation is that of `srbench.stats.laplace`. What is new is the scale of comparisons: side by side, people see
smaller differences than one by one, so that a comparison looks at the latent difference times a factor of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from srbench.errors import StatisticsError
from srbench.stats import links
from srbench.stats.information import inverse_information
from srbench.stats.joint_design import JointDesign
from srbench.stats.joint_system import JointSystem
from srbench.stats.search import minimise
from srbench.stats.tables import Array

SMALLEST, _LARGEST = -6.0, 4.0
"""Logarithm of the smallest standard deviation: an effect whose estimate ends there is not there."""
_WIDEST = 4.0
_ROUNDS = 100


@dataclass(frozen=True, slots=True)
class JointParameters:
    """The parameters of a fit, taken apart.

    Attributes:
        thresholds: Between the scores.
        tie: Half-width of indifference in comparisons; 0 without ties.
        lean: To the left, in comparisons; 0 where it is not in the model.
        scale: Of comparisons, in units of ratings.
        slopes: Quality of every method but the first.
        free: Coefficients of the further columns of comparisons.
        sds: Of the random effects.
    """

    thresholds: Array
    tie: float
    lean: float
    scale: float
    slopes: Array
    free: Array
    sds: Array


@dataclass(frozen=True, slots=True)
class _Mode:
    effects: Array
    core: Array
    at: links.Interval
    system: JointSystem


class JointLikelihood:
    """Minus Laplace's approximation of the log-likelihood, as a function of one vector of parameters.

    The vector holds the first threshold, logarithms of the gaps to the next ones, the logarithm of the half-width of
    indifference (with ties), the lean (where it is in the model), the logarithm of the scale, the slopes, the further
    coefficients, and logarithms of the standard deviations.
    """

    def __init__(self, link: links.Link, design: JointDesign) -> None:
        self.link, self.design = link, design
        self.modes = np.zeros(design.total)
        cuts = len(design.scores) - 1
        counts = [cuts, int(design.ties), int(design.order), 1, len(design.methods) - 1, design.free.shape[1]]
        self.ends = np.cumsum([*counts, len(design.sizes)])

    def __call__(self, vector: Array) -> tuple[float, Array]:
        """Return the value and the gradient at `vector`."""
        parts, design = self.split(vector), self.design
        mode = self._mode(parts)
        at, scales = mode.at, np.repeat(parts.sds, design.sizes)
        rate = self._rate(parts)
        value = at.value.sum() - 0.5 * mode.effects @ mode.effects - 0.5 * mode.system.log_determinant

        by_effect = mode.system.leverages(len(design.sizes)) * rate**2
        leverage = by_effect.sum(axis=0)
        answer = mode.system.solve(0.5 * scales * (design.random.T @ (rate * leverage * at.third)))
        pull = rate * (design.random @ (scales * answer))
        along = at.slope + 0.5 * leverage * at.third - at.curvature * pull

        there = design.compares
        by_scale = (mode.core * along - at.curvature * leverage + pull * at.slope)[there].sum()
        shown = scales * (design.random.T @ (rate * along)) * mode.effects + answer * mode.effects
        by_sd = np.add.reduceat(shown, design.starts) - by_effect @ at.curvature
        upper = at.value_a - 0.5 * leverage * at.curvature_a + pull * at.slope_a
        lower = at.value_c - 0.5 * leverage * at.curvature_c + pull * at.slope_c
        gradient = [
            self._by_cut(parts, upper, lower),
            self._by_tie(parts, upper[there], lower[there]),
            np.array([along[there].sum()] if design.order else []),
            np.array([by_scale]),
            design.fixed.T @ (rate * along),
            design.free.T @ along,
            by_sd,
        ]
        return -float(value), -np.concatenate(gradient)

    def _by_cut(self, parts: JointParameters, upper: Array, lower: Array) -> Array:
        size, here = len(self.design.scores), slice(0, self.design.ratings)
        category = self.design.category[here]
        by_threshold = np.bincount(category, upper[here], size)[:-1] + np.bincount(category, lower[here], size)[1:]
        gaps = np.diff(parts.thresholds)
        # A gap moves its own threshold and all above it.
        return np.concatenate([[by_threshold.sum()], gaps * np.cumsum(by_threshold[::-1])[::-1][1:]])

    def _by_tie(self, parts: JointParameters, upper: Array, lower: Array) -> Array:
        if not self.design.ties:
            return np.empty(0)
        right, tie, left = (self.design.category[self.design.compares] == place for place in range(3))
        total = -upper[right].sum() + upper[tie].sum() - lower[tie].sum() + lower[left].sum()
        return np.array([parts.tie * total])

    def _rate(self, parts: JointParameters) -> Array:
        """Return what the latent scale is multiplied with, shape (N,): 1 in ratings."""
        rate = np.ones(len(self.design.category))
        rate[self.design.compares] = parts.scale
        return rate

    def _look(self, parts: JointParameters, core: Array) -> links.Interval:
        """Return the likelihood at latent values of shape (N,), lean and further columns not yet added."""
        design = self.design
        here, there = slice(0, design.ratings), design.compares
        latent = core + design.free @ parts.free
        latent[there] += parts.lean
        ends = []
        for shift in (1, 0):
            end = np.empty(len(core))
            rating = np.concatenate([[-np.inf], parts.thresholds, [np.inf]])
            choice = np.array([-np.inf, *([-parts.tie, parts.tie] if design.ties else [0.0]), np.inf])
            end[here] = rating[design.category[here] + shift]
            end[there] = choice[design.category[there] + shift]
            ends.append(end - latent)
        return links.interval(self.link, *ends)

    def _mode(self, parts: JointParameters) -> _Mode:
        """Find the most probable effects, in units of their standard deviations, by Newton's method."""
        design, effects, rate = self.design, self.modes, self._rate(parts)
        scales = np.repeat(parts.sds, design.sizes)
        fixed = rate * (design.fixed @ parts.slopes)

        def look(effects: Array) -> tuple[float, Array, links.Interval]:
            core = fixed + rate * (design.random @ (scales * effects))
            at = self._look(parts, core)
            return float(at.value.sum()) - 0.5 * float(effects @ effects), core, at

        value, core, at = look(effects)
        for _ in range(_ROUNDS):
            system = JointSystem(design.elimination, rate**2 * at.curvature, scales)
            gradient = scales * (design.random.T @ (rate * at.slope)) - effects
            step = system.solve(gradient)
            if float(gradient @ step) < 1e-12:
                self.modes = effects
                return _Mode(effects, core, at, system)
            length = 1.0
            tried, core, at = look(effects + step)
            while tried < value - 1e-9 and length > 1e-6:
                length /= 2
                tried, core, at = look(effects + length * step)
            effects, value = effects + length * step, tried
        raise StatisticsError("The random effects of the joint model did not settle. Leave out one of them.")

    def maximise(self, start: Array | None = None) -> Array:
        """Return the vector with the smallest value.

        Args:
            start: Where to search from; then the scale of comparisons stays what it is there.

        Raises:
            StatisticsError: The scale of comparisons grows, or shrinks, without end.
        """
        size = int(self.ends[-1])
        bounds: list[tuple[float | None, float | None]] = [(None, None)] * size
        place = self.ends[2]
        bounds[place] = (-_WIDEST, _WIDEST) if start is None else (start[place], start[place])
        bounds[self.ends[5] :] = [(SMALLEST, _LARGEST)] * len(self.design.sizes)
        vector = minimise(self, self._start() if start is None else start, bounds, 1e-12)
        if start is None and abs(vector[place]) > _WIDEST - 1e-3:
            raise StatisticsError(
                "Ratings and comparisons have no common scale: comparisons are decided far more, or far less, clearly "
                "than ratings can explain. Analyse each by itself."
            )
        return vector

    def _start(self) -> Array:
        design = self.design
        shares = np.bincount(design.category[: design.ratings]).cumsum()[:-1] / design.ratings
        cuts = np.log(shares / (1 - shares))
        answers = design.category[design.compares]
        share = min(0.9, float(np.mean(answers == 1))) if design.ties else 0.0
        tie = [np.log(np.log((1 + share) / (1 - share)))] if design.ties else []
        middle = [0.0] * (int(design.order) + 1 + len(design.methods) - 1 + design.free.shape[1])
        return np.array([cuts[0], *np.log(np.diff(cuts)), *tie, *middle, *[np.log(0.5)] * len(design.sizes)])

    def covariance(self, vector: Array) -> Array:
        """Return the covariance of the logarithm of the scale, first, and the slopes: shape (K, K).

        Standard deviations at the edge (an effect that is not there) are held fixed.
        """
        free = np.ones(vector.size, dtype=bool)
        free[self.ends[5] :] = vector[self.ends[5] :] > SMALLEST + 1.0
        wanted = slice(self.ends[2], self.ends[4])
        return inverse_information(self, vector, free)[wanted, wanted]

    def split(self, vector: Array) -> JointParameters:
        """Take a vector of parameters apart."""
        cuts, tie, lean, scale, slopes, free, sds = np.split(vector, self.ends[:-1])
        return JointParameters(
            np.cumsum(np.concatenate([cuts[:1], np.exp(cuts[1:])])),
            float(np.exp(tie[0])) if tie.size else 0.0,
            float(lean[0]) if lean.size else 0.0,
            float(np.exp(scale[0])),
            slopes,
            free,
            np.exp(sds),
        )

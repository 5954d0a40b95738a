"""Linear mixed model of opinion scores with crossed random effects, by restricted maximum likelihood.

    score = method + sum of random effects + rest

Estimates are those of R's `lme4::lmer` (Bates, Maechler, Bolker and Walker, Journal of Statistical Software 67,
2015), degrees of freedom those of `lmerTest` (Satterthwaite's). It treats the categories as numbers; the ordinal model
does not, and is to be preferred where many scores lie at an end of the scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize
from scipy import stats as scipy_stats

from srbench.errors import StatisticsError
from srbench.stats import contrasts
from srbench.stats.crossed import Codes, Crossed, compared, crossed
from srbench.stats.tables import Array, RatingTable

EFFECTS = ("rater", "image", "method:rater", "method:image", "rater:image")
"""All random effects that a study with one answer per rater, image and method can tell apart."""
_SMALLEST, _LARGEST = -7.0, 5.0


@dataclass(frozen=True, slots=True)
class LinearMixed:
    """A fitted linear mixed model.

    Attributes:
        methods: The methods.
        means: Mean score of each method over all raters and images, shape (M,).
        covariance: Covariance of `means`, shape (M, M).
        sds: Standard deviation of each random effect, and of `rest`.
        degrees: Satterthwaite's degrees of freedom of every difference between two methods, shape (M, M); NaN on the
            diagonal.
        criterion: The REML criterion, -2 log-likelihood of the residuals.
        observations: Number of ratings.
        notes: What was left out of the ratings, one sentence each.
    """

    methods: tuple[str, ...]
    means: Array
    covariance: Array
    sds: dict[str, float]
    degrees: Array
    criterion: float
    observations: int
    notes: tuple[str, ...] = ()

    def variances(self) -> pd.DataFrame:
        """Return the table of variances: columns effect, sd, variance, share (of the variance of a single rating)."""
        names, sds = list(self.sds), np.array(list(self.sds.values()))
        return pd.DataFrame({"effect": names, "sd": sds, "variance": sds**2, "share": sds**2 / (sds**2).sum()})

    def contrasts(self, level: float = 0.95) -> pd.DataFrame:
        """Return the difference of every pair of methods, with t-based intervals that hold for all pairs at once.

        Returns:
            Columns a, b, estimate (a minus b), error, low, high, p (two-sided t test of the pair alone), differs,
            degrees.
        """
        table = contrasts.pairwise(self.methods, self.means, self.covariance, level)
        first, second = np.triu_indices(len(self.methods), 1)
        degrees = self.degrees[first, second]
        # Normal quantiles become those of t at the same tail probability, each with its own degrees of freedom.
        reach = (table["high"] - table["estimate"]) / table["error"].where(table["error"] > 0)
        wider = scipy_stats.t.isf(scipy_stats.norm.sf(reach), degrees) * table["error"]
        table["low"], table["high"] = table["estimate"] - wider, table["estimate"] + wider
        table["p"] = 2.0 * scipy_stats.t.sf(np.abs(table["estimate"] / table["error"]), degrees)
        table["differs"] = (table["low"] > 0) | (table["high"] < 0)
        return table.assign(degrees=degrees)


def linear_mixed_model(
    ratings: RatingTable, *, effects: Sequence[str] = EFFECTS, methods: Sequence[str] | None = None
) -> LinearMixed:
    """Fit the linear mixed model to the ratings of a study.

    Args:
        ratings: See `check_ratings`. All data sets together: filter for one of them.
        effects: Random effects, names in `srbench.stats.crossed.FACTORS`.
        methods: Methods to compare, in this order; None means all.

    Raises:
        StatisticsError: The ratings are unusable, hold fewer than two methods, or do not vary.
    """
    frame, chosen, notes = compared(ratings, methods, "linear mixed model")
    score = frame["score"].to_numpy(dtype=np.float64)
    if np.ptp(score) == 0:
        raise StatisticsError(f"All ratings are {score[0]:g}: there is nothing to fit.")
    method = frame["method"].cat.codes.to_numpy().astype(np.intp)
    problem = _Problem(score, method, len(chosen), crossed(frame, effects))
    logs = problem.minimise()
    fit = problem.at(logs)
    sigma = float(np.sqrt(fit.variance))
    ratios = np.where(logs > _SMALLEST + 1e-6, np.exp(logs), 0.0)
    sds = {name: float(ratio * sigma) for name, ratio in zip(effects, ratios, strict=True)} | {"rest": sigma}
    return LinearMixed(
        chosen, fit.means, fit.variance * fit.unscaled, sds, problem.degrees(logs), fit.criterion, len(frame),
        tuple(notes),
    )  # fmt: skip


def variance_components(score: Array, groups: Crossed) -> Array:
    """Return the standard deviations of crossed effects around one mean, by REML, and of the rest last.

    Args:
        score: Shape (N,), not all equal.
        groups: The effects.
    """
    problem = _Problem(score, np.zeros(score.size, dtype=np.intp), 1, groups)
    logs = problem.minimise()
    ratios = np.append(np.where(logs > _SMALLEST + 1e-6, np.exp(logs), 0.0), 1.0)
    found: Array = ratios * np.sqrt(problem.at(logs).variance)
    return found


@dataclass(frozen=True, slots=True)
class _Fit:
    """What follows from given ratios of standard deviations, and the slope of the criterion in their logarithms."""

    criterion: float
    slope: Array
    means: Array
    unscaled: Array
    variance: float
    squares: float


class _Problem:
    """The REML criterion as a function of the logarithms of the effects' standard deviations over that of the rest."""

    def __init__(self, score: Array, method: Codes, methods: int, groups: Crossed) -> None:
        self.groups, self.methods, self.freedom = groups, methods, score.size - methods
        self.normal = groups.normal()
        # The scores are centred, which changes no difference and keeps digits.
        self.centre = float(score.mean())
        columns = [(method == place).astype(np.float64) for place in range(methods)]
        design = np.stack([*columns, score - self.centre], axis=1)
        self.products = design.T @ design
        self.sums = np.stack([groups.scatter(column) for column in design.T], axis=1)

    def at(self, logs: Array, variance: float | None = None) -> _Fit:
        """Return the fit at `logs`, shape (G,); with the residual variance that fits best, unless it is given."""
        system = self.groups.system(self.normal, np.exp(logs))
        scaled = system.scales[:, None] * self.sums
        effects = system.solve(scaled)
        inner = self.products - scaled.T @ effects
        unscaled = np.linalg.inv(inner[:-1, :-1])
        means = unscaled @ inner[:-1, -1]
        squares = float(inner[-1, -1] - inner[:-1, -1] @ means)
        best = squares / self.freedom if variance is None else variance
        determinants = system.log_determinant - float(np.linalg.slogdet(unscaled)[1])
        criterion = determinants + self.freedom * np.log(2.0 * np.pi * best) + squares / best
        rest = effects[:, -1] - effects[:, :-1] @ means
        by_level = ((effects[:, :-1] @ unscaled) * effects[:, :-1]).sum(axis=1) + rest**2 / best
        slope = np.array(self.groups.sizes) - system.traces() - np.add.reduceat(by_level, self.groups.starts)
        return _Fit(float(criterion), 2.0 * slope, means + self.centre, unscaled, best, squares)

    def minimise(self) -> Array:
        """Return the logarithms with the smallest criterion; `_SMALLEST` stands for an effect that is not there."""
        size = len(self.groups.codes)

        def value(logs: Array) -> tuple[float, Array]:
            fit = self.at(logs)
            return fit.criterion, fit.slope

        found = optimize.minimize(
            value, np.full(size, np.log(0.5)), jac=True, method="L-BFGS-B", bounds=[(_SMALLEST, _LARGEST)] * size,
            options={"ftol": 1e-14, "gtol": 1e-6, "maxiter": 500},
        )  # fmt: skip
        logs: Array = found.x
        return logs

    def degrees(self, logs: Array) -> Array:
        """Return Satterthwaite's degrees of freedom of all differences between methods.

        The variance of a difference is a function of the variances; its own variance follows from the curvature of
        the criterion in them. Effects that are not there take no part.
        """
        there = np.flatnonzero(logs > _SMALLEST + 1.0)
        first, second = np.triu_indices(self.methods, 1)

        def look(shift: Array) -> tuple[Array, Array]:
            moved = logs.copy()
            moved[there] += shift[:-1]
            variance = best * np.exp(shift[-1])
            fit = self.at(moved, variance)
            own = np.diag(fit.unscaled)
            differences = variance * (own[first] + own[second] - 2.0 * fit.unscaled[first, second])
            return np.append(fit.slope[there], self.freedom - fit.squares / variance), differences

        best = self.at(logs).variance
        steps = np.eye(there.size + 1) * 1e-4
        ends = [(look(step), look(-step)) for step in steps]
        curvature = np.array([(up[0] - down[0]) / 2e-4 for up, down in ends])
        slopes = np.array([(up[1] - down[1]) / 2e-4 for up, down in ends])
        spread = np.einsum("ip,ij,jp->p", slopes, 2.0 * np.linalg.inv(0.5 * (curvature + curvature.T)), slopes)
        table = np.full((self.methods, self.methods), np.nan)
        table[first, second] = table[second, first] = 2.0 * look(np.zeros(len(steps)))[1] ** 2 / spread
        return table

"""Restricted maximum likelihood of a linear mixed model with crossed random effects, for whoever builds one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from srbench.stats.crossed import Crossed, System
from srbench.stats.tables import Array

SMALLEST, _LARGEST = -7.0, 5.0


@dataclass(frozen=True, slots=True)
class RemlFit:
    """What follows from given ratios of standard deviations.

    Attributes:
        criterion: The REML criterion.
        slope: Its slope in the logarithms of the ratios, shape (G,).
        coefficients: Of the K fixed effects.
        unscaled: Their covariance over the residual variance, shape (K, K).
        variance: Residual variance.
        squares: Residual sum of squares, the random effects taken off.
        modes: Predicted random effects over their standard deviations, shape (total,).
        shared: What of each fixed effect the random effects take up, in the same unit, shape (total, K).
        system: The factored system of the random effects.
    """

    criterion: float
    slope: Array
    coefficients: Array
    unscaled: Array
    variance: float
    squares: float
    modes: Array
    shared: Array
    system: System


class Reml:
    """The REML criterion as a function of the logarithms of the effects' standard deviations over that of the rest.

    Args:
        design: Columns of the fixed effects, shape (N, K).
        score: Shape (N,); centred by the caller where that keeps digits.
        groups: The random effects.
    """

    def __init__(self, design: Array, score: Array, groups: Crossed) -> None:
        self.groups, self.freedom = groups, score.size - design.shape[1]
        self.normal = groups.normal()
        columns = np.column_stack([design, score])
        self.products = columns.T @ columns
        self.sums = np.stack([groups.scatter(column) for column in columns.T], axis=1)

    def at(self, logs: Array, variance: float | None = None) -> RemlFit:
        """Return the fit at `logs`, shape (G,); with the residual variance that fits best, unless it is given."""
        system = self.groups.system(self.normal, np.exp(logs))
        scaled = system.scales[:, None] * self.sums
        effects = system.solve(scaled)
        inner = self.products - scaled.T @ effects
        unscaled = np.asarray(np.linalg.inv(inner[:-1, :-1]), dtype=np.float64)
        coefficients = unscaled @ inner[:-1, -1]
        squares = float(inner[-1, -1] - inner[:-1, -1] @ coefficients)
        best = squares / self.freedom if variance is None else variance
        determinants = system.log_determinant - float(np.linalg.slogdet(unscaled)[1])
        criterion = determinants + self.freedom * np.log(2.0 * np.pi * best) + squares / best
        shared = effects[:, :-1]
        rest = effects[:, -1] - shared @ coefficients
        by_level = ((shared @ unscaled) * shared).sum(axis=1) + rest**2 / best
        slope = np.array(self.groups.sizes) - system.traces() - np.add.reduceat(by_level, self.groups.starts)
        return RemlFit(
            float(criterion), 2.0 * slope, coefficients, unscaled, best, squares, rest, shared, system
        )  # fmt: skip

    def minimise(self) -> Array:
        """Return the logarithms with the smallest criterion; `SMALLEST` stands for an effect that is not there."""
        size = len(self.groups.codes)

        def value(logs: Array) -> tuple[float, Array]:
            fit = self.at(logs)
            return fit.criterion, fit.slope

        found = optimize.minimize(
            value, np.full(size, np.log(0.5)), jac=True, method="L-BFGS-B", bounds=[(SMALLEST, _LARGEST)] * size,
            options={"ftol": 1e-14, "gtol": 1e-6, "maxiter": 500},
        )  # fmt: skip
        logs: Array = found.x
        return logs

    def sds(self, logs: Array) -> Array:
        """Return the standard deviations of the effects, 0 where one is not there, and of the rest last."""
        ratios = np.append(np.where(logs > SMALLEST + 1e-6, np.exp(logs), 0.0), 1.0)
        found: Array = ratios * np.sqrt(self.at(logs).variance)
        return found

    def degrees(self, logs: Array, contrasts: Array) -> Array:
        """Return Satterthwaite's degrees of freedom of contrasts of the fixed effects, shape (C, K) to (C,).

        The variance of a contrast is a function of the variances; its own variance follows from the curvature of
        the criterion in them. Effects that are not there take no part.
        """
        there = np.flatnonzero(logs > SMALLEST + 1.0)
        best = self.at(logs).variance

        def look(shift: Array) -> tuple[Array, Array]:
            moved = logs.copy()
            moved[there] += shift[:-1]
            variance = best * np.exp(shift[-1])
            fit = self.at(moved, variance)
            spread = variance * ((contrasts @ fit.unscaled) * contrasts).sum(axis=1)
            return np.append(fit.slope[there], self.freedom - fit.squares / variance), spread

        steps = np.eye(there.size + 1) * 1e-4
        ends = [(look(step), look(-step)) for step in steps]
        curvature = np.array([(up[0] - down[0]) / 2e-4 for up, down in ends])
        slopes = np.array([(up[1] - down[1]) / 2e-4 for up, down in ends])
        spread = np.einsum("ip,ij,jp->p", slopes, 2.0 * np.linalg.inv(0.5 * (curvature + curvature.T)), slopes)
        found: Array = 2.0 * look(np.zeros(len(steps)))[1] ** 2 / spread
        return found

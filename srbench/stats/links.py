"""The likelihood of an ordinal score between two thresholds, and its derivatives: logit and probit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from srbench.errors import StatisticsError, unknown
from srbench.stats.tables import Array

LinkName = Literal["logit", "probit"]


@dataclass(frozen=True, slots=True)
class Link:
    """A symmetric distribution: its function, and its density with two derivatives."""

    name: str
    cdf: Callable[[Array], Array]
    densities: Callable[[Array], tuple[Array, Array, Array]]


def _logistic_densities(x: Array) -> tuple[Array, Array, Array]:
    below = special.expit(x)
    density = below * special.expit(-x)
    slope = density * (1.0 - 2.0 * below)
    return density, slope, density * (1.0 - 6.0 * density)


def _normal_densities(x: Array) -> tuple[Array, Array, Array]:
    finite = np.clip(x, -40.0, 40.0)  # beyond, density times any power of x is 0, and inf * 0 would not be
    density = np.exp(-0.5 * finite**2) / np.sqrt(2.0 * np.pi)
    return density, -finite * density, (finite**2 - 1.0) * density


LINKS = {
    "logit": Link("logit", special.expit, _logistic_densities),
    "probit": Link("probit", special.ndtr, _normal_densities),
}


def find(name: str) -> Link:
    """Return the link called `name`.

    Raises:
        StatisticsError: There is none.
    """
    if name not in LINKS:
        raise StatisticsError(unknown("link", name, LINKS))
    return LINKS[name]


@dataclass(frozen=True, slots=True)
class Interval:
    """log(F(a) - F(c)) for every observation, c < a, with derivatives. All arrays have shape (N,).

    With A the derivative of the log-likelihood when a and c fall together (the linear predictor rises), B = -dA and
    C = d2A: the names below are `slope` (A), `curvature` (B) and `third` (C); `_a` and `_c` are partial derivatives
    in the upper and the lower end.
    """

    value: Array
    slope: Array
    curvature: Array
    third: Array
    value_a: Array
    value_c: Array
    slope_a: Array
    slope_c: Array
    curvature_a: Array
    curvature_c: Array


def interval(link: Link, a: Array, c: Array) -> Interval:
    """Return the log-probability of falling between `c` and `a` (which may be infinite), with its derivatives."""
    p = _probability(link, a, c)
    f, f1, f2 = link.densities(a)
    g, g1, g2 = link.densities(c)
    n1, n2, n3 = (f - g) / p, (f1 - g1) / p, (f2 - g2) / p
    f, f1, f2, g, g1, g2 = (part / p for part in (f, f1, f2, g, g1, g2))
    return Interval(
        value=np.log(p),
        slope=-n1,
        curvature=n1**2 - n2,
        third=-n3 + 3.0 * n1 * n2 - 2.0 * n1**3,
        value_a=f,
        value_c=-g,
        slope_a=n1 * f - f1,
        slope_c=g1 - n1 * g,
        curvature_a=-f2 + n2 * f + 2.0 * n1 * (f1 - n1 * f),
        curvature_c=g2 - n2 * g + 2.0 * n1 * (n1 * g - g1),
    )


def _probability(link: Link, a: Array, c: Array) -> Array:
    # Both ends in the upper tail: mirrored, the difference keeps its digits.
    mirrored = a + c > 0
    upper, lower = np.where(mirrored, -c, a), np.where(mirrored, -a, c)
    return np.maximum(link.cdf(upper) - link.cdf(lower), 1e-300)

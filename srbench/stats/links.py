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
    """A symmetric distribution.

    Attributes:
        name: What users call it.
        cdf: Its function.
        log_cdf: The logarithm of that, for arguments where it would be 0.
        log_density: The logarithm of its density f.
        turns: f'/f and f''/f.
    """

    name: str
    cdf: Callable[[Array], Array]
    log_cdf: Callable[[Array], Array]
    log_density: Callable[[Array], Array]
    turns: Callable[[Array], tuple[Array, Array]]


def _logistic_log_density(x: Array) -> Array:
    away = np.abs(x)
    found: Array = -away - 2.0 * np.log1p(np.exp(-away))
    return found


def _logistic_turns(x: Array) -> tuple[Array, Array]:
    first = -np.tanh(0.5 * x)
    return first, 1.0 - 1.5 * (1.0 - first**2)


def _normal_log_density(x: Array) -> Array:
    found: Array = -0.5 * x**2 - 0.5 * np.log(2.0 * np.pi)
    return found


def _normal_turns(x: Array) -> tuple[Array, Array]:
    return -x, x**2 - 1.0


LINKS = {
    "logit": Link("logit", special.expit, special.log_expit, _logistic_log_density, _logistic_turns),
    "probit": Link("probit", special.ndtr, special.log_ndtr, _normal_log_density, _normal_turns),
}
_END = 1e6
"""What stands for an infinite end: its density is 0, and infinity times 0 would not be."""
_FAR = 1e-250
"""Below it, probabilities lose their digits, and are computed as logarithms."""


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
    """Return the log-probability of falling between `c` and `a` (which may be infinite), with its derivatives.

    They are finite however far from 0 both ends lie, and the curvature is nowhere negative, as the logarithms of both
    distributions are concave.
    """
    log_p = _log_probability(link, a, c)
    f, f1, f2 = _over(link, a, log_p)
    g, g1, g2 = _over(link, c, log_p)
    n1, n2, n3 = f - g, f1 - g1, f2 - g2
    return Interval(
        value=log_p,
        slope=-n1,
        curvature=np.maximum(n1**2 - n2, 0.0),
        third=-n3 + 3.0 * n1 * n2 - 2.0 * n1**3,
        value_a=f,
        value_c=-g,
        slope_a=n1 * f - f1,
        slope_c=g1 - n1 * g,
        curvature_a=-f2 + n2 * f + 2.0 * n1 * (f1 - n1 * f),
        curvature_c=g2 - n2 * g + 2.0 * n1 * (n1 * g - g1),
    )


def _over(link: Link, end: Array, log_p: Array) -> tuple[Array, Array, Array]:
    """Return the density at `end` and its two derivatives, over the probability."""
    finite = np.clip(end, -_END, _END)
    density = np.exp(link.log_density(finite) - log_p)
    first, second = link.turns(finite)
    return density, first * density, second * density


def _log_probability(link: Link, a: Array, c: Array) -> Array:
    # Both ends in the upper tail: mirrored, the difference keeps its digits.
    mirrored = a + c > 0
    upper, lower = np.where(mirrored, -c, a), np.where(mirrored, -a, c)
    p = link.cdf(upper) - link.cdf(lower)
    far = p < _FAR
    found: Array = np.log(np.where(far, 1.0, p))
    if far.any():
        above, below = (link.log_cdf(np.maximum(end[far], -_END)) for end in (upper, lower))
        narrow = np.minimum(below - above, -np.finfo(float).eps)  # two ends that are one for a computer
        found[far] = above + np.log(-np.expm1(narrow))
    return found

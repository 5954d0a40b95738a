"""What a study's comparisons say so far of the quality of methods: a posterior that is quick to compute anew."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array: TypeAlias = NDArray[np.float64]

METHODS_SD = 2.0
"""Prior standard deviation of a method's quality, where the noise of one answer has 1: about 3 JOD."""
PICTURES_SD = 0.5
"""How much better or worse a method is on one picture than on all of them, in the same unit."""

_STEPS = 60
_SMALL = 1e-8  # steps shrink to their square: after one of this size nothing is left of where the search began
_NOISE = 1e-12  # of the sum that is searched, relative to it: less than this is no fall
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(11)


@dataclass(frozen=True, slots=True)
class _Point:
    """A place in the search for the maximum: q and x, and what both the sum and its slopes there are made of."""

    q: Array
    x: Array
    difference: Array
    likely: Array
    value: float

    @property
    def lowest(self) -> float:
        """What a step may reach that does not fall: sums of many logarithms are known to so many digits."""
        return self.value - _NOISE * max(1.0, abs(self.value))


@dataclass(frozen=True)
class Belief:
    """Thurstone's model (case V) of M methods on I pictures of one data set.

    A version has quality x[i, m] = q[m] + u[i, m], with normal priors of q and u, and the better of two is seen with
    probability Phi(x[i, a] - x[i, b]). The posterior is approximated by a normal distribution around its maximum
    (Laplace). Given q the pictures say nothing of each other, so that all matrices are as large as there are methods.

    Args:
        wins: Shape (I, M, M): how often a was preferred to b on picture i; no preference counts half for each.
        pending: Shape (I, M, M), symmetric: how many comparisons are shown now and not answered yet. What they will
            say is unknown, but that they will say something is not: they narrow the posterior where it is.
        start: Where the search for the maximum begins, shape (I, M); default: 0. There is one maximum, so that this
            decides nothing but the time that it takes: from the maximum before the last answer, a quarter less.
    """

    wins: Array
    pending: Array
    start: Array | None = None

    @cached_property
    def qualities(self) -> Array:
        """The most probable x, shape (I, M)."""
        return self._maximum.x

    @cached_property
    def _maximum(self) -> _Point:
        point = self._first()
        for _ in range(_STEPS):
            q, x = self._newton(point)
            q, x = q - point.q, x - point.x
            step = 1.0
            while (reached := self._at(point.q + step * q, point.x + step * x)).value < point.lowest:
                step /= 2.0
                if step < _SMALL:
                    return point
            point = reached
            if step * float(np.abs(x).max(initial=0.0)) < _SMALL:
                break
        return point

    def _first(self) -> _Point:
        images, methods = self.wins.shape[:2]
        if self.start is None:
            return self._at(np.zeros(methods), np.zeros((images, methods)))
        precisions = 1.0 / PICTURES_SD**2, 1.0 / METHODS_SD**2
        return self._at(self.start.sum(axis=0) * precisions[0] / (images * precisions[0] + precisions[1]), self.start)

    def gains(self) -> Array:
        """Return how much one more comparison of a and b on picture i tells of the methods' qualities q, in nats.

        It is the mutual information of the answer and q: the entropy of the answer less what is left of it once q is
        known (Houlsby et al., arXiv 1112.5745). What suits this one picture is no news of the methods, so that a
        picture on which a pair was compared already tells less of it than a new one.

        Returns:
            Shape (I, M, M); 0 but for a < b.
        """
        inside, through, whole = self._spread
        a, b = np.triu_indices(self.wins.shape[1], 1)
        known = _between(through @ whole @ through)[:, a, b]  # the part of the variance of x[a] - x[b] that is q's
        rest = _between(inside)[:, a, b]
        difference = self.qualities[:, a] - self.qualities[:, b]
        before = _entropy(special.ndtr(difference / np.sqrt(1.0 + known + rest)))
        nodes = difference[..., None] + np.sqrt(known)[..., None] * _NODES
        after = _entropy(special.ndtr(nodes / np.sqrt(1.0 + rest)[..., None])) @ _WEIGHTS / _WEIGHTS.sum()
        found: Array = np.zeros(self.wins.shape)
        found[:, a, b] = np.maximum(before - after, 0.0)
        return found

    @property
    def covariance(self) -> Array:
        """Covariance of q, shape (M, M)."""
        return self._spread[2]

    def _at(self, q: Array, x: Array) -> _Point:
        difference = x[:, :, None] - x[:, None, :]
        likely = special.log_ndtr(difference)
        prior = (q**2).sum() / METHODS_SD**2 + ((x - q) ** 2).sum() / PICTURES_SD**2
        return _Point(q, x, difference, likely, float((self.wins * likely).sum() - 0.5 * prior))

    def _slopes(self, point: _Point) -> tuple[Array, Array]:
        """Return gradient and curvature of the log-likelihood: shapes (I, M) and (I, M, M), a Laplacian matrix."""
        hazard = np.exp(-0.5 * point.difference**2 - point.likely) / np.sqrt(2.0 * np.pi)
        pull = self.wins * hazard
        weight = pull * (hazard + point.difference)
        return pull.sum(axis=2) - pull.sum(axis=1), _laplacian(weight + weight.transpose(0, 2, 1))

    @cached_property
    def _spread(self) -> tuple[Array, Array, Array]:
        """Return Cov(x | q), shape (I, M, M); dx / dq, the same shape; and Cov(q), shape (M, M)."""
        point = self._maximum
        _, curvature = self._slopes(point)
        if self.pending.any():
            better = special.ndtr(point.difference)
            density = np.exp(-(point.difference**2)) / (2.0 * np.pi)
            # Fisher's information of an answer whose outcome is open.
            curvature = curvature + _laplacian(self.pending * density / np.maximum(better * (1.0 - better), 1e-300))
        return _solve(curvature)

    def _newton(self, point: _Point) -> tuple[Array, Array]:
        slope, curvature = self._slopes(point)
        inside, through, whole = _solve(curvature)
        pulls = (curvature @ point.x[..., None])[..., 0] + slope
        q: Array = whole @ (through @ pulls[..., None]).sum(axis=0)[:, 0]
        return q, (inside @ (q / PICTURES_SD**2 + pulls)[..., None])[..., 0]


def _solve(curvature: Array) -> tuple[Array, Array, Array]:
    size = curvature.shape[1]
    inside = np.asarray(np.linalg.inv(curvature + np.eye(size) / PICTURES_SD**2), dtype=np.float64)
    through: Array = inside / PICTURES_SD**2
    precision = np.eye(size) / METHODS_SD**2 + (curvature @ through).sum(axis=0)
    return inside, through, np.linalg.inv(precision)


def _laplacian(weights: Array) -> Array:
    found: Array = -weights
    place = np.arange(weights.shape[1])
    found[:, place, place] += weights.sum(axis=2)
    return found


def _between(covariance: Array) -> Array:
    """Return the variance of the difference of every two."""
    own = np.diagonal(covariance, axis1=1, axis2=2)
    found: Array = np.maximum(own[:, :, None] + own[:, None, :] - covariance - covariance.transpose(0, 2, 1), 0.0)
    return found


def _entropy(p: Array) -> Array:
    found: Array = special.entr(p) + special.entr(1.0 - p)
    return found

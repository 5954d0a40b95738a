"""Crossed random effects: which rating belongs to which level, and the sparse system that every fit solves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import linalg, sparse
from scipy.linalg import lapack

from srbench.errors import StatisticsError, unknown
from srbench.stats.tables import Array, RatingTable, check_ratings

Codes = NDArray[np.intp]
Matrix: TypeAlias = Array | sparse.csr_matrix
_DENSE_UP_TO = 300
"""Levels of all effects up to which a full matrix is faster than a sparse one."""

FACTORS = {
    "rater": ("rater",),
    "image": ("dataset", "image"),
    "method:rater": ("method", "rater"),
    "method:image": ("method", "dataset", "image"),
    "rater:image": ("rater", "dataset", "image"),
}
"""The random effects of an opinion study, each with the columns whose combinations are its levels."""


@dataclass(frozen=True)
class Crossed:
    """N observations with G crossed random effects.

    The largest effect comes last in the order of elimination: its block of the system is diagonal, so that it costs
    next to nothing, and only a dense system of the size of all others is left to solve.

    Attributes:
        names: Names of the effects, as given.
        codes: For each effect the level of every observation, shape (N,).
        levels: For each effect the names of its levels.
    """

    names: tuple[str, ...]
    codes: tuple[Codes, ...]
    levels: tuple[tuple[str, ...], ...]

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Number of levels of each effect."""
        return tuple(len(names) for names in self.levels)

    @cached_property
    def starts(self) -> Codes:
        """Place of each effect's first level in the stacked vector of all effects."""
        return np.concatenate([[0], np.cumsum(self.sizes)[:-1]]).astype(np.intp)

    @property
    def total(self) -> int:
        """Number of levels of all effects together."""
        return sum(self.sizes)

    @cached_property
    def places(self) -> Codes:
        """Place in the stacked vector of every observation's level of every effect, shape (G, N)."""
        return np.stack([code + start for code, start in zip(self.codes, self.starts, strict=True)])

    @cached_property
    def eliminated(self) -> int:
        """Number of the effect whose block is eliminated: the one with most levels."""
        return int(np.argmax(self.sizes))

    @cached_property
    def _inner(self) -> Codes:
        """Places of the eliminated effect's levels."""
        start = self.starts[self.eliminated]
        return np.arange(start, start + self.sizes[self.eliminated])

    @cached_property
    def _outer(self) -> Codes:
        """Places of all other levels."""
        return np.setdiff1d(np.arange(self.total), self._inner)

    def gather(self, values: Array) -> Array:
        """Return, per effect, the value of each observation's level: (total,) to (G, N)."""
        found: Array = values[self.places]
        return found

    def scatter(self, values: Array) -> Array:
        """Return, per level, the sum over its observations: (N,) or (G, N) to (total,)."""
        weights = np.broadcast_to(values, self.places.shape)
        found: Array = np.bincount(self.places.ravel(), weights.ravel(), self.total).astype(np.float64)
        return found

    @cached_property
    def _crossings(self) -> Codes:
        """Place in a flat matrix (total, total) of every observation's pair of levels, shape (G, G, N)."""
        return self.places[:, None] * self.total + self.places[None]

    def normal(self, weights: Array | None = None) -> Matrix:
        """Return Z' W Z for W = diag(`weights`), or for equal weights of 1; shape (total, total)."""
        count, observations = self.places.shape
        values = np.ones(observations) if weights is None else weights
        if self.total <= _DENSE_UP_TO:
            spread = np.broadcast_to(values, self._crossings.shape).ravel()
            counted: Array = np.bincount(self._crossings.ravel(), spread, self.total**2).astype(np.float64)
            return counted.reshape(self.total, self.total)
        rows = np.repeat(self.places, count, axis=0).ravel()
        columns = np.tile(self.places, (count, 1)).ravel()
        entries = (np.tile(values, count * count), (rows, columns))
        return sparse.csr_matrix(entries, shape=(self.total, self.total))

    def system(self, normal: Matrix, sds: Array) -> System:
        """Return S Z' W Z S + I in factored form, S being the `sds` of the effects.

        Args:
            normal: From `normal`.
            sds: Standard deviation of each effect, shape (G,).

        Raises:
            StatisticsError: The system is not positive definite: the weights are not positive and finite.
        """
        scales = np.repeat(sds, self.sizes)
        inner, outer = self._inner, self._outer
        border: Matrix
        if isinstance(normal, np.ndarray):
            normal = scales[:, None] * normal * scales
            normal.flat[:: self.total + 1] += 1.0
            diagonal = normal[inner, inner]
            border = normal[np.ix_(inner, outer)]
            dense = normal[np.ix_(outer, outer)] - border.T @ (border / diagonal[:, None])
        else:
            normal = (sparse.diags(scales) @ normal @ sparse.diags(scales) + sparse.identity(self.total)).tocsr()
            diagonal = normal.diagonal()[inner]
            border = normal[inner][:, outer].tocsr()
            dense = normal[outer][:, outer].toarray() - (border.T @ sparse.diags(1.0 / diagonal) @ border).toarray()
        try:
            factor = linalg.cho_factor(dense, lower=True, check_finite=True) if outer.size else None
        except (ValueError, linalg.LinAlgError):
            raise StatisticsError(
                "The mixed model has no maximum that can be found: its curvature vanishes. Leave out an effect, or "
                "collect more ratings."
            ) from None
        return System(self, scales, diagonal, border, factor)


@dataclass(frozen=True)
class System:
    """A factored S Z' W Z S + I; see `Crossed.system`."""

    crossed: Crossed
    scales: Array
    diagonal: Array
    border: Matrix
    factor: tuple[Array, bool] | None

    @property
    def log_determinant(self) -> float:
        """Logarithm of the determinant."""
        value = float(np.log(self.diagonal).sum())
        return value if self.factor is None else value + 2.0 * float(np.log(np.diag(self.factor[0])).sum())

    def solve(self, right: Array) -> Array:
        """Solve for right-hand sides of shape (total,) or (total, K)."""
        inner, outer = self.crossed._inner, self.crossed._outer
        columns = right.reshape(len(right), -1)
        first = columns[inner] / self.diagonal[:, None]
        solution = np.empty_like(columns)
        if self.factor is None:
            solution[inner] = first
        else:
            rest = linalg.cho_solve(self.factor, columns[outer] - self.border.T @ first)
            solution[outer] = rest
            solution[inner] = first - (self.border @ rest) / self.diagonal[:, None]
        return solution.reshape(right.shape)

    def traces(self) -> Array:
        """Return the trace of the inverse's block of each effect, shape (G,)."""
        crossed = self.crossed
        inverse = self._outer_inverse()
        mixed = (self.border @ inverse) / self.diagonal[:, None]
        diagonal = np.empty(crossed.total)
        diagonal[crossed._outer] = np.diag(inverse)
        diagonal[crossed._inner] = self._inner_inverse(mixed)
        return np.add.reduceat(diagonal, crossed.starts)

    def leverages(self) -> Array:
        """Return s_g s_h (H^-1)[g, h] of every observation's levels g, summed over h: shape (G, N).

        Their sum over g is the variance of each observation's random part given the data.
        """
        crossed = self.crossed
        count, here = len(crossed.codes), crossed.eliminated
        scaled = self.scales[crossed.places]
        inverse = self._outer_inverse()
        place = np.full(crossed.total, -1)
        place[crossed._outer] = np.arange(crossed._outer.size)
        mixed = (self.border @ inverse) / self.diagonal[:, None]
        own = self._inner_inverse(mixed)
        found = np.zeros((count, crossed.places.shape[1]))
        for g in range(count):
            for h in range(g, count):
                if g == h == here:
                    entry = own[crossed.codes[here]]
                elif here in (g, h):
                    other = h if g == here else g
                    entry = -mixed[crossed.codes[here], place[crossed.places[other]]]
                else:
                    entry = inverse[place[crossed.places[g]], place[crossed.places[h]]]
                term = scaled[g] * scaled[h] * entry
                found[g] += term
                if h != g:
                    found[h] += term
        return found

    def _inner_inverse(self, mixed: Array) -> Array:
        """Return the diagonal of the inverse in the eliminated block, from minus its block beside it."""
        border = self.border
        products = border * mixed if isinstance(border, np.ndarray) else border.multiply(mixed)
        crossing: Array = np.asarray(products.sum(axis=1), dtype=np.float64).ravel()
        return (1.0 + crossing) / self.diagonal

    def _outer_inverse(self) -> Array:
        if self.factor is None:
            return np.empty((0, 0))
        lower, _ = lapack.dpotri(self.factor[0], lower=True)  # a third of what solving for every column costs
        triangle: Array = np.tril(lower)
        return triangle + np.tril(triangle, -1).T


def estimable(ratings: pd.DataFrame, effects: Sequence[str]) -> list[str]:
    """Return those of `effects` that `crossed` accepts for these ratings."""
    return [name for name in effects if 1 < len(_label(ratings, name).unique()) < len(ratings)]


def _label(ratings: pd.DataFrame, effect: str) -> pd.Series[str]:
    """Return the name of the level of every rating."""
    label = ratings[FACTORS[effect][0]].astype(str)
    for column in FACTORS[effect][1:]:
        label = label + "/" + ratings[column].astype(str)
    return label


def compared(
    ratings: RatingTable, methods: Sequence[str] | None, model: str
) -> tuple[pd.DataFrame, tuple[str, ...], list[str]]:
    """Return the usable ratings of the methods that a model compares, the methods, and what was left out.

    Args:
        ratings: See `check_ratings`.
        methods: Names in the order wanted; None means all, sorted.
        model: What the model is called in messages.

    Returns:
        The ratings, whose column `method` is categorical in the order of the methods; the methods; the notes.

    Raises:
        StatisticsError: The ratings are unusable, or there are not two methods with ratings.
    """
    frame, notes = check_ratings(ratings)
    chosen = tuple(methods) if methods is not None else tuple(sorted(map(str, frame["method"].unique())))
    frame = frame[frame["method"].isin(chosen)].reset_index(drop=True)
    missing = [name for name in chosen if not (frame["method"] == name).any()]
    if missing or len(chosen) < 2:
        raise StatisticsError(
            f"The {model} needs ratings of two methods or more; got {', '.join(chosen) or 'none'}"
            + (f", and no rating of {', '.join(missing)}." if missing else ".")
        )
    return frame.assign(method=pd.Categorical(frame["method"], categories=list(chosen))), chosen, notes


def crossed(ratings: pd.DataFrame, effects: Sequence[str]) -> Crossed:
    """Return the random effects of a table of ratings.

    Args:
        ratings: From `check_ratings`.
        effects: Names in `FACTORS`. One with a single level, or with a level of its own for every rating, cannot be
            told from the rest and is refused.

    Raises:
        StatisticsError: An effect is unknown, given twice, or cannot be estimated.
    """
    if len(set(effects)) < len(effects) or not effects:
        raise StatisticsError(f"Expected one or more different random effects, but got {list(effects)}.")
    codes, levels = [], []
    for name in effects:
        if name not in FACTORS:
            raise StatisticsError(unknown("random effect", name, FACTORS))
        code, found = pd.factorize(_label(ratings, name), sort=True)
        if not 1 < len(found) < len(ratings):
            raise StatisticsError(
                f"The random effect '{name}' has {len(found)} levels in {len(ratings)} ratings; it needs more than "
                "one, and more ratings than levels. Leave it out."
            )
        codes.append(code.astype(np.intp))
        levels.append(tuple(map(str, found)))
    return Crossed(tuple(effects), tuple(codes), tuple(levels))

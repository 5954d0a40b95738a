"""The system that the random effects of ratings and comparisons solve: every image, or every rater, is a block.

An answer touches levels of one rater and of one image. So the part of the system that belongs to images falls apart
into one small block for each, and so does that of raters. The larger part is eliminated block by block; what is left to
solve is dense and as large as the smaller one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import linalg

from srbench.errors import StatisticsError
from srbench.stats.crossed import Codes
from srbench.stats.tables import Array


@dataclass(frozen=True)
class Elimination:
    """Where the levels of random effects stand in the blocks and in the rest, and what every answer adds to them.

    Attributes:
        inner: Places of the levels of each of the U blocks in the stacked vector of all effects, shape (U, B).
        outer: Places of the other levels, shape (O,).
        within: Entry of a flat (U, B, B) that each answer's pair of inner slots belongs to, shape (S1, S1, N).
        border: The same of a flat (U B, O), an inner slot and an outer one, shape (S1, S2, N).
        rest: The same of a flat (O, O), shape (S2, S2, N).
        signs: Signs of the slots, the inner ones first, shape (S1 + S2, N).
        owners: Effect of each slot, in the same order, shape (S1 + S2,).
    """

    inner: Codes
    outer: Codes
    within: Codes
    border: Codes
    rest: Codes
    signs: Array
    owners: Codes

    @classmethod
    def of(cls, total: int, blocks: Codes, places: Codes, signs: Array, owners: Codes) -> Elimination:
        """Arrange levels.

        Args:
            total: Number of levels of all effects.
            blocks: `inner`.
            places: Levels of each answer in the stacked vector, shape (N, S).
            signs: With which sign, shape (N, S).
            owners: Effect of each slot, shape (S,). All levels of an effect are in the blocks, or none.
        """
        where = np.full(total, -1)
        where[blocks.ravel()] = np.arange(blocks.size)
        outer = np.flatnonzero(where < 0)
        inside = np.isin(places, blocks).any(axis=0)
        order = np.concatenate([np.flatnonzero(inside), np.flatnonzero(~inside)])
        where[outer] = np.arange(outer.size)
        slots, count, size = where[places[:, order]].T, int(inside.sum()), blocks.shape[1]
        one, other = slots[:count], slots[count:]
        return cls(
            inner=blocks,
            outer=outer,
            within=one[:, None] * size + one[None] % size,
            border=one[:, None] * outer.size + other[None],
            rest=other[:, None] * outer.size + other[None],
            signs=signs[:, order].T,
            owners=owners[order],
        )

    @cached_property
    def products(self) -> tuple[Array, Array, Array]:
        """Products of signs that belong to `within`, `border` and `rest`."""
        count = len(self.within)
        one, other = self.signs[:count], self.signs[count:]
        return one[:, None] * one[None], one[:, None] * other[None], other[:, None] * other[None]


class JointSystem:
    """S Z' W Z S + I in factored form.

    Args:
        levels: The levels of the random effects Z.
        weights: Diagonal of W, shape (N,).
        scales: Diagonal of S, shape (L,).

    Raises:
        StatisticsError: The system is not positive definite: the weights are not positive and finite.
    """

    def __init__(self, levels: Elimination, weights: Array, scales: Array) -> None:
        self.levels = levels
        self._inner, self._outer = scales[levels.inner], scales[levels.outer]
        (units, size), left = levels.inner.shape, self._outer.size
        within, border, rest = (
            np.bincount(index.ravel(), (weights * signs).ravel(), int(np.prod(shape))).reshape(shape)
            for index, signs, shape in zip(
                (levels.within, levels.border, levels.rest), levels.products,
                ((units, size, size), (units, size, left), (left, left)), strict=True,
            )
        )  # fmt: skip
        blocks = within * self._inner[:, :, None] * self._inner[:, None] + np.eye(size)
        beside = border * self._inner[:, :, None] * self._outer
        whole = rest * self._outer[:, None] * self._outer + np.eye(left)
        try:
            if not np.isfinite(weights).all():
                raise np.linalg.LinAlgError
            self._blocks = np.linalg.cholesky(blocks)
            self._inverses = np.linalg.inv(self._blocks)
            half = self._flat(self._inverses @ beside)
            self._factor = np.linalg.cholesky(whole - half.T @ half)
        except np.linalg.LinAlgError:
            raise StatisticsError(
                "The joint model has no maximum that can be found: its curvature vanishes. Leave out a random effect, "
                "or collect more answers."
            ) from None
        # The blocks' inverses times what stands beside them.
        self._solved = self._flat(self._inverses.transpose(0, 2, 1) @ half.reshape(beside.shape))

    def _flat(self, parts: Array) -> Array:
        return parts.reshape(self.levels.inner.size, self._outer.size)

    @property
    def log_determinant(self) -> float:
        """Logarithm of the determinant."""
        inside = np.log(np.diagonal(self._blocks, axis1=1, axis2=2)).sum()
        return 2.0 * float(inside + np.log(np.diag(self._factor)).sum())

    def solve(self, right: Array) -> Array:
        """Solve for a right-hand side of shape (L,)."""
        levels, found = self.levels, np.empty_like(right)
        part = right[levels.inner]
        within = self._inverses.transpose(0, 2, 1) @ (self._inverses @ part[:, :, None])
        rest = right[levels.outer] - self._solved.T @ part.ravel()
        if rest.size:
            rest = linalg.cho_solve((self._factor, True), rest)
        found[levels.outer] = rest
        found[levels.inner] = within[:, :, 0] - (self._solved @ rest).reshape(levels.inner.shape)
        return found

    def leverages(self, effects: int) -> Array:
        """Return each effect's part in the variance of each answer's latent value given the data, shape (G, N).

        Args:
            effects: G.
        """
        levels = self.levels
        rest = np.eye(self._outer.size)
        if rest.size:
            rest = linalg.cho_solve((self._factor, True), rest)
        beside = self._solved @ rest
        solved, shape = self._solved.reshape(*levels.inner.shape, -1), (*levels.inner.shape, self._outer.size)
        within = self._inverses.transpose(0, 2, 1) @ self._inverses
        within = within + beside.reshape(shape) @ solved.transpose(0, 2, 1)
        within *= self._inner[:, :, None] * self._inner[:, None]
        crossing = beside * self._inner.reshape(-1, 1) * self._outer
        rest = rest * self._outer[:, None] * self._outer
        inside, outside, others = (
            signs * values.ravel()[index]
            for values, index, signs in zip(
                (within, crossing, rest), (levels.within, levels.border, levels.rest), levels.products, strict=True
            )
        )
        by_slot = np.concatenate([inside.sum(axis=1) - outside.sum(axis=1), others.sum(axis=1) - outside.sum(axis=0)])
        found = np.zeros((effects, levels.signs.shape[1]))
        for owner, part in zip(levels.owners, by_slot, strict=True):
            found[owner] += part
        return found

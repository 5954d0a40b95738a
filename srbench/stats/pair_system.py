"""The system that the random effects of comparisons solve: every group of the largest effect is a block of its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import linalg, sparse
from scipy.linalg import lapack

from srbench.errors import StatisticsError
from srbench.stats.crossed import Codes
from srbench.stats.pair_design import Design
from srbench.stats.tables import Array


@dataclass(frozen=True)
class PairSystem:
    """S Z' W Z S + I in factored form, for the random effects Z of a design.

    A comparison touches two levels of one rater or one image. So the block of the effect with most groups falls apart
    into blocks as large as there are methods, and what is left to solve is dense and as large as all other effects.

    Args:
        design: The comparisons.
        weights: Diagonal of W, shape (N,).
        scales: Diagonal of S, shape (L,).

    Raises:
        StatisticsError: The system is not positive definite: the weights are not positive and finite.
    """

    design: Design
    weights: Array
    scales: Array

    def __post_init__(self) -> None:
        try:
            _ = self._blocks, self._outer
        except (ValueError, np.linalg.LinAlgError, linalg.LinAlgError):
            raise StatisticsError(
                "The model of pairs has no maximum that can be found: its curvature vanishes. Leave out a random "
                "effect, or collect more comparisons."
            ) from None

    @property
    def _inside(self) -> slice:
        return self.design.eliminated

    @cached_property
    def _rest(self) -> Codes:
        mask = np.ones(self.design.random.shape[1], dtype=bool)
        mask[self._inside] = False
        return np.flatnonzero(mask).astype(np.intp)

    @cached_property
    def _blocks(self) -> Array:
        """Cholesky factors of the blocks, shape (groups, K, K)."""
        design, size = self.design, len(self.design.methods)
        groups = (self._inside.stop - self._inside.start) // size
        left, right, group = design.left, design.right, design.group
        flat: Array = np.zeros(groups * size * size)
        if groups:
            places = [(left, left), (right, right), (left, right), (right, left)]
            index = np.concatenate([(group * size + a) * size + b for a, b in places])
            signed = np.concatenate([self.weights, self.weights, -self.weights, -self.weights])
            flat = np.bincount(index, signed, flat.size).astype(np.float64)
        scale = self.scales[self._inside].reshape(groups, size)
        blocks: Array = flat.reshape(groups, size, size) * scale[:, :, None] * scale[:, None, :] + np.eye(size)
        factors: Array = np.linalg.cholesky(blocks).astype(np.float64, copy=False)
        return factors

    def _columns(self, which: slice | Codes) -> sparse.csr_matrix:
        """Return Z S in some columns."""
        places = np.arange(self.design.random.shape[1])[which]
        return (self.design.random.tocsc()[:, places] @ sparse.diags(self.scales[places])).tocsr()

    @cached_property
    def _inner_columns(self) -> sparse.csr_matrix:
        return self._columns(self._inside)

    @cached_property
    def _outer_columns(self) -> sparse.csr_matrix:
        return self._columns(self._rest)

    @cached_property
    def _weighted(self) -> sparse.csr_matrix:
        weighted: sparse.csr_matrix = (sparse.diags(self.weights) @ self._outer_columns).tocsr()
        return weighted

    @cached_property
    def _border(self) -> Array:
        """The columns of all other effects beside the blocks, shape (groups, K, rest)."""
        border = (self._inner_columns.T @ self._weighted).toarray()
        found: Array = border.reshape(len(self._blocks), len(self.design.methods), self._rest.size)
        return found

    @cached_property
    def _solved(self) -> Array:
        """The blocks' inverses times the border, shape (groups, K, rest)."""
        return self._within(self._border)

    @staticmethod
    def _flat(parts: Array) -> Array:
        groups, size, columns = parts.shape
        return parts.reshape(groups * size, columns)

    @cached_property
    def _outer(self) -> Array:
        """Cholesky factor of what is left, shape (rest, rest)."""
        whole = (self._outer_columns.T @ self._weighted).toarray() + np.eye(self._rest.size)
        flat = self._flat(self._border)
        whole -= flat.T @ self._flat(self._solved)
        factor: Array = np.linalg.cholesky(whole)
        return factor

    def _within(self, right: Array) -> Array:
        """Solve the blocks alone, for right-hand sides of shape (groups, K, columns)."""
        half = np.linalg.solve(self._blocks, right)
        found: Array = np.linalg.solve(self._blocks.transpose(0, 2, 1), half)
        return found

    @property
    def log_determinant(self) -> float:
        """Logarithm of the determinant."""
        inside = np.log(np.diagonal(self._blocks, axis1=1, axis2=2)).sum()
        return 2.0 * float(inside + np.log(np.diag(self._outer)).sum())

    def solve(self, right: Array) -> Array:
        """Solve for right-hand sides of shape (L,) or (L, C)."""
        columns = right[:, None] if right.ndim == 1 else right
        shape = (*self._blocks.shape[:2], columns.shape[1])
        first = self._within(columns[self._inside].reshape(shape)).reshape(shape[0] * shape[1], shape[2])
        flat = self._flat(self._border)
        found = np.empty_like(columns)
        rest = columns[self._rest] - flat.T @ first
        if self._rest.size:
            rest = linalg.cho_solve((self._outer, True), rest)
        found[self._rest] = rest
        found[self._inside] = first - self._flat(self._solved) @ rest
        return found.reshape(right.shape)

    def leverages(self) -> Array:
        """Return each effect's part in the variance of each latent difference given the data, shape (G, N)."""
        design, size = self.design, len(self.design.methods)
        found = np.zeros((len(design.sizes), design.category.size))
        starts = np.cumsum([0, *design.sizes])
        owner = np.searchsorted(starts, self._rest, side="right") - 1
        inverse = self._outer_inverse()
        outer, inner = self._outer_columns, self._inner_columns
        beside = self._flat(self._solved) @ inverse
        crossing = np.asarray(outer.multiply(inner @ beside).tocsr() @ np.eye(len(found))[owner])
        own = outer.multiply(outer @ inverse).tocsr() @ np.eye(len(found))[owner]
        found += (np.asarray(own) - crossing).T
        if not len(self._blocks):
            return found
        within = self._within(np.broadcast_to(np.eye(size), self._blocks.shape))
        within = within + beside.reshape(self._solved.shape) @ self._solved.transpose(0, 2, 1)
        scale = self.scales[self._inside.start] ** 2
        g, a, b = design.group, design.left, design.right
        spread = scale * (within[g, a, a] + within[g, b, b] - 2.0 * within[g, a, b])
        here = int(np.searchsorted(starts, self._inside.start, side="right")) - 1
        found[here] += spread - crossing.sum(axis=1)
        return found

    def _outer_inverse(self) -> Array:
        if not self._rest.size:
            return np.empty((0, 0))
        lower, _ = lapack.dpotri(self._outer, lower=True)
        triangle: Array = np.tril(lower)
        return triangle + np.tril(triangle, -1).T

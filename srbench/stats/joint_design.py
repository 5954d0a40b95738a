"""Ratings and comparisons of the same versions, written as one table of observations of one latent scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import sparse

from srbench.errors import StatisticsError, unknown
from srbench.stats.crossed import Codes
from srbench.stats.joint_system import Elimination
from srbench.stats.pair_design import EITHER, LEFT, RIGHT
from srbench.stats.tables import Array

EFFECTS = ("rater", "image", "method:rater", "method:image")
"""Severity of raters and level of images, which cancel in comparisons; taste, and what suits an image, which do not."""
_COLUMNS = {"rater": ("rater",), "image": ("dataset", "image")}


@dataclass(frozen=True)
class JointDesign:
    """N1 ratings, then N2 comparisons, N together, of K methods.

    Attributes:
        methods: The methods; the first one is the reference.
        effects: Names of the G random effects.
        sizes: Number of levels of each.
        scores: The scores that were given, in order.
        ratings: N1.
        fixed: Shape (N, K - 1): 1 for the method of a rating; left minus right for a comparison.
        places: Levels of the random effects that an observation has, shape (N, S), in the stacked vector of all.
        signs: With which sign, shape (N, S): 0 where an observation has fewer than S.
        category: Number of the score, or of the answer (0 right, then no preference, then left), shape (N,).
        ties: Whether some comparisons show no preference.
        order: Whether the lean to the left that all raters share can be told from the methods.
        free: Further columns of comparisons alone, shape (N, F); none but in the test of a common scale.
    """

    methods: tuple[str, ...]
    effects: tuple[str, ...]
    sizes: tuple[int, ...]
    scores: tuple[float, ...]
    ratings: int
    fixed: Array
    places: Codes
    signs: Array
    category: Codes
    ties: bool
    order: bool
    free: Array

    @property
    def total(self) -> int:
        """Number of levels of all effects."""
        return sum(self.sizes)

    @property
    def compares(self) -> slice:
        """The comparisons among the observations."""
        return slice(self.ratings, len(self.category))

    @cached_property
    def starts(self) -> Codes:
        """Place of each effect's first level."""
        return np.concatenate([[0], np.cumsum(self.sizes)[:-1]]).astype(np.intp)

    @cached_property
    def elimination(self) -> Elimination:
        """The levels as `JointSystem` solves for them: blocks of images or of raters, whichever have more levels."""
        sides = [[g for g, name in enumerate(self.effects) if name.endswith(side)] for side in ("image", "rater")]
        chosen = max(sides, key=lambda side: sum(self.sizes[g] for g in side))
        # An effect of methods and images has as many levels for an image as there are methods; one of images has one.
        width = {g: len(self.methods) if self.effects[g].startswith("method:") else 1 for g in chosen}
        blocks = [self.starts[g] + np.arange(self.sizes[g]).reshape(-1, width[g]) for g in chosen]
        owners = np.searchsorted(self.starts, self.places[0], side="right").astype(np.intp) - 1
        return Elimination.of(self.total, np.hstack(blocks).astype(np.intp), self.places, self.signs, owners)

    @cached_property
    def random(self) -> sparse.csr_matrix:
        """The random effects' matrix Z, shape (N, total)."""
        rows = np.repeat(np.arange(len(self.category)), self.places.shape[1])
        entries = (self.signs.ravel(), (rows, self.places.ravel()))
        return sparse.csr_matrix(entries, shape=(len(self.category), self.total))

    def freed(self) -> JointDesign:
        """Return the same with qualities of comparisons of their own."""
        free = np.zeros_like(self.fixed)
        free[self.compares] = self.fixed[self.compares]
        return replace(self, free=free)


def joint_design(
    rated: pd.DataFrame, compared: pd.DataFrame, methods: Sequence[str], effects: Sequence[str]
) -> JointDesign:
    """Return the observations of checked ratings and comparisons.

    Raises:
        StatisticsError: An effect is unknown or none is named, all scores are equal, or nobody prefers anything.
    """
    if not effects or len(set(effects)) < len(effects):
        raise StatisticsError(
            f"The joint model needs one or more different random effects of two raters or images; got {list(effects)}."
        )
    for name in effects:
        if name not in EFFECTS:
            raise StatisticsError(unknown("random effect", name, EFFECTS))
    scores, category = np.unique(rated["score"].to_numpy(dtype=np.float64), return_inverse=True)
    if scores.size < 2:
        raise StatisticsError(f"All ratings are {scores[0]:g}: there is nothing to fit.")
    answer = compared["score"].to_numpy(dtype=np.float64)
    if (answer == EITHER).all():
        raise StatisticsError("No comparison shows a preference: there is nothing to fit.")
    ties = bool((answer == EITHER).any())
    choice = np.where(answer == RIGHT, 0, np.where(answer == LEFT, 1 + ties, 1))
    code = {name: place for place, name in enumerate(methods)}
    of, left, right = (
        frame[side].astype(str).map(code).to_numpy().astype(np.intp)
        for frame, side in ((rated, "method"), (compared, "left"), (compared, "right"))
    )
    unit = np.eye(len(methods))
    signed = unit[left] - unit[right]
    sizes, slots = _slots(rated, compared, effects, (of, left, right), len(methods))
    leaning = np.column_stack([signed, np.ones(len(signed))])
    order = bool(np.linalg.matrix_rank(leaning) > np.linalg.matrix_rank(signed))
    return JointDesign(
        tuple(methods), tuple(effects), tuple(sizes), tuple(map(float, scores)), len(rated),
        np.vstack([unit[of], signed])[:, 1:], slots[0], slots[1], np.concatenate([category, choice]).astype(np.intp),
        ties, order, np.empty((len(rated) + len(compared), 0)),
    )  # fmt: skip


def _slots(
    rated: pd.DataFrame, compared: pd.DataFrame, effects: Sequence[str], codes: tuple[Codes, Codes, Codes], methods: int
) -> tuple[list[int], tuple[Codes, Array]]:
    """Return the sizes of the effects, and the levels with their signs, one column per slot."""
    of, left, right = codes
    n, m = len(rated), len(compared)
    sizes: list[int] = []
    places: list[Codes] = []
    signs: list[Array] = []
    for name in effects:
        columns = list(_COLUMNS[name.removeprefix("method:")])
        both = pd.concat([rated[columns], compared[columns]], ignore_index=True).astype(str)
        group = both.groupby(columns, sort=True).ngroup().to_numpy().astype(np.intp)
        count, start = int(group.max()) + 1, sum(sizes)
        if name.startswith("method:"):
            sizes.append(count * methods)
            first, second = np.concatenate([of, left]), np.concatenate([of, right])
            places += [start + group * methods + first, start + group * methods + second]
            signs += [np.ones(n + m), np.concatenate([np.zeros(n), -np.ones(m)])]
        else:
            sizes.append(count)
            places.append(start + group)
            signs.append(np.concatenate([np.ones(n), np.zeros(m)]))
    return sizes, (np.stack(places, axis=1), np.stack(signs, axis=1))

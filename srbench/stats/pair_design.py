"""Checks comparisons of pairs, and writes them as the matrices that the model of `srbench.stats.pairs` is fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse import csgraph

from srbench.errors import StatisticsError, unknown
from srbench.stats.crossed import Codes
from srbench.stats.tables import Array

COLUMNS = ("rater", "dataset", "image", "left", "right", "score")
LEFT, EITHER, RIGHT = 1.0, 1.5, 2.0
"""Scores of a comparison: the left version is better, no preference, the right one is better."""

EFFECTS = {"method:rater": ("rater",), "method:image": ("dataset", "image"), "rater": ("rater",)}
"""The random effects of a comparison, each with the columns that tell its levels apart: the taste of raters, what suits
a picture, and the side that a rater leans to."""


@dataclass(frozen=True)
class Design:
    """N comparisons of K methods as matrices.

    Attributes:
        methods: The methods; the first one is the reference of `fixed`.
        effects: Names of the random effects.
        left: Number of the method on the left, shape (N,).
        right: The same of the right one.
        category: 0 where the right one is preferred; then no preference, where that was ever said; then the left one.
        ties: Whether some comparisons show no preference.
        order: Whether the last column of `fixed` is the lean to the left that all raters share.
        fixed: Shape (N, K - 1) or (N, K): left minus right, and 1 for the lean.
        random: Shape (N, L), left minus right for the levels of all effects.
        sizes: Number of levels of each effect; their sum is L.
    """

    methods: tuple[str, ...]
    effects: tuple[str, ...]
    left: Codes
    right: Codes
    category: Codes
    ties: bool
    order: bool
    fixed: Array
    random: sparse.csr_matrix
    sizes: tuple[int, ...]

    def pairs(self) -> tuple[Codes, Codes, Codes, Array]:
        """Return each comparison's pair and direction.

        Returns:
            First and second methods of the pairs that were compared; the number of each comparison's pair, shape
            (N,); and 1 where the pair's first method was on the left, else -1.
        """
        first, second = np.minimum(self.left, self.right), np.maximum(self.left, self.right)
        keys, pair = np.unique(first * len(self.methods) + second, return_inverse=True)
        return keys // len(self.methods), keys % len(self.methods), pair, np.where(self.left == first, 1.0, -1.0)


def check_comparisons(comparisons: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return the usable comparisons, and one sentence for everything that was left out.

    Args:
        comparisons: Columns rater, dataset, image, left, right and score: 1 the left version is better, 2 the right
            one, 1.5 no preference. Where there is a column `trial`, a row that occurs twice counts once.

    Raises:
        StatisticsError: Columns are missing, a score or a pair is none, or nothing is left.
    """
    missing = [name for name in COLUMNS if name not in comparisons]
    if missing:
        raise StatisticsError(
            f"Comparisons need the columns {', '.join(COLUMNS)}; missing: {', '.join(missing)}. Found: "
            f"{', '.join(map(str, comparisons.columns)) or 'none'}."
        )
    frame, notes = comparisons.reset_index(drop=True), []
    score = pd.to_numeric(frame["score"], errors="coerce")
    damaged = score.isna() & frame["score"].notna()
    wrong = damaged | (score.notna() & ~score.isin([LEFT, EITHER, RIGHT]))
    if wrong.any():
        raise StatisticsError(
            f"Scores of comparisons are 1 (left), 2 (right) or 1.5 (no preference), but row {int(wrong.idxmax()) + 1} "
            f"has '{frame['score'][wrong.idxmax()]}'."
        )
    nameless = frame[list(COLUMNS[:-1])].isna().any(axis=1)
    if nameless.any():
        raise StatisticsError(f"Row {int(nameless.idxmax()) + 1} of the comparisons lacks a rater, an image or a side.")
    same = frame["left"].astype(str) == frame["right"].astype(str)
    if same.any():
        row = int(same.idxmax())
        raise StatisticsError(f"Row {row + 1} compares '{frame['left'][row]}' with itself: remove it.")
    if score.isna().any():
        notes.append(f"{int(score.isna().sum())} of {len(frame)} comparisons have no score and were left out.")
    frame = frame.assign(score=score)[score.notna()]
    copies = frame.duplicated()
    if "trial" in frame and copies.any():
        notes.append(f"{int(copies.sum())} copied rows of comparisons count once.")
        frame = frame[~copies]
    if frame.empty:
        raise StatisticsError("There is no comparison with a score.")
    return frame.reset_index(drop=True), notes


def usable_effects(frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the effects that these comparisons can tell from the methods: those of two raters or images and more."""
    return tuple(name for name in ("method:rater", "method:image") if _groups(frame, name)[1] > 1)


def design(frame: pd.DataFrame, effects: Sequence[str], order: bool) -> tuple[Design, list[str]]:
    """Return the matrices of checked comparisons, and one sentence for what had to be left out of the model.

    Raises:
        StatisticsError: There are fewer than two methods, some were never compared with the others, nobody prefers
            anything, or a random effect cannot be estimated.
    """
    sides = frame[["left", "right"]].astype(str)
    methods = tuple(sorted(set(sides["left"]) | set(sides["right"])))
    left, right = (pd.Categorical(sides[side], categories=list(methods)).codes.astype(np.intp) for side in sides)
    _connected(methods, left, right)
    score = frame["score"].to_numpy()
    ties = bool((score == EITHER).any())
    if (score == EITHER).all():
        raise StatisticsError("No comparison shows a preference: there is nothing to fit.")
    rows = np.arange(len(frame))
    whole = np.zeros((len(frame), len(methods)))
    whole[rows, left], whole[rows, right] = 1.0, -1.0
    fixed, notes = whole[:, 1:], []
    if order:
        leaning = np.hstack([fixed, np.ones((len(frame), 1))])
        if np.linalg.matrix_rank(leaning) == leaning.shape[1]:
            fixed = leaning
        else:
            order = False
            notes.append(
                "Every pair was shown in one order only, so a lean to one side cannot be told from the methods and is "
                "not in the model."
            )
    if len(set(effects)) < len(effects):
        raise StatisticsError(f"Expected different random effects, but got {', '.join(effects)}.")
    blocks = [_block(frame, name, left, right, len(methods)) for name in effects]
    random = sparse.hstack(blocks, format="csr") if blocks else sparse.csr_matrix((len(frame), 0))
    category = np.where(score == RIGHT, 0, np.where(score == LEFT, 1 + ties, 1)).astype(np.intp)
    sizes = tuple(block.shape[1] for block in blocks)
    made = Design(methods, tuple(effects), left, right, category, ties, order, fixed, random, sizes)
    return made, notes


def refuse_separation(made: Design) -> None:
    """Raise StatisticsError where a group of methods never lost to the rest, or everybody always chose one side.

    Without a prior their distance, or the lean to that side, has no finite estimate.
    """
    top = 2 if made.ties else 1
    won, even = made.category == top, (made.category == 1) & made.ties
    if made.order and (won.all() or (made.category == 0).all()):
        raise StatisticsError("Everybody always chose the same side: the lean has no finite estimate without a prior.")
    # A tie counts as won by both.
    winner = np.concatenate([np.where(won, made.left, made.right), np.where(won, made.right, made.left)[even]])
    loser = np.concatenate([np.where(won, made.right, made.left), np.where(won, made.left, made.right)[even]])
    size = len(made.methods)
    beats = sparse.coo_matrix((np.ones(winner.size), (winner, loser)), shape=(size, size))
    groups, group = csgraph.connected_components(beats, directed=True, connection="strong")
    if groups > 1:
        raise StatisticsError(
            f"Of these groups of methods one always won against another: {_grouped(made.methods, group, groups)}. "
            "Their distance has no finite estimate without a prior."
        )


def _grouped(methods: Sequence[str], group: Codes, groups: int) -> str:
    """Return the names of the groups, `a, b | c`."""
    parts = ([name for name, g in zip(methods, group, strict=True) if g == k] for k in range(groups))
    return " | ".join(map(", ".join, parts))


def _groups(frame: pd.DataFrame, effect: str) -> tuple[Codes, int]:
    if effect not in EFFECTS:
        raise StatisticsError(unknown("random effect of comparisons", effect, EFFECTS))
    code = frame.groupby(list(EFFECTS[effect]), sort=True).ngroup().to_numpy(dtype=np.intp)
    return code, int(code.max()) + 1


def _block(frame: pd.DataFrame, effect: str, left: Codes, right: Codes, methods: int) -> sparse.csr_matrix:
    """Return the columns of one effect that some comparison touches, shape (N, levels)."""
    code, groups = _groups(frame, effect)
    if groups < 2:
        raise StatisticsError(f"The random effect '{effect}' needs two {EFFECTS[effect][-1]}s or more. Leave it out.")
    rows, ones = np.arange(len(frame)), np.ones(len(frame))
    if effect == "rater":
        return sparse.csr_matrix((ones, (rows, code)), shape=(len(frame), groups))
    places = np.concatenate([code * methods + left, code * methods + right])
    touched, column = np.unique(places, return_inverse=True)
    entries = (np.concatenate([ones, -ones]), (np.tile(rows, 2), column))
    return sparse.csr_matrix(entries, shape=(len(frame), len(touched)))


def _connected(methods: Sequence[str], left: Codes, right: Codes) -> None:
    size = len(methods)
    graph = sparse.coo_matrix((np.ones(left.size), (left, right)), shape=(size, size))
    parts, part = csgraph.connected_components(graph, directed=False)
    if parts > 1:
        raise StatisticsError(
            f"The comparisons fall into {parts} groups of methods that were never compared with each other: "
            f"{_grouped(methods, part, parts)}. They have no common scale: analyse each group by itself, or compare "
            "across them."
        )

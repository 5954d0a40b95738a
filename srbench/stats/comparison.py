"""Pairwise comparisons of methods: Wilcoxon's test, Holm's adjustment, effect sizes, crossed intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from srbench.errors import StatisticsError
from srbench.stats import bootstrap
from srbench.stats.signed_rank import signed_rank, smallest_p, vargha_delaney
from srbench.stats.tables import Array, Cube, RatingTable, cubes, differences, score_cubes

Unit = Literal["image", "rating"]
UNITS = ("image", "rating")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Method `a` against method `b` on one data set.

    Attributes:
        dataset: Name of the data set.
        metric: `mos`, or a metric of the run.
        a: First method.
        b: Second method.
        unit: What is paired: `image` (means over raters) or `rating` (every rater and image).
        n: Number of pairs.
        difference: Mean of the differences, a minus b, over the cells that both have. Infinite where one of them is
            (see `tables.differences`), NaN where some are infinite in each direction.
        low: Lower end of the 95 % bootstrap interval, raters and images drawn independently.
        high: Upper end.
        p: Two-sided Wilcoxon signed-rank p; zero differences dropped.
        p_adjusted: The same after Holm's adjustment over all pairs of this data set and metric.
        smallest_p: The smallest p that n pairs can reach at all.
        rank_biserial: Matched-pairs rank-biserial correlation, positive when a is higher.
        vargha_delaney: P(a > b) + P(a = b) / 2 over unpaired values.
        test: Null distribution of p: `exact permutation` or `asymptotic`.
        significant: p_adjusted is below alpha and the interval excludes 0.
        note: What a reader must know: empty cells, a single image, a single rater; empty otherwise.
    """

    dataset: str
    metric: str
    a: str
    b: str
    unit: str
    n: int
    difference: float
    low: float
    high: float
    p: float
    p_adjusted: float
    smallest_p: float
    rank_biserial: float
    vargha_delaney: float
    test: str
    significant: bool
    note: str


def compare(
    ratings: RatingTable,
    *,
    unit: Unit = "image",
    methods: Sequence[str] | None = None,
    alpha: float = 0.05,
    draws: int = bootstrap.DRAWS,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare the opinion scores of every pair of methods on every data set.

    `unit="image"` pairs the means over raters of each image. `unit="rating"` pairs single ratings, as papers
    often do; these are not independent, and without any true difference it calls 19 to 53 % of comparisons
    significant: for comparison with older papers only.

    Returns:
        One row per data set and pair, columns as in `Comparison`.

    Raises:
        StatisticsError: The ratings are unusable, the unit is unknown, or fewer than two methods were rated.
    """
    if unit not in UNITS:
        raise StatisticsError(f"Unknown unit '{unit}'; expected 'image' or 'rating'.")
    return _table(cubes(ratings, methods), "mos", unit, alpha, draws, seed)


def compare_scores(
    scores: pd.DataFrame,
    metric: str,
    *,
    methods: Sequence[str] | None = None,
    alpha: float = 0.05,
    draws: int = bootstrap.DRAWS,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare one metric of every pair of methods on every data set, paired by image. See `compare`.

    Infinite scores (the PSNR of an image that equals its original) take part. Wilcoxon's test knows ranks only: a
    difference to an infinite score has the largest rank, and two infinite scores differ by nothing. A bootstrap draw
    with such an image has an infinite mean, so that end of the interval may be infinite.
    """
    return _table(score_cubes(scores, metric, methods), metric, "image", alpha, draws, seed)


def _table(data: Sequence[Cube], metric: str, unit: Unit, alpha: float, draws: int, seed: int) -> pd.DataFrame:
    rows = [row for cube in data for row in _pairs(cube, metric, unit, alpha, draws, seed)]
    if not rows:
        raise StatisticsError(f"A comparison in '{metric}' needs two methods on one data set; found fewer.")
    return pd.DataFrame([asdict(row) for row in rows])


def _pairs(cube: Cube, metric: str, unit: Unit, alpha: float, draws: int, seed: int) -> list[Comparison]:
    weights = bootstrap.draw(len(cube.raters), len(cube.images), draws, seed)
    pairs = (_pair(cube, a, b, metric, unit, weights) for a, b in combinations(range(len(cube.methods)), 2))
    rows = [row for row in pairs if row is not None]
    adjusted = holm(np.array([row.p for row in rows], dtype=np.float64))
    return [
        replace(row, p_adjusted=float(p), significant=bool(p < alpha and (row.low > 0 or row.high < 0)))
        for row, p in zip(rows, adjusted, strict=True)
    ]


def _pair(cube: Cube, a: int, b: int, metric: str, unit: Unit, weights: bootstrap.Weights) -> Comparison | None:
    """Compare two methods; Holm's adjustment and the verdict, which need all pairs, are left open."""
    both = ~(np.isnan(cube.cells[a]) | np.isnan(cube.cells[b]))
    if not both.any():
        return None
    first, second = np.where(both, cube.cells[a], np.nan), np.where(both, cube.cells[b], np.nan)
    if unit == "image":
        x, y = _image_means(first, both), _image_means(second, both)
    else:
        x, y = first[both], second[both]
    result = signed_rank(differences(x, y))
    apart = differences(first, second)
    low, high = bootstrap.crossed_interval(apart, weights)
    return Comparison(
        dataset=cube.dataset,
        metric=metric,
        a=cube.methods[a],
        b=cube.methods[b],
        unit=unit,
        n=result.n,
        difference=_mean(apart),
        low=low,
        high=high,
        p=result.p,
        p_adjusted=float("nan"),
        smallest_p=smallest_p(result.n),
        rank_biserial=result.rank_biserial,
        vargha_delaney=vargha_delaney(x, y),
        test=result.test,
        significant=False,
        note=_note(cube, both, np.isinf(first) | np.isinf(second), metric),
    )


def _image_means(values: Array, both: NDArray[np.bool_]) -> Array:
    seen = both.any(axis=0)
    means: Array = np.nanmean(values[:, seen], axis=0)
    return means


def _mean(values: Array) -> float:
    with np.errstate(invalid="ignore"):  # infinite in both directions: NaN
        return float(np.nanmean(values))


def _note(cube: Cube, both: NDArray[np.bool_], infinite: NDArray[np.bool_], metric: str) -> str:
    notes = []
    if len(cube.images) == 1:
        notes.append("One image: nothing can be said about other images.")
    if metric == "mos" and len(cube.raters) == 1:
        notes.append("One rater: nothing can be said about other raters.")
    empty = int(both.size - both.sum())
    if empty:
        notes.append(f"{empty} of {both.size} cells lack one of the two values and are left out.")
    if infinite.any():
        notes.append(
            f"On {int(infinite.sum())} of {int(both.sum())} images a score is infinite: the largest difference, or "
            "none where both are."
        )
    return " ".join(notes)


def holm(p: Array) -> Array:
    """Return the p values adjusted by Holm's step-down method, in the order given.

    >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p, kind="stable")
    scaled = p[order] * np.arange(p.size, 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return adjusted


def significantly_highest(comparisons: pd.DataFrame, methods: Sequence[str]) -> dict[str, str]:
    """Return, per data set, the one of `methods` that is significantly higher than every other one of them.

    Args:
        comparisons: From `compare` or `compare_scores`, of a single metric.
        methods: The category; those that were not measured on a data set do not count there.

    Returns:
        `{dataset: method}`; a data set where none stands out, or fewer than two were measured, has no entry.
    """
    inside = comparisons[comparisons["a"].isin(list(methods)) & comparisons["b"].isin(list(methods))]
    found = {}
    for dataset, part in inside.groupby("dataset"):
        names = {*part["a"], *part["b"]}
        clear = part[part["significant"]]
        wins = pd.concat([clear.loc[clear["difference"] > 0, "a"], clear.loc[clear["difference"] < 0, "b"]])
        counts = wins.value_counts()
        if len(counts) and counts.iloc[0] == len(names) - 1:
            found[str(dataset)] = str(counts.index[0])
    return found

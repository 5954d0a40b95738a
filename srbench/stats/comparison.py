"""Pairwise comparisons of methods: intervals for one pair and for all, Wilcoxon's test, effect sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from srbench.errors import StatisticsError
from srbench.stats.intervals import crossed_mean, excludes_zero, family_intervals
from srbench.stats.signed_rank import signed_rank, smallest_p, superiority
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
        unit: What Wilcoxon's test pairs: `image` (means over raters) or `rating` (every rater and image).
        n: Number of pairs.
        zeros: How many of them have no difference; Wilcoxon's test drops them.
        cells: Number of cells, raters x images.
        missing: How many of them lack one of the two values; they are left out.
        difference: Mean of the differences, a minus b, over the cells that both have. Infinite where one of them is
            (see `tables.differences`), NaN where some are infinite in each direction.
        error: Its standard error, over raters and images; NaN where the difference is not finite.
        degrees: Degrees of freedom of the error.
        low: Lower end of the 95 % interval of this pair alone.
        high: Upper end.
        family_low: Lower end of the interval that holds for all pairs of this data set and metric at once.
        family_high: Upper end.
        p: Two-sided Wilcoxon signed-rank p; zero differences dropped.
        p_adjusted: The same after Holm's adjustment over all pairs of this data set and metric.
        smallest_p: The smallest p that the pairs with a difference can reach at all.
        rank_biserial: Matched-pairs rank-biserial correlation, positive when a is higher.
        superiority: P(a > b) + P(a = b) / 2 over the pairs: 1 where a is higher in every one.
        test: Null distribution of p: `exact permutation` or `asymptotic`.
        significant: The family interval excludes 0.
        note: What a reader must know: a single image, a single rater, infinite scores; empty otherwise.
    """

    dataset: str
    metric: str
    a: str
    b: str
    unit: str
    n: int
    zeros: int
    cells: int
    missing: int
    difference: float
    error: float
    degrees: float
    low: float
    high: float
    family_low: float
    family_high: float
    p: float
    p_adjusted: float
    smallest_p: float
    rank_biserial: float
    superiority: float
    test: str
    significant: bool
    note: str


def compare(
    ratings: RatingTable,
    *,
    unit: Unit = "image",
    methods: Sequence[str] | None = None,
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Compare the opinion scores of every pair of methods on every data set.

    Two methods are called different where an interval that holds for all pairs of the data set at once excludes 0
    (`srbench.stats.intervals`): it speaks of other raters and other images. Wilcoxon's test, with Holm's adjustment,
    stands beside it as the test that papers use; it treats the raters as given. `unit="image"` lets it pair the means
    over raters of each image, `unit="rating"` single ratings, which are not independent: for comparison with older
    papers only.

    Returns:
        One row per data set and pair, columns as in `Comparison`. A pair that nobody rated on a common image has NaN
        for all its figures, and a note.

    Raises:
        StatisticsError: The ratings are unusable, the unit is unknown, or fewer than two methods were rated.
    """
    if unit not in UNITS:
        raise StatisticsError(f"Unknown unit '{unit}'; expected 'image' or 'rating'.")
    return _table(cubes(ratings, methods), "mos", unit, alpha)


def compare_scores(
    scores: pd.DataFrame,
    metric: str,
    *,
    methods: Sequence[str] | None = None,
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Compare one metric of every pair of methods on every data set, paired by image. See `compare`.

    Infinite scores (the PSNR of an image that equals its original) take part. Wilcoxon's test knows ranks only: a
    difference to an infinite score has the largest rank, and two infinite scores differ by nothing. A difference that
    is infinite has no interval, so that no pair is called different by it.
    """
    return _table(score_cubes(scores, metric, methods), metric, "image", alpha)


def _table(data: Sequence[Cube], metric: str, unit: Unit, alpha: float) -> pd.DataFrame:
    rows = [row for cube in data for row in _pairs(cube, metric, unit, alpha)]
    if not rows:
        raise StatisticsError(f"A comparison in '{metric}' needs two methods on one data set; found fewer.")
    return pd.DataFrame([asdict(row) for row in rows])


def _pairs(cube: Cube, metric: str, unit: Unit, alpha: float) -> list[Comparison]:
    """Compare all pairs of one data set; what needs all of them is filled in last."""
    rows = [_pair(cube, a, b, metric, unit, alpha) for a, b in combinations(range(len(cube.methods)), 2)]
    tested = [place for place, row in enumerate(rows) if not np.isnan(row.p)]
    adjusted = np.full(len(rows), np.nan)
    adjusted[tested] = holm(np.array([rows[place].p for place in tested], dtype=np.float64))
    figures = np.array([(row.difference, row.error, row.degrees) for row in rows], dtype=np.float64)
    values, errors, degrees = figures.reshape(-1, 3).T
    lows, highs = family_intervals(values, errors, degrees, len(cube.methods), 1 - alpha)
    ends = zip(lows.tolist(), highs.tolist(), strict=True)
    return [_in_family(row, float(p), *each) for row, p, each in zip(rows, adjusted, ends, strict=True)]


def _in_family(row: Comparison, p_adjusted: float, low: float, high: float) -> Comparison:
    significant = bool(excludes_zero(low, high))
    return replace(row, p_adjusted=p_adjusted, family_low=low, family_high=high, significant=significant)


def _pair(cube: Cube, a: int, b: int, metric: str, unit: Unit, alpha: float) -> Comparison:
    """Compare two methods; Holm's adjustment, the family interval and the verdict are left open."""
    nan = float("nan")
    names = (cube.dataset, metric, cube.methods[a], cube.methods[b], unit)
    both = ~(np.isnan(cube.cells[a]) | np.isnan(cube.cells[b]))
    if not both.any():
        note = "Nothing to compare: no image has both" + (" from one rater." if metric == "mos" else ".")
        return Comparison(
            *names, n=0, zeros=0, cells=both.size, missing=both.size, difference=nan, error=nan, degrees=nan, low=nan,
            high=nan, family_low=nan, family_high=nan, p=nan, p_adjusted=nan, smallest_p=nan, rank_biserial=nan,
            superiority=nan, test="none", significant=False, note=note,
        )  # fmt: skip
    first, second = np.where(both, cube.cells[a], np.nan), np.where(both, cube.cells[b], np.nan)
    if unit == "image":
        x, y = _image_means(first, both), _image_means(second, both)
    else:
        x, y = first[both], second[both]
    apart, paired = differences(first, second), differences(x, y)
    result = signed_rank(paired)
    mean = crossed_mean(apart)
    low, high = mean.interval(1 - alpha)
    return Comparison(
        *names,
        n=result.n,
        zeros=result.zeros,
        cells=both.size,
        missing=int(both.size - both.sum()),
        difference=mean.value,
        error=mean.error,
        degrees=mean.degrees,
        low=low,
        high=high,
        family_low=nan,
        family_high=nan,
        p=result.p,
        p_adjusted=nan,
        smallest_p=smallest_p(result.n - result.zeros),
        rank_biserial=result.rank_biserial,
        superiority=superiority(paired),
        test=result.test,
        significant=False,
        note=_note(cube, both, np.isinf(first) | np.isinf(second), metric),
    )


def _image_means(values: Array, both: NDArray[np.bool_]) -> Array:
    seen = both.any(axis=0)
    means: Array = np.nanmean(values[:, seen], axis=0)
    return means


def _note(cube: Cube, both: NDArray[np.bool_], infinite: NDArray[np.bool_], metric: str) -> str:
    notes = []
    if len(cube.images) == 1:
        notes.append("One image: nothing can be said about other images.")
    if metric == "mos" and len(cube.raters) == 1:
        notes.append("One rater: nothing can be said about other raters.")
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
        methods: The category. A method that was not measured on a data set at all does not count there; one that was,
            but never beside another on a common image, leaves the question open.

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

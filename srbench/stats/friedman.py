"""Friedman's test over all methods at once, and Nemenyi's critical difference of mean ranks (Demsar 2006)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats as scipy_stats

from srbench.errors import StatisticsError
from srbench.stats.signed_rank import DECIMALS
from srbench.stats.tables import Cube


@dataclass(frozen=True, slots=True)
class CriticalDifference:
    """What a critical-difference diagram shows for one data set.

    Attributes:
        dataset: Name of the data set.
        ranks: Mean rank per method over images, 1 = best, ascending.
        statistic: Friedman's chi-square, corrected for ties.
        p: Its p.
        kendall_w: Kendall's coefficient of concordance, 0..1.
        critical_difference: Mean ranks that differ by less are not told apart.
        groups: Methods that are not told apart, longest runs only, in the order of ranks.
        n: Number of images (with a value for every method).
        note: Images left out; empty otherwise.
    """

    dataset: str
    ranks: pd.Series
    statistic: float
    p: float
    kendall_w: float
    critical_difference: float
    groups: tuple[tuple[str, ...], ...]
    n: int
    note: str


def friedman(cube: Cube, *, higher_is_better: bool = True, alpha: float = 0.05) -> CriticalDifference:
    """Test whether the methods of `cube` differ, ranking their image means inside each image.

    Raises:
        StatisticsError: There are fewer than three methods, or fewer than two images that all methods have.
    """
    means = cube.image_means()
    whole = ~np.isnan(means).any(axis=0)
    k, n = len(cube.methods), int(whole.sum())
    if k < 3 or n < 2:
        raise StatisticsError(
            f"Friedman's test on {cube.dataset} needs three methods on two images or more; found {k} methods "
            f"on {n} common images."
        )
    values = np.round(means[:, whole], DECIMALS)
    ranks = scipy_stats.rankdata(-values if higher_is_better else values, axis=0)
    mean_ranks = pd.Series(ranks.mean(axis=1), index=list(cube.methods), name="rank").sort_values(kind="stable")
    if np.ptp(ranks) == 0:
        statistic, p = 0.0, 1.0
    else:
        result = scipy_stats.friedmanchisquare(*ranks)  # ranks of ranks are the same, and are finite
        statistic, p = float(result.statistic), float(result.pvalue)
    q = float(scipy_stats.studentized_range.ppf(1 - alpha, k, np.inf)) / np.sqrt(2)
    difference = float(q * np.sqrt(k * (k + 1) / (6 * n)))
    lost = len(cube.images) - n
    note = f"{lost} images without a value for every method are left out." if lost else ""
    groups = _groups(mean_ranks, difference)
    return CriticalDifference(
        cube.dataset, mean_ranks, statistic, p, statistic / (n * (k - 1)), difference, groups, n, note
    )


def _groups(ranks: pd.Series, difference: float) -> tuple[tuple[str, ...], ...]:
    names: Sequence[str] = list(ranks.index)
    values = ranks.to_numpy()
    runs: list[tuple[int, int]] = []
    for start in range(len(names)):
        stop = int(np.searchsorted(values, values[start] + difference, side="right"))
        if stop - start > 1 and (not runs or stop > runs[-1][1]):
            runs.append((start, stop))
    return tuple(tuple(names[start:stop]) for start, stop in runs)

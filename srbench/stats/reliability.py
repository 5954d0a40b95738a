"""How far raters agree: intraclass correlation and Krippendorff's alpha."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats as scipy_stats

from srbench.errors import StatisticsError
from srbench.stats.crossed import Crossed
from srbench.stats.linear_mixed import variance_components
from srbench.stats.tables import Array, RatingTable, cubes


@dataclass(frozen=True, slots=True)
class Intraclass:
    """Two-way random-effects intraclass correlation for absolute agreement (McGraw and Wong 1996, case 2).

    Attributes:
        single: ICC(A,1), the reliability of one rating.
        single_low: Lower end of its 95 % interval.
        single_high: Upper end.
        average: ICC(A,k), the reliability of the mean of all raters.
        average_low: Lower end of its 95 % interval.
        average_high: Upper end.
        targets: Number of stimuli that entered.
    """

    single: float
    single_low: float
    single_high: float
    average: float
    average_low: float
    average_high: float
    targets: int


def intraclass(scores: Array, level: float = 0.95) -> Intraclass:
    """Return the intraclass correlations of `scores`, shape (n targets, k raters), without targets with NaN.

    Raises:
        StatisticsError: Fewer than two complete targets or raters, or all scores are equal.
    """
    whole = scores[~np.isnan(scores).any(axis=1)]
    n, k = whole.shape
    if n < 2 or k < 2:
        raise StatisticsError(
            f"An intraclass correlation needs two raters and two stimuli that all of them rated; found {k} and {n}."
        )
    between = k * float(whole.mean(axis=1).var(ddof=1))
    raters = n * float(whole.mean(axis=0).var(ddof=1))
    rest = whole - whole.mean(axis=1, keepdims=True) - whole.mean(axis=0) + whole.mean()
    error = float((rest**2).sum()) / ((n - 1) * (k - 1))
    if between + raters + error < 1e-20:
        raise StatisticsError("All scores are equal: an intraclass correlation is not defined.")
    single = (between - error) / (between + (k - 1) * error + k * (raters - error) / n)
    low, high = _interval(between, raters, error, single, n, k, 1 - level)
    average, average_low, average_high = (k * x / (1 + x * (k - 1)) for x in (single, low, high))
    return Intraclass(single, low, high, average, average_low, average_high, n)


def _interval(
    between: float, raters: float, error: float, single: float, n: int, k: int, alpha: float
) -> tuple[float, float]:
    if error < 1e-20:  # perfect consistency has no sampling error to build an interval from
        return float("nan"), float("nan")
    ratio = raters / error
    inner = n * (1 + (k - 1) * single) - k * single
    spread = k * single * ratio
    freedom = (n - 1) * (k - 1) * (spread + inner) ** 2 / ((n - 1) * spread**2 + inner**2)
    upper = float(scipy_stats.f.ppf(1 - alpha / 2, n - 1, freedom))
    lower = float(scipy_stats.f.ppf(1 - alpha / 2, freedom, n - 1))
    common = (k * n - k - n) * error
    low = n * (between - upper * error) / (upper * (k * raters + common) + n * between)
    high = n * (lower * between - error) / (k * raters + common + n * lower * between)
    return low, high


def with_gaps(scores: Array) -> Intraclass:
    """Return the intraclass correlations of `scores`, shape (n targets, k raters), from all that is there.

    Variances of targets, raters and rest by restricted maximum likelihood, which equal those of `intraclass` where
    nothing is missing and none is negative. The intervals are those of `intraclass` for as many raters as a target has
    on average: an approximation.

    Raises:
        StatisticsError: Fewer than two targets or raters, or all scores are equal.
    """
    target, rater = np.nonzero(~np.isnan(scores))
    n, k = np.unique(target).size, np.unique(rater).size
    values = scores[target, rater]
    if n < 2 or k < 2 or values.size <= max(n, k):
        raise StatisticsError(
            f"An intraclass correlation needs two raters and two stimuli, some rated twice; found {k} raters and "
            f"{values.size} scores of {n} stimuli."
        )
    if np.ptp(values) == 0:
        raise StatisticsError("All scores are equal: an intraclass correlation is not defined.")
    codes = tuple(np.unique(each, return_inverse=True)[1].astype(np.intp) for each in (target, rater))
    levels = tuple(tuple(map(str, range(int(code.max()) + 1))) for code in codes)
    variances = variance_components(values, Crossed(("target", "rater"), codes, levels)) ** 2
    of_target, of_rater, rest = map(float, variances)
    single = of_target / (of_target + of_rater + rest)
    each = values.size / n
    low, high = _interval(each * of_target + rest, n * of_rater + rest, rest, single, n, max(2, round(each)), 0.05)
    average, average_low, average_high = (k * x / (1 + x * (k - 1)) for x in (single, low, high))
    return Intraclass(single, low, high, average, average_low, average_high, n)


def krippendorff_alpha(scores: Array) -> float:
    """Return Krippendorff's alpha for ordinal data.

    Args:
        scores: Shape (J stimuli, I raters), NaN where a rater did not see a stimulus.

    Raises:
        StatisticsError: No stimulus has two scores, or all scores are equal (nothing can be agreed upon).
    """
    paired = scores[(~np.isnan(scores)).sum(axis=1) >= 2]
    values = np.unique(paired[~np.isnan(paired)])
    if paired.size == 0:
        raise StatisticsError("Krippendorff's alpha needs a stimulus with two scores; there is none.")
    if values.size < 2:
        raise StatisticsError("All scores are equal: Krippendorff's alpha is not defined.")
    # The distance of two scores is that of their mid-ranks, so that sums of squares do, and a scale may have thousands
    # of different scores.
    ranks = np.full(paired.shape, np.nan)
    ranks[~np.isnan(paired)] = scipy_stats.rankdata(paired[~np.isnan(paired)])
    size = (~np.isnan(paired)).sum(axis=1)
    observed = float((np.nanvar(ranks, axis=1, ddof=1) * size).sum())
    return 1.0 - observed / (float(np.nanvar(ranks, ddof=1)) * int(size.sum()))


def reliability(ratings: RatingTable) -> pd.DataFrame:
    """Return how far raters agree on the stimuli of each data set, and of all together (`all`).

    Returns:
        One row per data set: dataset, raters, stimuli, complete (stimuli that every rater scored), icc_a1,
        icc_a1_low, icc_a1_high, icc_ak, icc_ak_low, icc_ak_high, alpha (Krippendorff, ordinal), note.
        Figures that are not defined are NaN, and the note says why.
    """
    parts = [(cube.dataset, cube.raters, cube.cells) for cube in cubes(ratings)]
    rows = [_row(name, np.moveaxis(values, 1, 2).reshape(-1, len(raters))) for name, raters, values in parts]
    if len(parts) > 1:
        everybody = sorted({rater for _, raters, _ in parts for rater in raters})
        rows.append(_row("all", np.concatenate([_aligned(values, r, everybody) for _, r, values in parts])))
    return pd.DataFrame(rows)


def _aligned(values: Array, raters: tuple[str, ...], everybody: list[str]) -> Array:
    stimuli = np.moveaxis(values, 1, 2).reshape(-1, len(raters))
    whole = np.full((len(stimuli), len(everybody)), np.nan)
    whole[:, [everybody.index(rater) for rater in raters]] = stimuli
    return whole


def _row(dataset: str, scores: Array) -> dict[str, object]:
    scores = scores[~np.isnan(scores).all(axis=1)]
    notes: list[str] = []
    nan = float("nan")
    icc = Intraclass(nan, nan, nan, nan, nan, nan, int((~np.isnan(scores).any(axis=1)).sum()))
    alpha = nan
    whole = icc.targets
    try:
        icc = intraclass(scores) if whole == len(scores) else with_gaps(scores)
    except StatisticsError as error:
        notes.append(str(error))
    try:
        alpha = krippendorff_alpha(scores)
    except StatisticsError as error:
        notes.append(str(error))
    if whole < len(scores):
        notes.append(
            f"{len(scores) - whole} of {len(scores)} stimuli lack a rater's score: the ICC is by restricted maximum "
            "likelihood from all scores that are there, its interval approximate."
        )
    return {
        "dataset": dataset, "raters": scores.shape[1], "stimuli": len(scores), "complete": whole,
        "icc_a1": icc.single, "icc_a1_low": icc.single_low, "icc_a1_high": icc.single_high,
        "icc_ak": icc.average, "icc_ak_low": icc.average_low, "icc_ak_high": icc.average_high,
        "alpha": alpha, "note": " ".join(notes),
    }  # fmt: skip

"""Test-retest: do raters repeat their score when a stimulus comes again? With a test of equivalence."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats as scipy_stats

from srbench.errors import StatisticsError
from srbench.stats import bootstrap
from srbench.stats.reliability import intraclass
from srbench.stats.signed_rank import signed_rank
from srbench.stats.tables import Array, RatingTable, check_ratings

MARGIN = 0.25
"""Half of half a step of the scale: a shift that no conclusion of a study should hang on."""


def retest(
    ratings: RatingTable, *, margin: float = MARGIN, draws: int = bootstrap.DRAWS, seed: int = 0
) -> pd.DataFrame:
    """Compare the first and the second showing of the same stimulus to the same rater, per data set.

    'No significant difference' (`p`) is no evidence of reliability: few or noisy raters reach it easily. What
    speaks for reliability is a high ICC(A,1) or kappa, and equivalence: both one-sided tests (TOST, paired t
    on image means) reject a shift of `margin` or more.

    Returns:
        One row per data set with repeats: dataset, n, raters, images, mean_difference (second minus first),
        low, high (95 %, raters and images crossed), sd_difference, same (share of equal scores), icc_a1,
        icc_a1_low, icc_a1_high, kappa (quadratic weights), p (Wilcoxon on image means), margin,
        p_equivalence, equivalent, note. An empty table when nothing was shown twice.
    """
    frame, _ = check_ratings(ratings, repeats=True)
    keys = ["dataset", "rater", "image", "method"]
    frame = frame.sort_values([*keys, "repeat"], kind="stable")
    number = frame.groupby(keys).cumcount()
    pairs = frame[number == 0].merge(frame[number == 1], on=keys, suffixes=("_first", "_second"))
    rows = [_row(str(name), part, margin, draws, seed) for name, part in pairs.groupby("dataset")]
    return pd.DataFrame(rows)


def _row(dataset: str, pairs: pd.DataFrame, margin: float, draws: int, seed: int) -> dict[str, object]:
    first = pairs["score_first"].to_numpy(dtype=np.float64)
    second = pairs["score_second"].to_numpy(dtype=np.float64)
    difference = second - first
    # Stimuli of one picture belong together, so cells are averaged over methods before resampling.
    wide = pairs.assign(difference=difference).pivot_table(
        index="rater", columns="image", values="difference", observed=True
    )
    cells = wide.to_numpy(dtype=np.float64)
    weights = bootstrap.draw(*cells.shape, draws=draws, seed=seed)
    low, high = bootstrap.crossed_interval(cells, weights)
    by_image = np.nanmean(cells, axis=0)
    notes: list[str] = []
    nan = float("nan")
    icc = (nan, nan, nan)
    try:
        result = intraclass(np.stack([first, second], axis=1))
        icc = (result.single, result.single_low, result.single_high)
    except StatisticsError as error:
        notes.append(str(error))
    p_equivalence = equivalence_p(by_image, margin)
    if np.isnan(p_equivalence):
        notes.append("Equivalence cannot be tested with fewer than two images, or without any variation.")
    return {
        "dataset": dataset, "n": len(pairs), "raters": pairs["rater"].nunique(),
        "images": pairs["image"].nunique(), "mean_difference": float(difference.mean()), "low": low, "high":
        high, "sd_difference": float(difference.std(ddof=1)) if len(pairs) > 1 else nan, "same":
        float((difference == 0).mean()), "icc_a1": icc[0], "icc_a1_low": icc[1], "icc_a1_high": icc[2],
        "kappa": weighted_kappa(first, second), "p": signed_rank(by_image).p, "margin": margin,
        "p_equivalence": p_equivalence, "equivalent": bool(p_equivalence < 0.05), "note": " ".join(notes),
    }  # fmt: skip


def weighted_kappa(first: Array, second: Array) -> float:
    """Return Cohen's kappa with quadratic weights; NaN when all scores of both showings are equal."""
    # The mean squared difference over all pairs of one first and one second score, without listing them.
    expected = float(first.var() + second.var() + (first.mean() - second.mean()) ** 2)
    if expected == 0:
        return float("nan")
    return 1.0 - float(np.mean((first - second) ** 2)) / expected


def equivalence_p(differences: Array, margin: float) -> float:
    """Return the p of two one-sided t tests that the mean difference lies within -margin..margin.

    Raises:
        StatisticsError: The margin is not positive.
    """
    if margin <= 0:
        raise StatisticsError(f"An equivalence margin must be positive; got {margin:g}.")
    n = differences.size
    if n < 2 or np.ptp(differences) == 0:
        return float("nan")
    error = float(differences.std(ddof=1)) / np.sqrt(n)
    mean = float(differences.mean())
    above = float(scipy_stats.t.sf((mean + margin) / error, n - 1))
    below = float(scipy_stats.t.cdf((mean - margin) / error, n - 1))
    return max(above, below)

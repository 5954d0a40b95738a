"""Test-retest: do raters repeat their score when a stimulus comes again? With a test of equivalence."""

from __future__ import annotations

import numpy as np
import pandas as pd

from srbench.errors import StatisticsError
from srbench.stats.intervals import crossed_mean
from srbench.stats.reliability import intraclass
from srbench.stats.signed_rank import signed_rank
from srbench.stats.tables import Array, RatingTable, checked_ratings

MARGIN = 0.25
"""In points, quarters of the scale: half of half a step from 1 to 5, which no conclusion of a study should hang on."""


def retest(ratings: RatingTable, *, margin: float | None = None) -> pd.DataFrame:
    """Compare the first and the second showing of the same stimulus to the same rater, per data set.

    'No significant difference' (`p`) is no evidence of reliability: few or noisy raters reach it easily. What
    speaks for reliability is a high ICC(A,1) or kappa, and equivalence: both one-sided t tests reject a shift of
    `margin` or more for other raters and other images (`srbench.stats.intervals`), so that the 90 % interval of the
    shift lies within the margin. Perfect repeats are equivalent.

    Args:
        ratings: See `check_ratings`.
        margin: The shift that counts; None takes a sixteenth of the scale, which is 0.25 from 1 to 5.

    Returns:
        One row per data set with repeats: dataset, n, raters, images, mean_difference (second minus first),
        low, high (95 %, raters and images crossed), low_90, high_90 (what decides equivalence), sd_difference,
        same (share of equal scores), icc_a1, icc_a1_low, icc_a1_high, kappa (quadratic weights), p (Wilcoxon on
        image means), margin, p_equivalence, equivalent, note. An empty table when nothing was shown twice.

    Raises:
        StatisticsError: The ratings are unusable, or the margin is not positive.
    """
    if margin is not None and margin <= 0:
        raise StatisticsError(f"An equivalence margin must be positive; got {margin:g}.")
    checked = checked_ratings(ratings)
    used, frame = margin or MARGIN * checked.scale.point, checked.every
    keys = ["dataset", "rater", "image", "method"]
    frame = frame.sort_values([*keys, "repeat"], kind="stable")
    number = frame.groupby(keys).cumcount()
    pairs = frame[number == 0].merge(frame[number == 1], on=keys, suffixes=("_first", "_second"))
    rows = [_row(str(name), part, used) for name, part in pairs.groupby("dataset")]
    return pd.DataFrame(rows)


def _row(dataset: str, pairs: pd.DataFrame, margin: float) -> dict[str, object]:
    first = pairs["score_first"].to_numpy(dtype=np.float64)
    second = pairs["score_second"].to_numpy(dtype=np.float64)
    difference = second - first
    # Stimuli of one picture belong together, so cells are averaged over methods first.
    wide = pairs.assign(difference=difference).pivot_table(
        index="rater", columns="image", values="difference", observed=True
    )
    cells = wide.to_numpy(dtype=np.float64)
    mean = crossed_mean(cells)
    low, high = mean.interval()
    low_90, high_90 = mean.interval(0.9)
    by_image = np.nanmean(cells, axis=0)
    notes: list[str] = []
    nan = float("nan")
    icc = (nan, nan, nan)
    try:
        result = intraclass(np.stack([first, second], axis=1))
        icc = (result.single, result.single_low, result.single_high)
    except StatisticsError as error:
        notes.append(str(error))
    p_equivalence = mean.equivalence_p(margin)
    notes += _limits(*cells.shape)
    return {
        "dataset": dataset, "n": len(pairs), "raters": pairs["rater"].nunique(),
        "images": pairs["image"].nunique(), "mean_difference": mean.value, "low": low, "high": high, "low_90": low_90,
        "high_90": high_90, "sd_difference": float(difference.std(ddof=1)) if len(pairs) > 1 else nan, "same":
        float((difference == 0).mean()), "icc_a1": icc[0], "icc_a1_low": icc[1], "icc_a1_high": icc[2],
        "kappa": weighted_kappa(first, second), "p": signed_rank(by_image).p, "margin": margin,
        "p_equivalence": p_equivalence, "equivalent": bool(p_equivalence < 0.05), "note": " ".join(notes),
    }  # fmt: skip


def _limits(raters: int, images: int) -> list[str]:
    """Return what the equivalence does not speak of."""
    if raters == images == 1:
        return ["Equivalence cannot be tested with a single rater and image."]
    if raters == 1:
        return ["One rater: equivalence speaks of other images only."]
    return ["One image: equivalence speaks of other raters only."] if images == 1 else []


def weighted_kappa(first: Array, second: Array) -> float:
    """Return Cohen's kappa with quadratic weights; NaN when all scores of both showings are equal."""
    # The mean squared difference over all pairs of one first and one second score, without listing them.
    expected = float(first.var() + second.var() + (first.mean() - second.mean()) ** 2)
    if expected == 0:
        return float("nan")
    return 1.0 - float(np.mean((first - second) ** 2)) / expected

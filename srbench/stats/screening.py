"""Looks for raters who do not do what the others do, by several rules side by side; nobody is dropped."""

from __future__ import annotations

import numpy as np
import pandas as pd

from srbench.stats.likelihood import maximum_likelihood
from srbench.stats.rating_scale import ACR, RatingScale
from srbench.stats.tables import Array, RatingTable, check_ratings, checked_ratings

OFTEN = 0.05
BALANCED = 0.3

BIAS, NOISE, CORRELATED, SAME, HASTE, STEP, COMPLETE = 1.0, 2.0, 0.5, 0.9, 1 / 3, 1.0, 0.9
"""Limits of the rules; those of bias and of repeats count in points, quarters of the scale."""
ENOUGH, FEW = 10, 3


def rules(scale: RatingScale = ACR) -> dict[str, str]:
    """Return the rules of `screening` by name, and what each of them flags on a scale.

    The limits but those of BT.500 are this tool's own.
    """
    bias, step = BIAS * scale.point, STEP * scale.point
    return {
        "bt500": "BT.500: more than 5 % deviant scores, on both sides",
        "biased": f"P.910 bias beyond {bias:g} point{'' if bias == 1 else 's'}",
        "inconsistent": f"P.910 inconsistency above {NOISE:g} times the median of all raters",
        "contrary": "correlation with the mean of the others below half the median of all raters",
        "constant": f"the same score in {100 * SAME:g} % of the ratings or more",
        "hasty": "median time per rating below a third of the median of all raters",
        "unstable": f"repeated scores that differ by more than {step:g} on average",
        "incomplete": f"less than {100 * COMPLETE:g} % of the ratings of the rater with most",
    }


RULES = tuple(rules())
"""The names of the rules."""


def bt500(scores: Array, *, ddof: int = 1) -> pd.DataFrame:
    """Apply the observer screening of ITU-R BT.500 (section "Screening of the observers").

    A score is deviant when it lies 2 standard deviations from the stimulus's mean (sqrt(20) where the
    kurtosis is outside 2..4). A rater is flagged when more than 5 % of their scores are deviant and these
    fall on both sides: |above - below| / (above + below) < 0.3. Stimuli on which all raters agree have no
    deviant score.

    Args:
        scores: Shape (J stimuli, I raters), NaN where a rater did not see a stimulus.
        ddof: 1 as in the Recommendation; 0 as in some software.

    Returns:
        One row per rater (in order): above, below, share, balance (NaN without deviant scores), flagged.
    """
    mean = np.nanmean(scores, axis=1, keepdims=True)
    off = scores - mean
    n = (~np.isnan(scores)).sum(axis=1, keepdims=True)
    second = np.nansum(off**2, axis=1, keepdims=True)
    usable = (n > ddof) & (second > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        sd = np.sqrt(second / (n - ddof))
        kurtosis = np.nansum(off**4, axis=1, keepdims=True) / n / (second / n) ** 2
    limit = np.where((kurtosis >= 2) & (kurtosis <= 4), 2.0, np.sqrt(20.0)) * sd
    above = (usable & (scores >= mean + limit)).sum(axis=0)
    below = (usable & (scores <= mean - limit)).sum(axis=0)
    seen = (~np.isnan(scores)).sum(axis=0)
    deviant = above + below
    share = deviant / np.maximum(seen, 1)
    balance = np.divide(np.abs(above - below), deviant, out=np.full(share.shape, np.nan), where=deviant > 0)
    flagged = (share > OFTEN) & (balance < BALANCED)
    columns = {"above": above, "below": below, "share": share, "balance": balance, "flagged": flagged}
    return pd.DataFrame(columns)


def screening(ratings: RatingTable) -> pd.DataFrame:
    """Return what several rules say about every rater, side by side, over all stimuli.

    No rule finds everybody: BT.500's looks for scores far off on both sides and misses a rater who always says 5; a
    correlation misses a severe one. To leave somebody out is a decision that the reader takes, and writes down before
    the ratings are seen.

    Returns:
        One row per rater: rater, n (stimuli), mean, above, below, share, balance (see `bt500`), bias and
        inconsistency (P.910; NaN where that model is not defined: one rater, or one stimulus), correlation (with the
        mean of the others; NaN where either is constant), same (share of the score given most often), seconds
        (median per rating), repeats (mean absolute difference of a repeated score), one column of booleans for every
        rule of `RULES`, flagged (by any of them), note.
    """
    ratings = checked_ratings(ratings)
    point, frame = ratings.scale.point, ratings.first
    wide = frame.pivot_table(index=["dataset", "image", "method"], columns="rater", values="score", observed=True)
    scores = wide.to_numpy(dtype=np.float64)
    bias, inconsistency, note = _modelled(scores)
    raters = list(wide.columns)
    n = (~np.isnan(scores)).sum(axis=0)
    table = pd.DataFrame({"rater": wide.columns.astype(str), "n": n, "mean": np.nanmean(scores, axis=0)})
    table = table.assign(bias=bias, inconsistency=inconsistency)
    table = pd.concat([table, bt500(scores).rename(columns={"flagged": "bt500"})], axis=1)
    table["correlation"] = [_with_the_others(scores, place) for place in range(len(raters))]
    table["same"] = [float(wide[name].value_counts(normalize=True).iloc[0]) for name in raters]
    table["seconds"] = _seconds(frame).reindex(raters).to_numpy()
    table["repeats"] = _repeats(ratings).reindex(raters).to_numpy()
    # A comparison with NaN is no flag.
    table["biased"] = table["bias"].abs() > BIAS * point
    table["inconsistent"] = table["inconsistency"] > NOISE * table["inconsistency"].median()
    table["contrary"] = table["correlation"] < CORRELATED * table["correlation"].median()
    table["constant"] = (table["same"] >= SAME) & (table["n"] >= ENOUGH)
    table["hasty"] = table["seconds"] < HASTE * table["seconds"].median()
    table["unstable"] = table["repeats"] > STEP * point
    table["incomplete"] = table["n"] < COMPLETE * table["n"].max()
    table["flagged"] = table[list(RULES)].any(axis=1)
    return table.assign(note=note)


def _modelled(scores: Array) -> tuple[Array, Array, str]:
    unknown = np.full(scores.shape[1], np.nan)
    if min(scores.shape) < 2:
        return unknown, unknown, "The model of raters needs two raters and two stimuli."
    model = maximum_likelihood(scores)
    if model.collapsed:
        return unknown, unknown, "The model of raters has no solution here: it puts all weight on a single rater."
    return model.bias, model.inconsistency, ""


def _with_the_others(scores: Array, place: int) -> float:
    own, others = scores[:, place], np.delete(scores, place, axis=1)
    both = ~np.isnan(own) & ~np.isnan(others).all(axis=1)
    if both.sum() < 3:
        return float("nan")
    mean = np.nanmean(others[both], axis=1)
    if np.ptp(own[both]) == 0 or np.ptp(mean) == 0:
        return float("nan")
    return float(np.corrcoef(own[both], mean)[0, 1])


def _seconds(frame: pd.DataFrame) -> pd.Series[float]:
    if "seconds" not in frame:
        return pd.Series(dtype=np.float64)
    numbers = pd.to_numeric(frame["seconds"], errors="coerce")
    return numbers.groupby(frame["rater"]).median()


def _repeats(ratings: RatingTable) -> pd.Series[float]:
    """Return the mean absolute difference between first and second showing of each rater with `FEW` of them."""
    frame, _ = check_ratings(ratings, repeats=True)
    keys = ["rater", "dataset", "image", "method"]
    apart = frame.sort_values("repeat", kind="stable").groupby(keys)["score"].diff().abs()
    found = apart.groupby(frame["rater"]).agg(["mean", "count"])
    return found["mean"].where(found["count"] >= FEW)

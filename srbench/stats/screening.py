"""Looks for raters who disagree with the others, in two ways side by side; nobody is dropped."""

from __future__ import annotations

import numpy as np
import pandas as pd

from srbench.stats.likelihood import maximum_likelihood
from srbench.stats.tables import Array, RatingTable, check_ratings

OFTEN = 0.05
BALANCED = 0.3


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
    """Return what BT.500's rule and P.910's model say about every rater, over all stimuli.

    The rule of BT.500 was made for the 1990s' procedures and flags or keeps a rater as a whole; the model
    down-weights raters by their noise instead. Both are shown; to leave somebody out is a decision that the
    reader takes, and writes down.

    Returns:
        One row per rater: rater, n, mean, bias, inconsistency, above, below, share, balance, flagged, note.
        and inconsistency are NaN where the model is not defined (one rater, or one stimulus).
    """
    frame, _ = check_ratings(ratings)
    wide = frame.pivot_table(index=["dataset", "image", "method"], columns="rater", values="score", observed=True)
    scores = wide.to_numpy(dtype=np.float64)
    bias = inconsistency = np.full(scores.shape[1], np.nan)
    note = "The model of raters needs two raters and two stimuli."
    if min(scores.shape) >= 2:
        model = maximum_likelihood(scores)
        note = ""
        if model.collapsed:
            note = "The model of raters has no solution here: it puts all weight on a single rater."
        else:
            bias, inconsistency = model.bias, model.inconsistency
    table = pd.DataFrame(
        {
            "rater": wide.columns.astype(str),
            "n": (~np.isnan(scores)).sum(axis=0),
            "mean": np.nanmean(scores, axis=0),
            "bias": bias,
            "inconsistency": inconsistency,
        }
    )
    return pd.concat([table, bt500(scores)], axis=1).assign(note=note)

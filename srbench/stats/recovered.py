"""Opinion scores beside the plain mean: P.910's recovered scores, and what a study can detect."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats as scipy_stats

from srbench.errors import StatisticsError
from srbench.stats.intervals import CrossedMean, crossed_mean
from srbench.stats.likelihood import maximum_likelihood
from srbench.stats.tables import Cube, RatingTable, cubes


def recovered_scores(ratings: RatingTable) -> pd.DataFrame:
    """Return the opinion score of every method that P.910's model recovers, per data set.

    The model takes off every rater's bias and weighs raters by how consistent they are (see `maximum_likelihood`); the
    score is the mean over images. Its interval has the standard error of the plain mean of the scores without bias,
    over raters and images: weights make it smaller, so that it errs on the wide side.

    Returns:
        Columns dataset, method, recovered, low, high; NaN where the model has no solution.
    """
    rows = []
    for cube in cubes(ratings):
        found = _recovered(cube)
        for method, mean in zip(cube.methods, found, strict=True):
            rows.append((cube.dataset, method, mean.value, *mean.interval()))
    return pd.DataFrame(rows, columns=["dataset", "method", "recovered", "low", "high"])


def _recovered(cube: Cube) -> list[CrossedMean]:
    nothing = [CrossedMean(np.nan, np.nan, np.nan)] * len(cube.methods)
    stimuli = np.moveaxis(cube.cells, 1, 2).reshape(-1, len(cube.raters))
    seen = ~np.isnan(stimuli).all(axis=1)
    try:
        model = maximum_likelihood(stimuli[seen])
    except StatisticsError:
        return nothing
    if model.collapsed:
        return nothing
    quality = np.full(seen.size, np.nan)
    quality[seen] = model.quality
    made = []
    for cells, own in zip(cube.cells, quality.reshape(len(cube.methods), -1), strict=True):
        plain = crossed_mean(cells - model.bias[:, None])
        made.append(CrossedMean(float(np.nanmean(own)), plain.error, plain.degrees))
    return made


def detectable(comparisons: pd.DataFrame, power: float = 0.8) -> float:
    """Return the difference that a study like this one would call significant with probability `power`.

    Half of the family interval, plus the quantile of the error beyond which a difference still shows: medians over the
    pairs.

    Args:
        comparisons: From `compare` or `compare_scores`, of a single metric and data set.
        power: Between 0.5 and 1.

    Returns:
        The difference; NaN where no pair has an error.
    """
    rows = comparisons[comparisons["error"] > 0]
    if not len(rows):
        return float("nan")
    half = (rows["family_high"] - rows["family_low"]) / 2
    return float((half + scipy_stats.t.ppf(power, rows["degrees"]) * rows["error"]).median())

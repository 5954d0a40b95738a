"""Differential scores of studies with a hidden original (ACR-HR): a version's score against that of its original."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from srbench.errors import StatisticsError
from srbench.stats.rating_scale import ACR, RatingScale
from srbench.stats.tables import Array, CheckedRatings, RatingTable, checked_ratings

_KEYS = ["rater", "dataset", "image"]


def differential(ratings: RatingTable, reference: str = "hr", *, crush: bool = False) -> CheckedRatings:
    """Return ratings as differential scores: DV = V(version) - V(original) + the best score of the scale.

    Both scores are those of one rater for one image; their mean is the DMOS (ITU-T P.910, "ACR-HR"). The original has
    the best score by definition and no row. A version may be better than its original; `crush` pulls such scores
    down by 7 DV / (2 + DV), which the Recommendation offers where they would weigh too much.

    Args:
        ratings: See `check_ratings`.
        reference: The method that is the original.
        crush: Whether scores above the best one are crushed; from 1 to 5 only.

    Returns:
        Ratings for every function that takes some; their scale reaches from the worst possible difference to the best.

    Raises:
        StatisticsError: Nobody rated the original beside another version of an image, or another scale is crushed.
    """
    checked = checked_ratings(ratings)
    scale = checked.scale
    if crush and (scale.low, scale.high) != (ACR.low, ACR.high):
        raise StatisticsError(f"Crushed scores are defined from 1 to 5, and the ratings go from {scale.words}.")
    of_reference = checked.first[checked.first["method"] == reference].set_index(_KEYS)["score"]
    every, first = (_against(frame, of_reference, reference, scale, crush) for frame in (checked.every, checked.first))
    if first.empty:
        raise StatisticsError(f"No rater saw '{reference}' beside another version of an image: there is no difference.")
    lost = int((checked.first["method"] != reference).sum()) - len(first)
    note = f"{lost} ratings have no score of the original by the same rater beside them, and are in no DMOS."
    best = scale.high + (scale.high - scale.low)
    return replace(
        checked,
        every=every,
        first=first,
        notes=(*checked.notes, *([note] if lost else [])),
        scale=RatingScale(scale.low, float(_crushed(np.array([best], dtype=np.float64))[0]) if crush else best),
    )


def _against(
    frame: pd.DataFrame, of_reference: pd.Series[float], reference: str, scale: RatingScale, crush: bool
) -> pd.DataFrame:
    versions = frame[frame["method"] != reference]
    beside = of_reference.reindex(pd.MultiIndex.from_frame(versions[_KEYS])).to_numpy(dtype=np.float64)
    score: Array = np.asarray(versions["score"].to_numpy(dtype=np.float64) - beside + scale.high, dtype=np.float64)
    if crush:
        score = _crushed(score)
    found: pd.DataFrame = versions.assign(score=score)[~np.isnan(score)]
    return found.reset_index(drop=True)


def _crushed(score: Array) -> Array:
    return np.where(score > ACR.high, 7.0 * score / (2.0 + score), score).astype(np.float64)

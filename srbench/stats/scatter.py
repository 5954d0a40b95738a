"""How far raters scatter around the mean of a stimulus: the SOS parameter, with an interval."""

from __future__ import annotations

import numpy as np
import pandas as pd

from srbench.stats.jackknife import Estimate
from srbench.stats.tables import Array, RatingTable, checked_ratings


def sos(ratings: RatingTable) -> pd.DataFrame:
    """Return the SOS parameter a of every data set: how far raters scatter, whatever the mean.

    The variance of a stimulus is a (mean - low)(high - mean), with the ends of the rating scale, fitted by
    least squares over stimuli; 0 is agreement, 1 as far as the scale allows (Hossfeld, Schatz and Egger, "SOS: the MOS
    is not enough!", QoMEX 2011). The interval speaks of other images and other raters (`srbench.stats.jackknife`).

    Args:
        ratings: See `check_ratings`.

    Returns:
        Columns dataset, a, low, high. NaN where no stimulus has two scores or all lie at the ends of the scale; the
        interval for fewer than five images.
    """
    checked = checked_ratings(ratings)
    ends = checked.scale.low, checked.scale.high
    rows = []
    for cube in checked.cubes:
        images = [np.delete(cube.cells, place, axis=2) for place in range(len(cube.images))]
        raters = [np.delete(cube.cells, place, axis=1) for place in range(len(cube.raters))]
        raters = raters if len(raters) > 1 else []
        without = [np.array([_sos(part, ends) for part in parts]) for parts in (images, raters)]
        found = Estimate(_sos(cube.cells, ends), without[0], without[1])
        low, high = found.interval("plain")
        rows.append((cube.dataset, found.value, max(low, 0.0), high))
    return pd.DataFrame(rows, columns=["dataset", "a", "low", "high"])


def _sos(cells: Array, ends: tuple[float, float]) -> float:
    """Return the parameter of scores of shape (M, R, I), NaN where a rater did not see a stimulus."""
    there = ~np.isnan(cells)
    count = there.sum(axis=1)
    used = count > 1
    total = np.where(there, cells, 0.0).sum(axis=1)[used]
    squares = np.where(there, cells**2, 0.0).sum(axis=1)[used]
    n = count[used]
    mean = total / n
    variance = np.maximum(squares - n * mean**2, 0.0) / (n - 1)
    most = (mean - ends[0]) * (ends[1] - mean)
    whole = float((most**2).sum())
    return float((variance * most).sum()) / whole if whole > 0 else float("nan")

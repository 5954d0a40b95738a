"""Stimuli that have both a value of a metric and ratings, arranged for everything that compares the two."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import stats as scipy_stats

from srbench.errors import StatisticsError
from srbench.stats.crossed import Codes
from srbench.stats.opinion import mean_opinion_scores
from srbench.stats.tables import Array, RatingTable, check_ratings, check_scores

KEYS = ["dataset", "image", "method"]


@dataclass(frozen=True)
class Stimuli:
    """The n stimuli of a data set, or of all (`all`), that have a value of one metric and ratings.

    Attributes:
        dataset: Name of the data set, or `all`.
        metric: Name of the metric.
        image: Number of each stimulus's image, shape (n,).
        method: Number of its method, shape (n,).
        value: Value of the metric, shape (n,), finite.
        scores: Scores of R raters, shape (n, R); NaN where a rater did not see a stimulus.
        reach: Half of the 95 % interval of each stimulus's MOS, shape (n,).
    """

    dataset: str
    metric: str
    image: Codes
    method: Codes
    value: Array
    scores: Array
    reach: Array

    @property
    def images(self) -> int:
        """Number of images."""
        return int(self.image.max()) + 1

    @property
    def methods(self) -> int:
        """Number of methods."""
        return int(self.method.max()) + 1

    @property
    def raters(self) -> int:
        """Number of raters."""
        return int(self.scores.shape[1])

    @cached_property
    def opinions(self) -> Array:
        """MOS of every stimulus, shape (n,)."""
        found: Array = np.nanmean(self.scores, axis=1)
        return found

    @cached_property
    def opinions_without(self) -> Array:
        """MOS without each rater, shape (R, n), NaN where nobody else saw a stimulus; (0, n) for a single rater."""
        if self.raters < 2:
            return np.empty((0, self.value.size))
        there = ~np.isnan(self.scores)
        count, total = there.sum(axis=1), np.where(there, self.scores, 0.0).sum(axis=1)
        left = count[:, None] - there
        sums = total[:, None] - np.where(there, self.scores, 0.0)
        found: Array = np.divide(sums, left, out=np.full(sums.shape, np.nan), where=left > 0)
        return found.T

    def grid(self, values: Array) -> Array:
        """Return values per stimulus, shape (..., n), as (..., I, M); NaN where an image lacks a method."""
        made: Array = np.full((*values.shape[:-1], self.images, self.methods), np.nan)
        made[..., self.image, self.method] = values
        return made


def joined(scores: pd.DataFrame, ratings: RatingTable) -> tuple[pd.DataFrame, list[str]]:
    """Return metric values and opinion scores of the stimuli that have both, and what was left out.

    Returns:
        Columns dataset, image, method, metric, value, mos, ci (half of the 95 % interval, Student's t).
    """
    values, notes = check_scores(scores)
    mos = mean_opinion_scores(ratings, ("dataset", "image", "method"))
    quantile = scipy_stats.t.ppf(0.975, np.maximum(mos["n"].to_numpy() - 1, 1))
    mos["ci"] = quantile * mos["sd"].fillna(0.0) / np.sqrt(mos["n"])
    table = values[[*KEYS, "metric", "value"]].merge(mos[[*KEYS, "mos", "ci"]], on=KEYS)
    if table.empty:
        ours, rated = ("/".join(map(str, frame.iloc[0][KEYS])) for frame in (values, mos))
        raise StatisticsError(
            f"Run and study have no stimulus in common (the run has {ours}, the study {rated}). Choose the run that "
            "the study was made from."
        )
    infinite = ~np.isfinite(table["value"])
    if infinite.any():
        names = ", ".join(sorted(set(table.loc[infinite, "method"])))
        what = ", ".join(sorted(set(table.loc[infinite, "metric"])))
        notes.append(f"{int(infinite.sum())} infinite values ({what} of {names}) take no part in correlations.")
    return table[~infinite].reset_index(drop=True), notes


def stimuli(scores: pd.DataFrame, ratings: RatingTable) -> list[Stimuli]:
    """Return the stimuli of every metric: those of each data set, and of all where there are several.

    Args:
        scores: See `check_scores`. Infinite values are left out.
        ratings: See `check_ratings`; first showings count.

    Raises:
        StatisticsError: Scores or ratings are unusable, or have no stimulus in common.
    """
    table, _ = joined(scores, ratings)
    frame, _ = check_ratings(ratings)
    wide = frame.set_index([*KEYS, "rater"])["score"].unstack("rater")  # noqa: PD010  # four times as fast, no means
    made = []
    for metric, part in table.groupby("metric"):
        sets = list(part.groupby("dataset"))
        if len(sets) > 1:
            sets.append(("all", part))
        made += [_arranged(str(name), str(metric), group, wide) for name, group in sets]
    return made


def _arranged(dataset: str, metric: str, group: pd.DataFrame, wide: pd.DataFrame) -> Stimuli:
    scores = wide.loc[pd.MultiIndex.from_frame(group[KEYS])].to_numpy(dtype=np.float64)
    image = pd.factorize(group["dataset"].astype(str) + "/" + group["image"].astype(str), sort=True)[0]
    method = pd.factorize(group["method"].astype(str), sort=True)[0]
    return Stimuli(
        dataset,
        metric,
        image.astype(np.intp),
        method.astype(np.intp),
        group["value"].to_numpy(dtype=np.float64),
        scores[:, ~np.isnan(scores).all(axis=0)],
        group["ci"].to_numpy(dtype=np.float64),
    )

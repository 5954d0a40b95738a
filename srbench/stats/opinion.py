"""Means with intervals: opinion scores, ranks, distributions, gold stimuli, and the scores of metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats as scipy_stats

from srbench.errors import StatisticsError
from srbench.stats.intervals import crossed_mean
from srbench.stats.tables import Array, Cube, RatingTable, check_ratings, checked_ratings, cubes, score_cubes

Z = float(scipy_stats.norm.ppf(0.975))


def mean_opinion_scores(
    ratings: RatingTable,
    by: Sequence[str] = ("dataset", "method"),
    *,
    interval: Literal["crossed", "normal"] | None = None,
) -> pd.DataFrame:
    """Return the mean opinion score of every group with a 95 % interval.

    Args:
        ratings: See `stats.check_ratings`; second showings do not count.
        by: The columns that make a group: `("dataset", "method")`, or `("dataset", "image", "method")`.
        interval: `crossed` speaks of other raters and other images (`srbench.stats.intervals`); `normal` is
            z s / sqrt(n) of the ratings of the group, as ITU-R BT.500 prescribes for one stimulus, and ignores that
            ratings of one rater or image belong together. Default: `crossed` for methods of a set, `normal`
            otherwise. Crossed ends may lie outside the scale when few raters or images took part.

    Returns:
        One row per group: the columns `by`, then mos, low, high, sd (of single ratings), n, raters, images.

    Raises:
        StatisticsError: The ratings are unusable, or `crossed` is asked for other groups than methods of a
            set.
    """
    frame, _ = check_ratings(ratings)
    keys = list(by)
    kind = interval or ("crossed" if keys == ["dataset", "method"] else "normal")
    groups = frame.groupby(keys, observed=True)
    table = groups["score"].agg(mos="mean", sd="std", n="count").reset_index()
    half = Z * table["sd"] / np.sqrt(table["n"])
    table["low"], table["high"] = table["mos"] - half, table["mos"] + half
    for name in ("rater", "image"):
        table[f"{name}s"] = groups[name].nunique().to_numpy()
    if kind == "crossed":
        if keys != ["dataset", "method"]:
            raise StatisticsError("A crossed interval is defined for by=('dataset', 'method') only.")
        ends = pd.DataFrame(_crossed(cubes(ratings)), columns=[*keys, "low", "high"])
        table = table.drop(columns=["low", "high"]).merge(ends, on=keys, how="left")
    return table[[*keys, "mos", "low", "high", "sd", "n", "raters", "images"]]


def mean_scores(scores: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the plain mean of one metric per data set and method, with a t-based 95 % interval over images.

    A mean over an infinite value (the PSNR of an image that equals its original) is infinite.

    Returns:
        Columns dataset, method, value, low, high, n.
    """
    rows = []
    for cube in score_cubes(scores, metric):
        ends = _crossed([cube])
        for (dataset, method, low, high), values in zip(ends, cube.cells, strict=True):
            present = values[~np.isnan(values)]
            rows.append((dataset, method, float(present.mean()), low, high, present.size))
    return pd.DataFrame(rows, columns=["dataset", "method", "value", "low", "high", "n"])


def median_seconds(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the median time per image of every method on every data set, over the images that did not fail.

    Args:
        scores: Columns `dataset`, `image`, `method`, `status`, `seconds`; the metrics of an image share one time.

    Returns:
        Columns dataset, method, seconds.
    """
    once = scores[scores["status"] == "ok"].drop_duplicates(["dataset", "image", "method"])
    return once.groupby(["dataset", "method"], as_index=False).agg({"seconds": "median"})


def _crossed(data: Sequence[Cube]) -> list[tuple[str, str, float, float]]:
    return [
        (cube.dataset, method, *crossed_mean(values).interval())
        for cube in data
        for method, values in zip(cube.methods, cube.cells, strict=True)
    ]


def score_distribution(ratings: RatingTable) -> pd.DataFrame:
    """Return how often each score of the scale was given, per data set and method.

    A score between two steps of the scale counts for the nearest, halves upwards. A scale of more than 21 answers is
    counted in ten equal parts.

    Returns:
        Columns dataset, method, score (1..5; of a part its middle), count, share (of the method's ratings).
    """
    checked = checked_ratings(ratings)
    bins = checked.scale.bins
    names = [int(each) for each in bins] if all(each == int(each) for each in bins) else list(bins)
    place = checked.scale.bin_of(checked.first["score"].to_numpy(dtype=np.float64))
    rows = []
    for (dataset, method), part in checked.first.assign(place=place).groupby(["dataset", "method"], observed=True):
        counts = np.bincount(part["place"].to_numpy(), minlength=len(bins))
        shares = counts / counts.sum()
        rows += [(dataset, method, name, int(n), float(s)) for name, n, s in zip(names, counts, shares, strict=True)]
    return pd.DataFrame(rows, columns=["dataset", "method", "score", "count", "share"])


def mean_ranks(ratings: RatingTable) -> pd.DataFrame:
    """Return the mean ordinal rank of every method: ranked per image and rater, ties averaged, 1 = best.

    Only images that a rater saw in every version are ranked.

    Returns:
        Columns dataset, method, rank, sd, n (number of rankings), left_out (number of incomplete ones).
    """
    rows = []
    for cube in cubes(ratings):
        flat = cube.cells.reshape(len(cube.methods), -1)
        whole = ~np.isnan(flat).any(axis=0)
        left_out = int((~np.isnan(flat)).any(axis=0).sum() - whole.sum())
        ranks = scipy_stats.rankdata(-flat[:, whole], axis=0)
        for method, values in zip(cube.methods, ranks, strict=True):
            mean, sd = _mean_and_sd(values)
            rows.append((cube.dataset, method, mean, sd, values.size, left_out))
    return pd.DataFrame(rows, columns=["dataset", "method", "rank", "sd", "n", "left_out"])


def rank_distribution(ratings: RatingTable) -> pd.DataFrame:
    """Return how often each ordinal rank was reached, per data set and method; see `mean_ranks`.

    Averaged ranks of ties count for the nearest whole rank, halves for the better one.

    Returns:
        Columns dataset, method, rank (1 = best), count, share (of the method's rankings).
    """
    rows = []
    for cube in cubes(ratings):
        flat = cube.cells.reshape(len(cube.methods), -1)
        ranks = scipy_stats.rankdata(-flat[:, ~np.isnan(flat).any(axis=0)], axis=0)
        places = np.ceil(ranks - 0.5).astype(np.intp)
        for method, values in zip(cube.methods, places, strict=True):
            counts = np.bincount(values, minlength=len(cube.methods) + 1)[1:]
            total = max(int(counts.sum()), 1)
            rows += [(cube.dataset, method, k + 1, int(n), float(n / total)) for k, n in enumerate(counts)]
    return pd.DataFrame(rows, columns=["dataset", "method", "rank", "count", "share"])


def gold(ratings: RatingTable, expected: dict[str, float] | None = None) -> pd.DataFrame:
    """Return each rater's mean score of the versions whose score is known in advance.

    Args:
        ratings: See `stats.check_ratings`.
        expected: The anchor score of each gold method; default the low end of the scale for nearest and the high one
            for the original (`hr`).

    Returns:
        Columns rater, method, expected, mean, n, off (mean is more than a quarter of the scale away), median (of all
        raters' means of the version), sorted; empty when no gold version was rated.
    """
    checked = checked_ratings(ratings)
    anchors = expected or {"nearest": checked.scale.low, "hr": checked.scale.high}
    frame = checked.first[checked.first["method"].isin(list(anchors))]
    table = frame.groupby(["rater", "method"], observed=True)["score"].agg(mean="mean", n="count").reset_index()
    table.insert(2, "expected", table["method"].map(anchors).astype(np.float64))
    median = table.groupby("method")["mean"].transform("median")
    return table.assign(off=(table["mean"] - table["expected"]).abs() > checked.scale.point, median=median)


def _mean_and_sd(values: Array) -> tuple[float, float]:
    if values.size < 2:
        return (float(values[0]) if values.size else float("nan")), float("nan")
    return float(values.mean()), float(values.std(ddof=1))

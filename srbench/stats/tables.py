"""Checks the two input tables, ratings and scores, and arranges them as methods x raters x images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from srbench.errors import StatisticsError, unknown
from srbench.stats.rating_scale import ACR, RatingScale, parse

Array: TypeAlias = NDArray[np.float64]

RATING_COLUMNS = ("rater", "dataset", "image", "method", "score")
SCORE_COLUMNS = ("dataset", "image", "method", "metric", "value")


@dataclass(frozen=True, slots=True)
class Cube:
    """All values of one data set.

    Attributes:
        dataset: Its name.
        methods: M names, in the order of the first axis.
        raters: R names, in the order of the second axis; one empty name for an objective metric.
        images: I names, in the order of the third axis.
        cells: Array of shape (M, R, I); NaN where nothing was measured.
    """

    dataset: str
    methods: tuple[str, ...]
    raters: tuple[str, ...]
    images: tuple[str, ...]
    cells: Array

    @property
    def missing(self) -> int:
        """Number of empty cells."""
        return int(np.isnan(self.cells).sum())

    def image_means(self) -> Array:
        """Return the mean over raters, shape (M, I); NaN where no rater saw a stimulus."""
        present = ~np.isnan(self.cells)
        counts = present.sum(axis=1)
        sums = np.where(present, self.cells, 0.0).sum(axis=1)
        means: Array = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
        return means


@dataclass(frozen=True)
class CheckedRatings:
    """Ratings that went through `check_ratings` once, for many statistics of the same ratings.

    Every function of `srbench.stats` that takes a DataFrame of ratings takes this in its place, and then neither
    checks nor arranges them again.

    Attributes:
        every: The usable ratings.
        first: First showings only.
        damaged: One sentence for everything that was left out of `every`.
        notes: The same for `first`.
        scale: What raters could answer.
    """

    every: pd.DataFrame
    first: pd.DataFrame
    damaged: tuple[str, ...]
    notes: tuple[str, ...]
    scale: RatingScale = ACR

    @cached_property
    def cubes(self) -> tuple[Cube, ...]:
        """One cube of all methods per data set, see `cubes`."""
        wanted = _choose(self.first, None)
        return tuple(_cube(str(name), part, wanted, "score") for name, part in self.first.groupby("dataset"))


RatingTable: TypeAlias = pd.DataFrame | CheckedRatings


def checked_ratings(ratings: RatingTable, scale: RatingScale | str | None = None) -> CheckedRatings:
    """Check ratings once; see `check_ratings`, whose errors this raises.

    Args:
        ratings: See `check_ratings`.
        scale: What raters could answer, such as `0:100`. None takes what the column `rating_scale` says, else 1 to 5.
    """
    declared = parse(scale) if isinstance(scale, str) else scale
    if isinstance(ratings, CheckedRatings):
        if declared in {None, ratings.scale}:
            return ratings
        ratings = ratings.every
    used = declared or rating_scale(ratings)
    every, damaged = _usable_ratings(ratings, used)
    first, said = _first_showings(every)
    return CheckedRatings(every, first, tuple(damaged), (*damaged, *said), used)


def rating_scale(ratings: RatingTable) -> RatingScale:
    """Return the scale of ratings: that of checked ones, or what the column `rating_scale` says, else 1 to 5.

    Raises:
        StatisticsError: The column names several scales, whose scores do not compare, or something else.
    """
    if isinstance(ratings, CheckedRatings):
        return ratings.scale
    named = sorted(set(ratings["rating_scale"].dropna().astype(str))) if "rating_scale" in ratings else []
    if len(named) > 1:
        raise StatisticsError(f"The ratings mix the scales {', '.join(named)}, whose scores do not compare.")
    return parse(named[0]) if named else ACR


def restricted(checked: CheckedRatings, keep: Callable[[pd.DataFrame], pd.Series[bool]]) -> CheckedRatings:
    """Return those of checked ratings whose rows `keep` chooses, in `every` and in `first`."""
    every, first = (frame[keep(frame)].reset_index(drop=True) for frame in (checked.every, checked.first))
    return replace(checked, every=every, first=first)


def check_ratings(ratings: RatingTable, repeats: bool = False) -> tuple[pd.DataFrame, list[str]]:
    """Return the usable ratings and one sentence for everything that was left out.

    Args:
        ratings: Columns `rater`, `dataset`, `image`, `method`, `score`, and optionally `repeat` and `rating_scale`.
        repeats: Keep second showings too; otherwise only the first showing of each stimulus counts.

    Raises:
        StatisticsError: A column is missing, nothing is left, a score is outside the scale, or one rater gave
            one stimulus two different scores in one showing.
    """
    checked = checked_ratings(ratings)
    return (checked.every, list(checked.damaged)) if repeats else (checked.first, list(checked.notes))


def _usable_ratings(ratings: pd.DataFrame, scale: RatingScale) -> tuple[pd.DataFrame, list[str]]:
    frame = _with_columns(ratings, RATING_COLUMNS, "ratings")
    notes: list[str] = []
    if "repeat" not in frame:
        frame["repeat"] = 0
    frame["score"] = _numbers(frame["score"], "score")
    frame, note = _without_nan(frame, "score", "rating")
    notes += note
    outside = frame[scale.off(frame["score"].to_numpy(dtype=np.float64))]
    if len(outside):
        row = outside.iloc[0]
        raise StatisticsError(
            f"{len(outside)} scores lie outside {scale.low:g}..{scale.high:g}{_steps(scale)}, the first is "
            f"{row['score']:g} by rater {row['rater']} for {row['dataset']}/{row['image']}/{row['method']}. Correct "
            "the ratings, or declare their scale."
        )
    frame, note = _without_copies(frame, ["rater", "dataset", "image", "method", "repeat"], "score", "rating")
    notes += note
    if frame.empty:
        raise StatisticsError("There is no rating left to compute anything from. Collect or import ratings first.")
    return frame.reset_index(drop=True), notes


def _steps(scale: RatingScale) -> str:
    return "" if scale.step is None else f", or between its steps of {scale.step:g}"


def _first_showings(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    first = frame.groupby(["rater", "dataset", "image", "method"])["repeat"].transform("min")
    again = int((frame["repeat"] != first).sum())
    notes = [f"{again} ratings of second showings serve the test of reliability only."] if again else []
    return frame[frame["repeat"] == first].reset_index(drop=True), notes


def check_scores(scores: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return the usable scores and one sentence for everything that was left out.

    Args:
        scores: Columns `dataset`, `image`, `method`, `metric`, `value`, of one protocol.

    Raises:
        StatisticsError: A column is missing, nothing is left, several protocols are mixed, or one cell has
            two different values.
    """
    frame = _with_columns(scores, SCORE_COLUMNS, "scores")
    protocols = sorted(map(str, frame["protocol"].unique())) if "protocol" in frame else []
    if len(protocols) > 1:
        found = ", ".join(protocols)
        raise StatisticsError(f"The scores mix the protocols {found}; their values differ. Choose one of them.")
    frame["value"] = _numbers(frame["value"], "value")
    frame, notes = _without_nan(frame, "value", "score")
    frame, copies = _without_copies(frame, ["dataset", "image", "method", "metric"], "value", "score")
    if frame.empty:
        raise StatisticsError("There is no score left to compute anything from. Run the bench first.")
    return frame.reset_index(drop=True), notes + copies


def cubes(ratings: RatingTable, methods: Sequence[str] | None = None) -> list[Cube]:
    """Return one cube of first showings per data set, in order of names.

    Args:
        ratings: See `check_ratings`.
        methods: Which methods, in which order; default all, sorted.

    Raises:
        StatisticsError: See `check_ratings`; or a method of that name has no rating.
    """
    checked = checked_ratings(ratings)
    if methods is None:
        return list(checked.cubes)
    wanted = _choose(checked.first, methods)
    return [_cube(str(name), part, wanted, "score") for name, part in checked.first.groupby("dataset")]


def score_cubes(scores: pd.DataFrame, metric: str, methods: Sequence[str] | None = None) -> list[Cube]:
    """Return one cube with a single nameless rater per data set, for one metric of a run.

    Infinite values (the PSNR of an image that equals its original) stay as they are; see `differences`.

    Raises:
        StatisticsError: See `check_scores`; or the metric or a method has no score.
    """
    frame, _ = check_scores(scores)
    known = frame["metric"].astype(str)
    if metric not in set(known):
        raise StatisticsError(unknown("metric", metric, set(known)))
    frame = frame[known == metric].assign(rater="")
    wanted = _choose(frame, methods)
    return [_cube(str(name), part, wanted, "value") for name, part in frame.groupby("dataset")]


def differences(a: Array, b: Array) -> Array:
    """Return a - b of paired values of equal shape; NaN where either is NaN.

    An infinite score is above every finite one, so its difference is infinite; two that are equal differ by nothing.

    >>> differences(np.array([np.inf, np.inf, 3.0]), np.array([np.inf, 2.0, 1.0])).tolist()
    [0.0, inf, 2.0]
    """
    result: Array = np.subtract(a, b, out=np.zeros(a.shape), where=~(np.isinf(a) & (a == b)))
    return result


def _choose(frame: pd.DataFrame, methods: Sequence[str] | None) -> list[str]:
    present = sorted(map(str, frame["method"].unique()))
    if methods is None:
        return present
    for name in methods:
        if name not in present:
            raise StatisticsError(unknown("method", name, present))
    return list(methods)


def _cube(dataset: str, frame: pd.DataFrame, wanted: Sequence[str], column: str) -> Cube:
    names = frame["method"].astype(str)
    here = set(names)
    methods = tuple(name for name in wanted if name in here)
    frame = frame[names.isin(methods)]
    raters, r = np.unique(frame["rater"].astype(str).to_numpy(dtype=object), return_inverse=True)
    pictures, i = np.unique(frame["image"].astype(str).to_numpy(dtype=object), return_inverse=True)
    m = frame["method"].astype(str).map({name: k for k, name in enumerate(methods)}).to_numpy(dtype=np.intp)
    values = np.full((len(methods), len(raters), len(pictures)), np.nan)
    values[m, r, i] = frame[column].to_numpy(dtype=np.float64)
    return Cube(dataset, methods, tuple(raters), tuple(pictures), values)


def _with_columns(frame: pd.DataFrame, needed: Sequence[str], what: str) -> pd.DataFrame:
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        have = ", ".join(map(str, frame.columns)) or "none"
        raise StatisticsError(f"The {what} lack the columns {', '.join(missing)}; they have: {have}.")
    names = [name for name in needed if name not in {"score", "value"}]
    lost = int(frame[names].isna().any(axis=1).sum())
    if lost:
        raise StatisticsError(f"{lost} rows of the {what} lack one of {', '.join(names)}. Correct the table.")
    return frame.copy()


def _numbers(column: pd.Series, name: str) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce").astype(np.float64)
    words = column[numbers.isna() & column.notna()]
    if len(words):
        raise StatisticsError(f"The column '{name}' holds {words.iloc[0]!r}, which is no number. Correct the table.")
    return numbers


def _without_nan(frame: pd.DataFrame, column: str, what: str) -> tuple[pd.DataFrame, list[str]]:
    empty = frame[column].isna()
    count = int(empty.sum())
    if not count:
        return frame, []
    return frame[~empty], [
        f"{count} {what}{'s have no value and count' if count > 1 else ' has no value and counts'} as missing."
    ]


def _without_copies(frame: pd.DataFrame, keys: list[str], column: str, what: str) -> tuple[pd.DataFrame, list[str]]:
    whole = frame.drop_duplicates([*keys, column])
    clash = whole[whole.duplicated(keys)]
    if len(clash):
        place = "/".join(str(clash.iloc[0][key]) for key in keys)
        raise StatisticsError(
            f"{len(clash)} {what}s contradict another {what} of the same cell ({', '.join(keys)}), "
            f"the first at {place}. Keep one of each."
        )
    copies = len(frame) - len(whole)
    if not copies:
        return frame, []
    return whole, [f"{copies} repeated {what} row{'s were' if copies > 1 else ' was'} counted once."]

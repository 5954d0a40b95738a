"""Whether scores drift over a study: of all raters together, and of each, in the linear mixed model.

    score = stimulus's method + (trend + trend of the rater) x place in the study + random effects + rest

Raters see the stimuli in orders of their own, so that a trend can be told from the stimuli. The random effects are
raters, their trends, images, method x image and method x rater; R's `lme4` fits the same with `(0 + place | rater)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy import stats as scipy_stats

from srbench.errors import StatisticsError
from srbench.stats.crossed import Codes, Crossed, crossed, estimable
from srbench.stats.intervals import excludes_zero
from srbench.stats.reml import SMALLEST, Reml, RemlFit
from srbench.stats.tables import Array, RatingTable, check_ratings

EFFECTS = ("rater", "image", "method:rater", "method:image")


@dataclass(frozen=True, slots=True)
class Drift:
    """What scores do over a study, in points from a rater's first trial to the last.

    Attributes:
        trend: Of all raters.
        low: Lower end of its 95 % interval.
        high: Upper end.
        error: Its standard error.
        degrees: Satterthwaite's degrees of freedom.
        p: Of the hypothesis that there is none.
        sd: Standard deviation of the trends of raters around it.
        p_sd: Likelihood-ratio test that raters do not differ in their trends (REML).
        raters: One row per rater: rater, n, trend (predicted: of all raters and their own part, drawn towards the
            others'), low, high (95 %, of the prediction), drifts (an interval that holds for all raters at once
            excludes 0).
        notes: What was left out.
    """

    trend: float
    low: float
    high: float
    error: float
    degrees: float
    p: float
    sd: float
    p_sd: float
    raters: pd.DataFrame
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trends(Crossed):
    """Crossed random effects of which the last is a slope in `place`, shape (N,), for every level."""

    place: Array

    @property
    def values(self) -> Array:
        """What each effect is multiplied with, shape (G, N)."""
        made = np.ones(self.places.shape)
        made[-1] = self.place
        return made

    def scatter(self, values: Array) -> Array:
        """Return, per level, the sum over its observations of a value times what the effect is multiplied with."""
        weights = self.values * np.broadcast_to(values, self.places.shape)
        found: Array = np.bincount(self.places.ravel(), weights.ravel(), self.total).astype(np.float64)
        return found

    def normal(self, weights: Array | None = None) -> sparse.csr_matrix:
        """Return Z' W Z, shape (total, total)."""
        count, observations = self.places.shape
        columns = np.tile(np.arange(observations), count)
        design = sparse.csr_matrix((self.values.ravel(), (columns, self.places.ravel())), (observations, self.total))
        scaled = design if weights is None else sparse.diags(weights) @ design
        return (design.T @ scaled).tocsr()


def drift(ratings: RatingTable) -> Drift:
    """Return how scores drift over a study.

    Args:
        ratings: See `check_ratings`, with the column `trial`: the place of a rating in its rater's order. All data sets
            together. First showings count.

    Raises:
        StatisticsError: There is no such column, fewer than three raters, or all raters saw the stimuli in one order,
            so that a trend cannot be told from the stimuli.
    """
    frame, notes = check_ratings(ratings)
    frame, place, said = _places(frame)
    problem, design, score, names = _problem(frame, place)
    logs = problem.minimise()
    fit = problem.at(logs)
    there = logs[-1] > SMALLEST + 1e-6
    without = Reml(design, score, _without_trends(problem.groups))
    ratio = without.at(without.minimise()).criterion - fit.criterion
    last = np.eye(design.shape[1])[-1:]
    degrees = float(problem.degrees(logs, last)[0])
    error = float(np.sqrt(fit.variance * fit.unscaled[-1, -1]))
    reach = float(scipy_stats.t.ppf(0.975, degrees)) * error
    trend = float(fit.coefficients[-1])
    counts = frame.groupby("rater").size().reindex(names).to_numpy().astype(np.intp)
    return Drift(
        trend=trend,
        low=trend - reach,
        high=trend + reach,
        error=error,
        degrees=degrees,
        p=float(2.0 * scipy_stats.t.sf(abs(trend) / error, degrees)),
        sd=float(problem.sds(logs)[-2]),
        p_sd=float(0.5 * scipy_stats.chi2.sf(ratio, 1)) if there and ratio > 0 else 1.0,
        raters=_of_raters(problem, logs, fit, names, counts),
        notes=(*notes, *said),
    )


def _places(frame: pd.DataFrame) -> tuple[pd.DataFrame, Array, list[str]]:
    """Return the ratings with a place, the places from -0.5 (first of the rater) to 0.5, and what was left out."""
    if "trial" not in frame:
        raise StatisticsError("Ratings without the column 'trial' say nothing of the order in which they were given.")
    trial = pd.to_numeric(frame["trial"], errors="coerce")
    lost = int(trial.isna().sum())
    said = [f"{lost} ratings have no number in 'trial' and take no part in the trend."] if lost else []
    frame = frame.assign(rater=frame["rater"].astype(str), trial=trial)[trial.notna()].reset_index(drop=True)
    if frame["rater"].nunique() < 3:
        raise StatisticsError(f"A trend of raters needs three of them; found {frame['rater'].nunique()}.")
    by_rater = frame.groupby("rater")["trial"]
    # Of the longest series of trials: who stopped half-way has gone half the way.
    reached = frame["trial"] - by_rater.transform("min")
    place = (reached / max(float(reached.max()), 1.0)).to_numpy(dtype=np.float64) - 0.5
    kind = [frame[name].astype(str) for name in ("dataset", "image", "method")]
    if float(pd.Series(place).groupby(kind).transform("std").fillna(0.0).max()) < 1e-9:
        raise StatisticsError("All raters saw the stimuli in one order: a trend cannot be told from the stimuli.")
    return frame, place, said


def _problem(frame: pd.DataFrame, place: Array) -> tuple[Reml, Array, Array, list[str]]:
    """Return the model, its fixed effects (the trend last), the centred scores, and the names of the raters."""
    score = frame["score"].to_numpy(dtype=np.float64)
    if np.ptp(score) == 0:
        raise StatisticsError(f"All ratings are {score[0]:g}: there is no trend.")
    plain = crossed(frame, estimable(frame, EFFECTS))
    rater, names = pd.factorize(frame["rater"], sort=True)
    raters = list(map(str, names))
    groups = Trends(
        (*plain.names, "trend"), (*plain.codes, rater.astype(np.intp)), (*plain.levels, tuple(raters)), place
    )
    method = pd.factorize(frame["dataset"].astype(str) + "/" + frame["method"].astype(str))[0]
    design = np.column_stack([np.eye(method.max() + 1)[method], place])
    return Reml(design, score - score.mean(), groups), design, score - score.mean(), raters


def _without_trends(groups: Crossed) -> Crossed:
    return Crossed(groups.names[:-1], groups.codes[:-1], groups.levels[:-1])


def _of_raters(problem: Reml, logs: Array, fit: RemlFit, names: Sequence[str], counts: Codes) -> pd.DataFrame:
    """Return the predicted trend of every rater; its error is that of the prediction, not of the mode alone."""
    start, size = int(problem.groups.starts[-1]), len(names)
    sd = np.exp(logs[-1]) if logs[-1] > SMALLEST + 1e-6 else 0.0
    units = np.zeros((problem.groups.total, size))
    units[start + np.arange(size), np.arange(size)] = 1.0
    own = np.diag(fit.system.solve(units)[start:])
    # What the common trend and the other fixed effects leave uncertain in the sum of a rater's part and theirs.
    left = -sd * fit.shared[start:]
    left[:, -1] += 1.0
    errors = np.sqrt(fit.variance * (((left @ fit.unscaled) * left).sum(axis=1) + sd**2 * own))
    trend = fit.coefficients[-1] + sd * fit.modes[start:]
    family = scipy_stats.norm.isf(0.025 / size) * errors
    reach = scipy_stats.norm.isf(0.025) * errors
    return pd.DataFrame(
        {"rater": names, "n": counts, "trend": trend, "low": trend - reach, "high": trend + reach,
         "drifts": excludes_zero(trend - family, trend + family)}
    )  # fmt: skip

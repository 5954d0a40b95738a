"""ITU-T P.910's maximum-likelihood model of raters: a score is quality plus a rater's bias plus noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from srbench.errors import StatisticsError
from srbench.stats.tables import Array

TOLERANCE = 1e-8
COLLAPSED = 1e-3
MOST_ROUNDS = 1000


@dataclass(frozen=True, slots=True)
class Subjective:
    """What the model estimates.

    Attributes:
        quality: Recovered score of every stimulus, shape (J,).
        quality_error: Its standard error, shape (J,).
        bias: How much higher than the others each rater scores, shape (I,), mean 0.
        inconsistency: Standard deviation of each rater's noise, shape (I,).
        rounds: Number of iterations.
        converged: False when the last iteration still moved by more than the tolerance.
        collapsed: The likelihood has no maximum here: all weight went to one rater, whose noise went to 0. The
            estimates then are that rater's scores and mean nothing for the others.
    """

    quality: Array
    quality_error: Array
    bias: Array
    inconsistency: Array
    rounds: int
    converged: bool
    collapsed: bool


def maximum_likelihood(scores: Array) -> Subjective:
    """Fit u_ji = quality_j + bias_i + inconsistency_i x noise by alternating projection.

    Each round weights raters by the inverse of their residual variance, then averages again (Li, Bampis,
    Krasula, Janowski and Katsavounidis, "A simple model for subject behavior in subjective experiments",
    Electronic Imaging 2020; ITU-T P.910 (2021), annex E).

    Args:
        scores: Shape (J stimuli, I raters), NaN where a rater did not see a stimulus.

    Raises:
        StatisticsError: There are fewer than two raters or two stimuli, or one of them has no score.
    """
    present = ~np.isnan(scores)
    if min(scores.shape) < 2:
        raise StatisticsError(
            f"The model of raters needs two raters and two stimuli; found {scores.shape[1]} and {scores.shape[0]}."
        )
    if not (present.any(axis=0).all() and present.any(axis=1).all()):
        raise StatisticsError("The model of raters needs a score for every rater and every stimulus.")
    quality = np.nanmean(scores, axis=1)
    bias = np.nanmean(scores - quality[:, None], axis=0)
    noise = np.zeros_like(bias)
    rounds, change = 0, np.inf
    while change >= TOLERANCE and rounds < MOST_ROUNDS:
        before = quality
        noise = np.nanstd(scores - quality[:, None] - bias, axis=0)
        weights = 1.0 / (noise**2 + TOLERANCE)
        quality = (np.where(present, scores - bias, 0.0) @ weights) / (present @ weights)
        bias = np.nanmean(scores - quality[:, None], axis=0)
        rounds += 1
        change = float(np.linalg.norm(before - quality))
    precision = np.where(present, 1.0 / np.maximum(noise, np.sqrt(TOLERANCE)) ** 2, 0.0).sum(axis=1)
    shift = bias.mean()
    return Subjective(
        quality=quality + shift,
        quality_error=1.0 / np.sqrt(precision),
        bias=bias - shift,
        inconsistency=noise,
        rounds=rounds,
        converged=change < TOLERANCE,
        collapsed=bool(noise.min() < COLLAPSED),
    )

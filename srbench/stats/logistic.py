"""Maps a metric's values monotonically onto opinion scores, as ITU-T P.1401 asks before PLCC and RMSE."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special
from scipy import stats as scipy_stats

from srbench.errors import StatisticsError
from srbench.stats.tables import Array

Form = Literal["logistic4", "logistic5", "linear"]
FORMS = ("logistic4", "logistic5", "linear")
SLOPES = (0.5, 1.5, 4.0)


@dataclass(frozen=True, slots=True)
class Mapping:
    """A fitted monotone curve.

    Attributes:
        form: `logistic4`: start + (end - start) / (1 + exp(-(x - centre) / width)); `logistic5` adds
            a linear term of the same direction; `linear` where a logistic curve did not converge or fitted no better.
        parameters: In the order start, end, centre, width, slope; for `linear` intercept and slope.
        note: Why the form is not the one that was asked for; empty otherwise.
    """

    form: Form
    parameters: tuple[float, ...]
    note: str

    def __call__(self, x: Array) -> Array:
        """Return the predicted opinion scores."""
        if self.form == "linear":
            intercept, slope = self.parameters
            return intercept + slope * x
        return _curve(np.array(self.parameters), x)


def fit(x: Array, y: Array, form: Form = "logistic4") -> Mapping:
    """Fit opinion scores `y` as a monotone function of metric values `x`, both shape (n,) and finite.

    Least squares from three starting slopes, in standardised units and inside bounds, so that nothing
    diverges; the direction is that of the rank correlation. Where no start converges or the line is as good,
    the line is returned.

    Raises:
        StatisticsError: The form is unknown, there are fewer points than parameters, or one variable is
            constant.
    """
    if form not in FORMS:
        raise StatisticsError(f"Unknown mapping '{form}'; expected {', '.join(FORMS)}.")
    if x.size < 6 or np.ptp(x) == 0 or np.ptp(y) == 0:
        why = "the metric is constant" if np.ptp(x) == 0 else "the opinion scores are constant"
        raise StatisticsError(f"A mapping needs six points; found {x.size}." if x.size < 6 else f"No mapping: {why}.")
    centre, scale = float(x.mean()), float(x.std())
    z = (x - centre) / scale
    slope, intercept = np.polyfit(z, y, 1)
    line = Mapping("linear", (float(intercept - slope * centre / scale), float(slope / scale)), "")
    if form == "linear":
        return line
    best = _logistic(z, y, 5 if form == "logistic5" else 4)
    line_error = float(((intercept + slope * z - y) ** 2).sum())
    if best is None or ((_curve(best, z) - y) ** 2).sum() > line_error:
        return Mapping("linear", line.parameters, f"The {form} curve did not fit better than a line; the line is used.")
    start, end, middle, width, *rest = best
    start, end = (value - (rest[0] * centre / scale if rest else 0.0) for value in (start, end))
    parameters = (start, end, centre + scale * middle, scale * width, *(part / scale for part in rest))
    return Mapping(form, tuple(map(float, parameters)), "")


def band(mapping: Mapping, x: Array, y: Array, cluster: NDArray[np.intp], at: Array, level: float = 0.95) -> Array:
    """Return how far the fitted curve itself is known: half the width of its interval at `at`, each place alone.

    By the delta method, from the sandwich covariance of least squares with one cluster per image: versions of one image
    err together. Parameters that the fit has pushed against a bound make it narrower than it is.

    Args:
        mapping: Fitted to `x` and `y`.
        x: Metric values, shape (n,).
        y: Opinion scores, shape (n,).
        cluster: Number of each stimulus's image, shape (n,).
        at: Metric values to return the band for, shape (k,).
        level: Probability that the interval covers at one place.

    Returns:
        Shape (k,); NaN for no more images than the curve has parameters.
    """
    images, count = int(cluster.max()) + 1, len(mapping.parameters)
    if images <= count:
        return np.full(at.size, np.nan)
    slopes, there = _slopes(mapping, x), _slopes(mapping, at)
    inverse = np.linalg.pinv(slopes.T @ slopes, rcond=1e-10)
    errors = slopes * (y - mapping(x))[:, None]
    sums = np.stack([np.bincount(cluster, column, images) for column in errors.T], axis=1)
    covariance = images / (images - 1) * inverse @ (sums.T @ sums) @ inverse
    spread = np.maximum(((there @ covariance) * there).sum(axis=1), 0.0)
    half: Array = float(scipy_stats.t.isf((1 - level) / 2, images - count)) * np.sqrt(spread)
    return half


def _slopes(mapping: Mapping, x: Array) -> Array:
    """Return the derivatives of the curve in its parameters, shape (n, parameters)."""
    columns = []
    for place, value in enumerate(mapping.parameters):
        step = 1e-5 * max(abs(value), 1e-3)
        ends = []
        for sign in (1.0, -1.0):
            moved = list(mapping.parameters)
            moved[place] = value + sign * step
            ends.append(Mapping(mapping.form, tuple(moved), "")(x))
        columns.append((ends[0] - ends[1]) / (2.0 * step))
    return np.stack(columns, axis=1)


def _logistic(z: Array, y: Array, count: int) -> Array | None:
    rising = bool(scipy_stats.spearmanr(z, y).statistic >= 0)
    span = float(np.ptp(y))
    sign = 1.0 if rising else -1.0
    # One span of room beyond the data for the curve's two ends, so that no asymptote runs away.
    bottom, top = float(y.min()), float(y.max())
    under, over = [bottom - span, bottom + span / 2], [top - span / 2, top + span]
    ends = [under, over] if rising else [over, under]
    bounds = np.array([*ends, [z.min() - 1.0, z.max() + 1.0], [0.02, 20.0]])
    if count == 5:
        bounds = np.vstack([bounds, sorted((0.0, sign * 2 * span))])
    starts = [[bottom if rising else top, top if rising else bottom, 0.0, 1.0 / s] for s in SLOPES]
    found: list[tuple[float, Array]] = []

    def residuals(parameters: Array) -> Array:
        return _curve(parameters, z) - y

    for start in starts:
        first = np.clip([*start, sign * 1e-3][:count], *bounds.T)
        result = optimize.least_squares(residuals, first, bounds=tuple(bounds.T), max_nfev=400)
        if result.success and np.isfinite(result.x).all():
            found.append((float(result.cost), result.x))
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _curve(parameters: Array, x: Array) -> Array:
    start, end, centre, width, *rest = parameters
    curve: Array = start + (end - start) * special.expit((x - centre) / width)
    return curve + rest[0] * x if rest else curve

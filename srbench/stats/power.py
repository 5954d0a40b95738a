"""What a study could find, from its own variance components: power at given differences, and the smallest found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import optimize
from scipy import stats as scipy_stats

from srbench.stats.intervals import combined_errors, shared_critical, wishart_factor
from srbench.stats.linear_mixed import LinearMixed
from srbench.stats.tables import Array, RatingTable
from srbench.stats.taste import Models, mixed_models

DIFFERENCES = (0.1, 0.2, 0.3, 0.5)
_STUDIES = 500


@dataclass(frozen=True)
class StudySize:
    """A study as far as its power goes.

    Attributes:
        methods: Number of methods that are compared with each other.
        raters: Number of raters.
        images: Number of images.
        ratings: Ratings of each method.
        method_rater: Standard deviation of method x rater, in points.
        method_image: The same of method x image.
        rest: The same of what is left of a single rating, rater x image not counted: it cancels in differences.
        alpha: Level of the rule.
    """

    methods: int
    raters: int
    images: int
    ratings: float
    method_rater: float
    method_image: float
    rest: float
    alpha: float = 0.05

    @property
    def error(self) -> float:
        """The standard error that the difference of two methods has."""
        variance = self.method_image**2 / self.images + self.method_rater**2 / self.raters + self.rest**2 / self.ratings
        return float(np.sqrt(2.0 * variance))

    @cached_property
    def limits(self) -> Array:
        """How large a difference has to be for the rule, for every pair of simulated studies, shape (_STUDIES, pairs).

        Sums of squares of whole families are drawn with these components, and the rule of `compare` is applied to them.
        """
        source, own = np.random.default_rng(0), np.array([self.raters, self.images]) - 1
        single = self.rest**2 * self.raters * self.images / self.ratings
        freedom, count = np.array(own.prod()), np.array((own + 1).prod())
        rest = single * self._drawn(source, int(freedom))
        parts = []
        for sd, degrees in zip((self.method_rater, self.method_image), own, strict=True):
            levels = degrees + 1
            variance = sd**2 + single * levels / count
            parts.append((variance * self._drawn(source, int(degrees)) / levels, 1.0 / count, np.asarray(degrees)))
        error, found = combined_errors(parts, rest, freedom, count)
        critical = [shared_critical(self.methods, each, 1.0 - self.alpha) for each in found]
        return np.array(critical)[:, None] * error

    def _drawn(self, source: np.random.Generator, degrees: int) -> Array:
        """Draw estimates of the variance of every pair's difference, where a single method has 1: (_STUDIES, pairs)."""
        factor = wishart_factor(source, _STUDIES, self.methods, degrees)
        first, second = np.triu_indices(self.methods, 1)
        drawn: Array = ((factor[:, first] - factor[:, second]) ** 2).sum(axis=2) / degrees
        return drawn

    def power(self, difference: float) -> float:
        """Return the probability that the rule calls two methods different that differ so much."""
        if self.error == 0:
            return 1.0 if difference else 0.0
        # The mean difference is independent of its own error, so that only the latter needs to be drawn.
        above, below = ((sign * difference - self.limits) / self.error for sign in (1.0, -1.0))
        return float((scipy_stats.norm.cdf(above) + scipy_stats.norm.cdf(below)).mean())

    def detectable(self, power: float = 0.8) -> float:
        """Return the difference that is found with probability `power`."""
        if self.error == 0:
            return 0.0

        def missing(difference: float) -> float:
            return self.power(difference) - power

        high = 0.1
        while missing(high) < 0:
            high *= 2.0
        return float(optimize.brentq(missing, 0.0, high, xtol=1e-6))


def achieved_power(
    models: RatingTable | list[Models],
    *,
    differences: Sequence[float] = DIFFERENCES,
    power: float = 0.8,
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Return what the study as it is could find on each data set, by the rule of `compare`.

    Power is given at differences that somebody may care for. Power at the difference that was found is another way to
    write its p, and is not given.

    Args:
        models: From `mixed_models`, or ratings.
        differences: Differences of two mean opinion scores.
        power: What `detectable` asks for.
        alpha: Level of the rule.

    Returns:
        One row per data set that has a linear mixed model: dataset, methods, raters, images, one column `power_D` for
        each difference D, detectable, detectable_raters and detectable_images (the same with twice as many raters, or
        images).
    """
    rows = []
    for each in models if isinstance(models, list) else mixed_models(models):
        if each.linear is None:
            continue
        size = _size(each, each.linear, alpha)
        rows.append(
            {"dataset": each.dataset, "methods": size.methods, "raters": size.raters, "images": size.images}
            | {f"power_{difference:g}": size.power(difference) for difference in differences}
            | {
                "detectable": size.detectable(power),
                "detectable_raters": _twice(size, 2, 1).detectable(power),
                "detectable_images": _twice(size, 1, 2).detectable(power),
            }
        )
    return pd.DataFrame(rows)


def _size(models: Models, linear: LinearMixed, alpha: float) -> StudySize:
    return StudySize(
        len(linear.methods), models.raters, models.images, linear.observations / len(linear.methods),
        linear.sds.get("method:rater", 0.0), linear.sds.get("method:image", 0.0), linear.sds["rest"], alpha,
    )  # fmt: skip


def _twice(size: StudySize, raters: int, images: int) -> StudySize:
    return replace(
        size, raters=raters * size.raters, images=images * size.images, ratings=raters * images * size.ratings
    )

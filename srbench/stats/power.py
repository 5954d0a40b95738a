"""What a study could find, from its own variance components: power at given differences, and the smallest found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize
from scipy import stats as scipy_stats

from srbench.stats.intervals import family_critical
from srbench.stats.linear_mixed import LinearMixed
from srbench.stats.tables import RatingTable
from srbench.stats.taste import Models, mixed_models

DIFFERENCES = (0.1, 0.2, 0.3, 0.5)
_NODES = 2_000


@dataclass(frozen=True, slots=True)
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
    """

    methods: int
    raters: int
    images: int
    ratings: float
    method_rater: float
    method_image: float
    rest: float

    def power(self, difference: float, alpha: float = 0.05) -> float:
        """Return the probability that the rule of the report calls two methods different that differ so much.

        The rule's error adds the variance of image means to that of rater means, and counts that of single ratings
        twice; the difference itself has it once. So its t ratio is noncentral t, but for a factor (below 1 where single
        ratings scatter much), with Satterthwaite's degrees of freedom.
        """
        images = 2.0 * (self.method_image**2 / self.images + self.rest**2 / self.ratings)
        raters = 2.0 * (self.method_rater**2 / self.raters + self.rest**2 / self.ratings)
        ruled = images + raters
        true = ruled - 2.0 * self.rest**2 / self.ratings
        if true <= 0:
            return 1.0 if difference else 0.0
        degrees = ruled**2 / (images**2 / (self.images - 1) + raters**2 / (self.raters - 1))
        limit = family_critical(self.methods, max(1, int(degrees)), 1.0 - alpha) * np.sqrt(ruled / true)
        shift = abs(difference) / np.sqrt(true)
        # Averaged over the error, because scipy's noncentral t fails for large arguments.
        scale = np.sqrt(scipy_stats.chi2.ppf((np.arange(_NODES) + 0.5) / _NODES, degrees) / degrees)
        beyond = scipy_stats.norm.sf(limit * scale - shift) + scipy_stats.norm.cdf(-limit * scale - shift)
        return float(beyond.mean())

    def detectable(self, power: float = 0.8, alpha: float = 0.05) -> float:
        """Return the difference that is found with probability `power`."""

        def missing(difference: float) -> float:
            return self.power(difference, alpha) - power

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
        size = _size(each, each.linear)
        rows.append(
            {"dataset": each.dataset, "methods": size.methods, "raters": size.raters, "images": size.images}
            | {f"power_{difference:g}": size.power(difference, alpha) for difference in differences}
            | {
                "detectable": size.detectable(power, alpha),
                "detectable_raters": _twice(size, 2, 1).detectable(power, alpha),
                "detectable_images": _twice(size, 1, 2).detectable(power, alpha),
            }
        )
    return pd.DataFrame(rows)


def _size(models: Models, linear: LinearMixed) -> StudySize:
    return StudySize(
        len(linear.methods), models.raters, models.images, linear.observations / len(linear.methods),
        linear.sds.get("method:rater", 0.0), linear.sds.get("method:image", 0.0), linear.sds["rest"],
    )  # fmt: skip


def _twice(size: StudySize, raters: int, images: int) -> StudySize:
    return StudySize(
        size.methods, raters * size.raters, images * size.images, raters * images * size.ratings, size.method_rater,
        size.method_image, size.rest,
    )  # fmt: skip

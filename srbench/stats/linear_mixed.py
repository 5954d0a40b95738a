"""Linear mixed model of opinion scores with crossed random effects, by restricted maximum likelihood.

    score = method + sum of random effects + rest

Estimates are those of R's `lme4::lmer` (Bates, Maechler, Bolker and Walker, Journal of Statistical Software 67,
2015), degrees of freedom those of `lmerTest` (Satterthwaite's). It treats the categories as numbers; the ordinal model
does not, and is to be preferred where many scores lie at an end of the scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats as scipy_stats

from srbench.errors import StatisticsError
from srbench.stats import contrasts
from srbench.stats.crossed import Crossed, compared, crossed
from srbench.stats.intervals import excludes_zero
from srbench.stats.reml import Reml
from srbench.stats.tables import Array, RatingTable

EFFECTS = ("rater", "image", "method:rater", "method:image", "rater:image")
"""All random effects that a study with one answer per rater, image and method can tell apart."""


@dataclass(frozen=True, slots=True)
class LinearMixed:
    """A fitted linear mixed model.

    Attributes:
        methods: The methods.
        means: Mean score of each method over all raters and images, shape (M,).
        covariance: Covariance of `means`, shape (M, M).
        sds: Standard deviation of each random effect, and of `rest`.
        degrees: Satterthwaite's degrees of freedom of every difference between two methods, shape (M, M); NaN on the
            diagonal.
        criterion: The REML criterion, -2 log-likelihood of the residuals.
        observations: Number of ratings.
        notes: What was left out of the ratings, one sentence each.
    """

    methods: tuple[str, ...]
    means: Array
    covariance: Array
    sds: dict[str, float]
    degrees: Array
    criterion: float
    observations: int
    notes: tuple[str, ...] = ()

    def variances(self) -> pd.DataFrame:
        """Return the table of variances: columns effect, sd, variance, share (of the variance of a single rating)."""
        names, sds = list(self.sds), np.array(list(self.sds.values()))
        return pd.DataFrame({"effect": names, "sd": sds, "variance": sds**2, "share": sds**2 / (sds**2).sum()})

    def contrasts(self, level: float = 0.95) -> pd.DataFrame:
        """Return the difference of every pair of methods, with t-based intervals that hold for all pairs at once.

        Returns:
            Columns a, b, estimate (a minus b), error, low, high, p (two-sided t test of the pair alone), differs,
            degrees.
        """
        table = contrasts.pairwise(self.methods, self.means, self.covariance, level)
        first, second = np.triu_indices(len(self.methods), 1)
        degrees = self.degrees[first, second]
        # Normal quantiles become those of t at the same tail probability, each with its own degrees of freedom.
        reach = (table["high"] - table["estimate"]) / table["error"].where(table["error"] > 0)
        wider = scipy_stats.t.isf(scipy_stats.norm.sf(reach), degrees) * table["error"]
        table["low"], table["high"] = table["estimate"] - wider, table["estimate"] + wider
        table["p"] = 2.0 * scipy_stats.t.sf(np.abs(table["estimate"] / table["error"]), degrees)
        table["differs"] = excludes_zero(table["low"], table["high"])
        return table.assign(degrees=degrees)


def linear_mixed_model(
    ratings: RatingTable, *, effects: Sequence[str] = EFFECTS, methods: Sequence[str] | None = None
) -> LinearMixed:
    """Fit the linear mixed model to the ratings of a study.

    Args:
        ratings: See `check_ratings`. All data sets together: filter for one of them.
        effects: Random effects, names in `srbench.stats.crossed.FACTORS`.
        methods: Methods to compare, in this order; None means all.

    Raises:
        StatisticsError: The ratings are unusable, hold fewer than two methods, or do not vary.
    """
    frame, chosen, notes = compared(ratings, methods, "linear mixed model")
    score = frame["score"].to_numpy(dtype=np.float64)
    if np.ptp(score) == 0:
        raise StatisticsError(f"All ratings are {score[0]:g}: there is nothing to fit.")
    size, centre = len(chosen), float(score.mean())  # the scores are centred, which keeps digits
    design = np.eye(size)[frame["method"].cat.codes.to_numpy()]
    problem = Reml(design, score - centre, crossed(frame, effects))
    logs = problem.minimise()
    fit = problem.at(logs)
    first, second = np.triu_indices(size, 1)
    degrees = np.full((size, size), np.nan)
    degrees[first, second] = degrees[second, first] = problem.degrees(logs, np.eye(size)[first] - np.eye(size)[second])
    return LinearMixed(
        chosen, fit.coefficients + centre, fit.variance * fit.unscaled,
        dict(zip([*effects, "rest"], map(float, problem.sds(logs)), strict=True)), degrees, fit.criterion, len(frame),
        tuple(notes),
    )  # fmt: skip


def variance_components(score: Array, groups: Crossed) -> Array:
    """Return the standard deviations of crossed effects around one mean, by REML, and of the rest last.

    Args:
        score: Shape (N,), not all equal.
        groups: The effects.
    """
    problem = Reml(np.ones((score.size, 1)), score - score.mean(), groups)
    return problem.sds(problem.minimise())

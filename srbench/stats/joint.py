"""Ratings and comparisons of the same versions on one scale.

    rating:      P(score <= k) = F(theta_k - quality - severity - ...)
    comparison:  P(left one preferred) = F(scale x (difference of qualities + ...) + lean - tie)

Both look at one latent quality, and share the taste of raters and what suits an image where raters or images are the
same; `scale` says how much more clearly people decide side by side. What is known from both is known better than from
either, and a test says whether they agree. Estimates maximise Laplace's approximation
(`srbench.stats.joint_likelihood`). One likelihood for ratings and comparisons is the idea of Perez-Ortiz, Mikhailiuk,
Zerman, Hulusic, Valenzise and Mantiuk, "From pairwise comparisons and rating to a unified quality scale", IEEE
Transactions on Image Processing 29, 2020.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats as scipy_stats

from srbench.errors import StatisticsError
from srbench.stats import contrasts, links
from srbench.stats.joint_design import EFFECTS, JointDesign, joint_design
from srbench.stats.joint_likelihood import SMALLEST, JointLikelihood
from srbench.stats.pair_design import check_comparisons
from srbench.stats.pairs import just_noticed
from srbench.stats.tables import Array, RatingTable, check_ratings


@dataclass(frozen=True, slots=True)
class Joint:
    """A fitted joint model. Figures are in JOD but for `latent`, `latent_covariance` and `scale`.

    Attributes:
        link: `logit` or `probit`.
        methods: The K methods.
        estimates: Quality of each, their mean 0; shape (K,).
        covariance: Covariance of `estimates`, shape (K, K); the unit is taken as known.
        latent: Quality of each against the first on the scale of `ordinal_model`, shape (K,).
        latent_covariance: Its covariance.
        scale: How many times more clearly comparisons are decided than ratings.
        tie: Half the width of the differences at which people have no preference.
        order: The lean to the left in comparisons; 0 where it is not in the model.
        sds: Standard deviation of each random effect.
        p_scale: Likelihood-ratio test that ratings and comparisons order the methods on one scale; NaN for two methods.
        log_likelihood: Laplace's approximation at the maximum.
        ratings: Number of ratings.
        comparisons: Number of comparisons.
        notes: What was left out.
    """

    link: str
    methods: tuple[str, ...]
    estimates: Array
    covariance: Array
    latent: Array
    latent_covariance: Array
    scale: float
    tie: float
    order: float
    sds: dict[str, float]
    p_scale: float
    log_likelihood: float
    ratings: int
    comparisons: int
    notes: tuple[str, ...] = ()

    def quality(self, zero: str | None = None, level: float = 0.95) -> pd.DataFrame:
        """Return the quality of each method in JOD, with intervals that hold for all of them at once.

        Args:
            zero: The method whose quality is called 0; None takes the mean of all.
            level: Probability that all intervals cover.

        Returns:
            Columns method, quality, error, low, high.

        Raises:
            StatisticsError: No method is called `zero`.
        """
        return contrasts.qualities(self.methods, self.estimates, self.covariance, zero, level)

    def contrasts(self, level: float = 0.95) -> pd.DataFrame:
        """Return the difference in quality of every pair of methods, with simultaneous intervals.

        Returns:
            Columns a, b, estimate (a minus b), error, low, high, p (two-sided, of the pair alone), differs.
        """
        return contrasts.pairwise(self.methods, self.estimates, self.covariance, level)


def joint_model(
    ratings: RatingTable,
    comparisons: pd.DataFrame,
    *,
    link: links.LinkName = "logit",
    effects: Sequence[str] | None = None,
    methods: Sequence[str] | None = None,
) -> Joint:
    """Fit one scale to the ratings and the comparisons of the same versions.

    Args:
        ratings: See `check_ratings`. Filter for one data set.
        comparisons: See `check_comparisons`, of the same data set. A rater of the same name is the same person.
        link: `logit` or `probit`.
        effects: Random effects, some of `rater`, `image`, `method:rater` and `method:image`; None takes all that have
            two raters, or images.
        methods: The methods, in this order; None means all that were rated or compared.

    Raises:
        StatisticsError: Ratings or comparisons are unusable, have fewer than two methods in common, or no common scale.
    """
    rated, notes = check_ratings(ratings)
    compared, said = check_comparisons(comparisons)
    rated, compared, chosen = _chosen(rated, compared, methods)
    usable = [name for name in EFFECTS if _levels(rated, compared, name) > 1] if effects is None else list(effects)
    made, found = joint_design(rated, compared, chosen, usable), links.find(link)
    problem = JointLikelihood(found, made)
    vector = problem.maximise()
    value = -problem(vector)[0]
    parts = problem.split(vector)
    sds = dict(zip(usable, map(float, parts.sds), strict=True))
    spread = parts.scale * float(np.sqrt(2.0 * sum(sd**2 for name, sd in sds.items() if name.startswith("method:"))))
    jod = just_noticed(found, spread) / parts.scale
    whole = problem.covariance(vector)
    # In JOD the uncertain scale counts too: a relative change of it moves all qualities by as much.
    slopes = np.column_stack([parts.slopes, np.eye(len(chosen) - 1)]) / jod
    centre = (np.eye(len(chosen)) - 1.0 / len(chosen))[:, 1:]
    return Joint(
        link=link,
        methods=tuple(chosen),
        estimates=centre @ parts.slopes / jod,
        covariance=centre @ slopes @ whole @ slopes.T @ centre.T,
        latent=np.concatenate([[0.0], parts.slopes]),
        latent_covariance=np.pad(whole[1:, 1:], (1, 0)),
        scale=parts.scale,
        tie=parts.tie / parts.scale / jod,
        order=parts.lean / parts.scale / jod,
        sds={name: sd / jod if np.log(sd) > SMALLEST + 1e-6 else 0.0 for name, sd in sds.items()},
        p_scale=_common(found, made, vector, value),
        log_likelihood=value,
        ratings=len(rated),
        comparisons=len(compared),
        notes=(*notes, *said),
    )


def _chosen(
    rated: pd.DataFrame, compared: pd.DataFrame, methods: Sequence[str] | None
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    of_ratings, of_choices = set(rated["method"].astype(str)), set(compared["left"].astype(str))
    of_choices |= set(compared["right"].astype(str))
    chosen = list(methods) if methods is not None else sorted(of_ratings | of_choices)
    common = [name for name in chosen if name in of_ratings & of_choices]
    if len(common) < 2:
        raise StatisticsError(
            "Ratings and comparisons need two methods in common to have one scale; they have "
            f"{', '.join(common) or 'none'}."
        )
    if lost := [name for name in chosen if name not in of_ratings | of_choices]:
        raise StatisticsError(f"Nobody rated or compared {', '.join(lost)}.")
    sides = compared["left"].astype(str).isin(chosen) & compared["right"].astype(str).isin(chosen)
    rated = rated[rated["method"].astype(str).isin(chosen)].reset_index(drop=True)
    return rated, compared[sides].reset_index(drop=True), chosen


def _levels(rated: pd.DataFrame, compared: pd.DataFrame, effect: str) -> int:
    """Return how many raters or images an effect is of: those of ratings alone where it cancels in comparisons."""
    column = effect.removeprefix("method:")
    names = set(rated[column].astype(str))
    return len(names | set(compared[column].astype(str)) if effect.startswith("method:") else names)


def _common(link: links.Link, made: JointDesign, vector: Array, value: float) -> float:
    """Return p of the likelihood-ratio test against comparisons with qualities of their own.

    The factor of comparisons, one parameter, is then of use to random effects only, and held fixed.
    """
    if len(made.methods) < 3:
        return float("nan")
    problem = JointLikelihood(link, made.freed())
    place = problem.ends[4]  # where the further coefficients stand
    start = np.concatenate([vector[:place], np.zeros(len(made.methods) - 1), vector[place:]])
    freed = -problem(problem.maximise(start))[0]
    return float(scipy_stats.chi2.sf(max(0.0, 2.0 * (freed - value)), len(made.methods) - 2))

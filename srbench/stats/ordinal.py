"""Ordinal mixed model of opinion scores: a cumulative link with crossed random effects, by Laplace's approximation.

A rater sees a latent quality and says the category between whose thresholds it falls:

    P(score <= k) = F((theta_k - method - sum of random effects) / spread of the rater)

(where asked for, with thresholds of the rater's own, further apart or closer together than others'),

so that "the ends of the scale are compressed" is a property of the scale and not a difference in taste. Estimates are
those of R's `ordinal::clmm` (Christensen, "Cumulative link models for ordinal regression with the R package ordinal",
2019), which also maximises Laplace's approximation; gradients here are exact and linear algebra is sparse, which makes
studies of tens of thousands of ratings a matter of seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats as scipy_stats

from srbench.errors import StatisticsError
from srbench.stats import contrasts, links
from srbench.stats.crossed import compared, crossed
from srbench.stats.laplace import SMALLEST, Laplace, ScaleUse
from srbench.stats.rating_scale import MOST_LEVELS
from srbench.stats.tables import Array, RatingTable

EFFECTS = ("rater", "image", "method:rater", "method:image")
"""The random effects of a study that wants to speak of other raters and other images."""
_TOLERANCE = 1e-10
"""For likelihood ratios, of which four digits are enough."""
_ROUGH = 1e-5
"""For a place that another search begins at."""


@dataclass(frozen=True, slots=True)
class Ordinal:
    """A fitted ordinal mixed model.

    Attributes:
        link: `logit` or `probit`.
        methods: The methods; the first one is the reference, with estimate 0.
        scores: The K scores that were given, in order.
        thresholds: The K - 1 thresholds between them, on the latent scale.
        estimates: Latent quality of each method against the first, shape (M,).
        covariance: Covariance of `estimates`, shape (M, M); its first row and column are 0.
        sds: Standard deviation of each random effect.
        modes: Conditional mode of every level of each random effect.
        spreads: How widely each rater's answers scatter, geometric mean 1; empty unless asked for.
        widths: How far apart each rater's thresholds lie, geometric mean 1; empty unless asked for.
        log_likelihood: Laplace's approximation of the log-likelihood at the maximum.
        parameters: Number of estimated parameters.
        observations: Number of ratings.
        notes: What was left out of the ratings, one sentence each.
    """

    link: str
    methods: tuple[str, ...]
    scores: tuple[float, ...]
    thresholds: Array
    estimates: Array
    covariance: Array
    sds: dict[str, float]
    modes: dict[str, pd.Series[float]]
    spreads: pd.Series[float]
    widths: pd.Series[float]
    log_likelihood: float
    parameters: int
    observations: int
    notes: tuple[str, ...] = ()

    @property
    def aic(self) -> float:
        """Akaike's criterion, to compare models of the same ratings."""
        return 2.0 * (self.parameters - self.log_likelihood)

    def quality(self, level: float = 0.95) -> pd.DataFrame:
        """Return the latent quality of each method against the mean of all, with simultaneous intervals.

        Returns:
            Columns method, quality, error, low, high.
        """
        centre = np.eye(len(self.methods)) - 1.0 / len(self.methods)
        table = contrasts.simultaneous(centre, self.estimates, self.covariance, level)
        return pd.DataFrame({"method": self.methods} | table.rename(columns={"estimate": "quality"}).to_dict("list"))

    def contrasts(self, level: float = 0.95) -> pd.DataFrame:
        """Return the difference in latent quality of every pair of methods, with simultaneous intervals.

        Returns:
            Columns a, b, estimate (a minus b), error, low, high, p (two-sided, of the pair alone), differs.
        """
        return contrasts.pairwise(self.methods, self.estimates, self.covariance, level)

    def distributions(self) -> pd.DataFrame:
        """Return the distribution of scores that each method gets from all raters on all images.

        The random effects are integrated over, by Gauss-Hermite quadrature.

        Returns:
            One row per method: method, one column per score with its probability, and mean.
        """
        sd = np.sqrt(sum(sd**2 for sd in self.sds.values()))
        nodes, weights = np.polynomial.hermite_e.hermegauss(40)
        edges = self.thresholds[None, :, None] - self.estimates[:, None, None] - sd * nodes
        below = links.find(self.link).cdf(edges) @ weights / weights.sum()
        ends = np.zeros((len(self.methods), 1)), np.ones((len(self.methods), 1))
        shares = np.diff(np.hstack([ends[0], below, ends[1]]), axis=1)
        table = pd.DataFrame(shares, columns=[f"{score:g}" for score in self.scores])
        table.insert(0, "method", self.methods)
        return table.assign(mean=shares @ np.array(self.scores))


def ordinal_model(
    ratings: RatingTable,
    *,
    link: links.LinkName = "logit",
    effects: Sequence[str] = EFFECTS,
    methods: Sequence[str] | None = None,
    rater_spread: bool = False,
    rater_width: bool = False,
) -> Ordinal:
    """Fit the ordinal mixed model to the ratings of a study.

    Args:
        ratings: See `check_ratings`; whole or half scores. All data sets together: filter for one of them.
        link: `logit` (proportional odds) or `probit` (latent normal).
        effects: Random effects, names in `srbench.stats.crossed.FACTORS`.
        methods: Methods to compare, in this order, the first one the reference; None means all.
        rater_spread: Let every rater have a spread of answers of their own.
        rater_width: Let every rater have thresholds of their own, further apart or closer together than others': who
            has them far apart uses a narrow part of the scale.

    Raises:
        StatisticsError: The ratings are unusable, or hold fewer than two methods or two different scores.
    """
    data = _arranged(ratings, link, effects, methods, rater_spread, rater_width)
    problem, groups = data.problem, data.problem.groups
    solution = problem.maximise()
    covariance = problem.covariance(solution)
    parts = problem.split(solution)
    size = len(data.methods)
    modes = problem.effects(solution)
    return Ordinal(
        link=link,
        methods=data.methods,
        scores=data.scores,
        thresholds=parts.thresholds,
        estimates=np.concatenate([[0.0], parts.slopes]),
        covariance=np.pad(covariance, (size - len(covariance), 0)),
        sds={name: _present(sd) for name, sd in zip(groups.names, parts.sds, strict=True)},
        modes={
            name: pd.Series(part, index=list(levels), name=name)
            for name, levels, part in zip(groups.names, groups.levels, modes, strict=True)
        },
        spreads=pd.Series(parts.spreads, index=data.raters, name="spread") if rater_spread else pd.Series(dtype=float),
        widths=pd.Series(parts.widths, index=data.raters, name="width") if rater_width else pd.Series(dtype=float),
        log_likelihood=-problem(solution)[0],
        parameters=solution.size,
        observations=data.observations,
        notes=data.notes,
    )


def effect_p(
    ratings: RatingTable,
    effect: str,
    *,
    link: links.LinkName = "logit",
    effects: Sequence[str] = EFFECTS,
    start: Ordinal | None = None,
) -> float:
    """Return p of the likelihood-ratio test that a random effect is not there, beside raters' own use of the scale.

    Both models give every rater a spread and a width of thresholds, so that raters who use a narrower part of the scale
    than others, or answer less reliably, do not look as if they liked other methods. A variance cannot be negative, so
    that without the effect the ratio is 0 in half of all studies and follows chi-square with one degree of freedom in
    the others (Self and Liang, "Asymptotic properties of maximum likelihood estimators and likelihood ratio tests under
    nonstandard conditions", JASA 82, 1987). Spreads and widths take up a part of the effect by chance: the test errs
    on the safe side.

    Args:
        ratings: See `ordinal_model`.
        effect: One of `effects`, of two or more.
        link: See `ordinal_model`.
        effects: See `ordinal_model`.
        start: A model of the same ratings, link and effects, without spreads and widths, which saves time.

    Raises:
        StatisticsError: See `ordinal_model`.
    """
    names = list(effects)
    full = _arranged(ratings, link, names, None, True, True).problem
    # From the model without them, because a search that begins far off can leave where the likelihood is defined.
    plain = _arranged(ratings, link, names, None, False, False).problem
    found = plain.maximise(None, _ROUGH) if start is None else _vector(start)
    found = full.maximise(np.append(found, np.zeros(full.spreads + full.widths)), _TOLERANCE)
    place = full.cuts + full.slopes + names.index(effect)
    if _present(float(np.exp(found[place]))) == 0.0:
        return 1.0
    names.remove(effect)
    without = _arranged(ratings, link, names, None, True, True).problem
    ratio = 2.0 * (without(without.maximise(np.delete(found, place), _TOLERANCE))[0] - full(found)[0])
    return float(0.5 * scipy_stats.chi2.sf(ratio, 1)) if ratio > 0 else 1.0


def _vector(model: Ordinal) -> Array:
    """Return the parameters of a model without spreads and widths as the vector of its problem."""
    sds = np.maximum(list(model.sds.values()), 2.0 * np.exp(SMALLEST))
    cuts = model.thresholds[:1], np.log(np.diff(model.thresholds))
    return np.concatenate([*cuts, model.estimates[1:], np.log(sds)])


@dataclass(frozen=True, slots=True)
class _Arranged:
    """Ratings as the fit takes them."""

    problem: Laplace
    methods: tuple[str, ...]
    scores: tuple[float, ...]
    raters: list[str]
    observations: int
    notes: tuple[str, ...]


def _arranged(
    ratings: RatingTable, link: str, effects: Sequence[str], methods: Sequence[str] | None, spread: bool, width: bool
) -> _Arranged:
    frame, chosen, notes = compared(ratings, methods, "ordinal model")
    scores, category = np.unique(frame["score"].to_numpy(dtype=np.float64), return_inverse=True)
    if scores.size < 2:
        raise StatisticsError(f"All ratings are {scores[0]:g}: there is nothing to fit.")
    if scores.size > MOST_LEVELS:
        raise StatisticsError(
            f"The ordinal model takes scores as categories, of which there are {scores.size} here; it fits "
            f"{MOST_LEVELS} at most. The linear mixed model takes them as numbers."
        )
    method = frame["method"].cat.codes.to_numpy().astype(np.intp)
    names, rater = np.unique(frame["rater"].astype(str), return_inverse=True)
    use = ScaleUse(rater, spread, width)
    problem = Laplace(links.find(link), category, method, len(chosen), crossed(frame, effects), use)
    return _Arranged(problem, chosen, tuple(map(float, scores)), list(map(str, names)), len(frame), tuple(notes))


def _present(sd: float) -> float:
    """Return a standard deviation, as 0 where the fit has pushed it against its lower bound."""
    return float(sd) if np.log(sd) > SMALLEST + 1e-6 else 0.0

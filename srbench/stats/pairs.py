"""One scale from comparisons of pairs: the models of Bradley and Terry and of Thurstone, with ties and random effects.

Somebody who sees two versions of a picture answers by the difference of two latent qualities:

    P(right one preferred) = F(-tie - d)    P(left one preferred) = F(d - tie)    else: no preference
    d = quality(left) - quality(right) + lean to the left + the same difference of random effects

With the logistic F this is the model of Bradley and Terry (Biometrika 39, 1952), with ties as Rao and Kupper have them
(JASA 62, 1967); with the normal F it is Thurstone's case V (Psychological Review 34, 1927) with a threshold. Ties in
Davidson's sense are another model, which no threshold describes. Random effects are the taste of raters, and what suits
a picture: without them many answers about one picture would pass for as many pictures.

Qualities are given in JOD, just-objectionable differences: of two versions 1 JOD apart, 75 % of forced choices of all
raters on all pictures prefer the better one (Perez-Ortiz and Mantiuk, arXiv 1712.03686).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize
from scipy import stats as scipy_stats

from srbench.errors import StatisticsError
from srbench.stats import contrasts, links
from srbench.stats.pair_design import Design, check_comparisons, design, refuse_separation, usable_effects
from srbench.stats.pair_likelihood import SMALLEST, PairLikelihood, PairParameters
from srbench.stats.tables import Array

PRIOR = 5.0
"""Standard deviation, in JOD, of the normal prior of each quality around the mean of all.

It keeps a method that won or lost every comparison at a finite place, and the standard deviations of random effects,
which have its upper half, from growing without end; where both win some, it moves next to nothing.
"""


@dataclass(frozen=True, slots=True)
class Pairs:
    """A fitted model of paired comparisons. All figures but `unit` are in JOD.

    Attributes:
        link: `logit` (Bradley-Terry) or `probit` (Thurstone, case V).
        methods: The K methods.
        estimates: Quality of each, their mean 0; shape (K,).
        covariance: Covariance of `estimates`, shape (K, K); the unit is taken as known.
        unit: How much latent quality one JOD is.
        tie: Half the width of the differences at which people have no preference; 0 where nobody ever said so.
        order: The lean to the left, 0 where it is not in the model.
        order_error: Its standard error; NaN where it is not in the model.
        sds: Standard deviation of each random effect.
        shares: What was chosen and what the model expects, one row per pair: a, b, n, wins_a, ties, wins_b, observed
            (share of a, ties counted half), predicted.
        misfit: Rao's score statistic of one further parameter for each pair, and its degrees of freedom.
        log_likelihood: Laplace's approximation, without the prior.
        observations: Number of comparisons.
        raters: Number of raters.
        notes: What was left out, and how the model was chosen, one sentence each.
    """

    link: str
    methods: tuple[str, ...]
    estimates: Array
    covariance: Array
    unit: float
    tie: float
    order: float
    order_error: float
    sds: dict[str, float]
    shares: pd.DataFrame
    misfit: tuple[float, int]
    log_likelihood: float
    observations: int
    raters: int
    notes: tuple[str, ...] = ()

    def quality(self, zero: str | None = None, level: float = 0.95) -> pd.DataFrame:
        """Return the quality of each method, with intervals that hold for all of them at once.

        Args:
            zero: The method whose quality is called 0; None takes the mean of all.
            level: Probability that all intervals cover.

        Returns:
            Columns method, quality, error, low, high; the zero itself has no error.

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

    def tests(self) -> pd.DataFrame:
        """Return two tests of the model: `order`, whether people lean to a side; `fit`, whether one scale is enough.

        The first is Wald's. The second is Rao's score test of a free parameter for every pair that was compared:
        methods that lie on no common line (a beats b, b beats c, c beats a) make it small.

        Returns:
            Columns test, statistic, degrees, p; NaN where the test is not defined.
        """
        order = (self.order / self.order_error) ** 2
        rows = [("order", order, 1), ("fit", *self.misfit)]
        table = pd.DataFrame(rows, columns=["test", "statistic", "degrees"])
        table.loc[table["degrees"] == 0, "statistic"] = np.nan
        return table.assign(p=scipy_stats.chi2.sf(table["statistic"], table["degrees"]))


def pair_model(
    comparisons: pd.DataFrame,
    *,
    link: links.LinkName = "probit",
    effects: Sequence[str] | None = None,
    methods: Sequence[str] | None = None,
    order: bool = True,
    prior: float | None = PRIOR,
) -> Pairs:
    """Fit the model to the comparisons of a study.

    Args:
        comparisons: Columns rater, dataset, image, left, right and score: 1 the left version is better, 2 the right
            one, 1.5 no preference. All data sets together: filter for one of them.
        link: `probit` (Thurstone, case V) or `logit` (Bradley-Terry).
        effects: Random effects, some of `method:rater` (taste), `method:image` (what suits a picture) and `rater` (the
            side a rater leans to). None takes the first two, where there are two raters and two images.
        methods: Methods to compare, in this order; comparisons with others are left out. None means all.
        order: Whether all raters may share a lean to the left. They may not where a column `sides` says `unknown`.
        prior: Standard deviation, in JOD of a single rater and image, of the normal prior of each quality around the
            mean of all, of the lean around 0, and of the standard deviations of random effects above 0. None means
            no prior, and is refused where a group of methods won or lost everything.

    Raises:
        StatisticsError: The comparisons are unusable, fall into groups that were never compared with each other, or
            have no finite maximum without a prior.
    """
    frame, notes = check_comparisons(comparisons)
    frame = _only(frame, methods)
    chosen = usable_effects(frame) if effects is None else tuple(effects)
    sided = "sides" not in frame or not (frame["sides"] == "unknown").any()
    made, said = design(frame, chosen, order and sided, methods)
    found = links.find(link)
    if prior is not None and not 0 < prior < np.inf:
        raise StatisticsError(f"The prior is a positive number of JOD, or None; got {prior:g}.")
    if prior is None:
        refuse_separation(made)
    single = just_noticed(found, 0.0)
    problem = PairLikelihood(found, made, np.inf if prior is None else prior * single)
    vector = problem.maximise()
    parts = problem.split(vector)
    # A side that a rater leans to moves one comparison, a taste the difference of two.
    spread = np.sqrt(sum(sd**2 * (1 if name == "rater" else 2) for name, sd in zip(chosen, parts.sds, strict=True)))
    unit = just_noticed(found, float(spread))
    quality = problem.quality(parts)
    size = len(made.methods)
    whole = problem.covariance(vector) / unit**2
    centre = (np.eye(size) - 1.0 / size)[:, 1:]
    pairs, shares = _shares(found, made, parts, float(spread), quality)
    return Pairs(
        link=link,
        methods=made.methods,
        estimates=quality / unit,
        covariance=centre @ whole[: size - 1, : size - 1] @ centre.T,
        unit=unit,
        tie=parts.tie / unit,
        order=float(parts.coefficients[-1]) / unit if made.order else 0.0,
        order_error=float(np.sqrt(whole[-1, -1])) if made.order else float("nan"),
        sds={name: _present(sd) / unit for name, sd in zip(chosen, parts.sds, strict=True)},
        shares=shares,
        misfit=problem.misfit(vector, pairs),
        log_likelihood=problem.penalty(parts) - problem(vector)[0],
        observations=len(frame),
        raters=frame["rater"].nunique(),
        notes=(*notes, *said, *_left_out(chosen, effects is None)),
    )


def _only(frame: pd.DataFrame, methods: Sequence[str] | None) -> pd.DataFrame:
    if methods is None:
        return frame
    left, right = (frame[side].astype(str) for side in ("left", "right"))
    kept = frame[left.isin(methods) & right.isin(methods)].reset_index(drop=True)
    missing = [
        name for name in methods if not ((kept["left"].astype(str) == name) | (kept["right"].astype(str) == name)).any()
    ]
    if missing or len(set(methods)) < max(2, len(methods)):
        raise StatisticsError(
            f"The model of pairs needs comparisons between two different methods or more; got "
            f"{', '.join(methods) or 'none'}" + (f", and no comparison of {', '.join(missing)}." if missing else ".")
        )
    return kept


def _left_out(chosen: Sequence[str], free: bool) -> list[str]:
    whose = {"method:rater": "rater", "method:image": "image"}
    return [
        f"All comparisons are of one {name}, so they say nothing of others."
        for effect, name in whose.items()
        if free and effect not in chosen
    ]


def just_noticed(link: links.Link, spread: float) -> float:
    """Return the latent difference at which 75 % of forced choices agree, under random effects of this spread."""

    def beyond(difference: float) -> float:
        return float(_average(link, np.array([difference]), spread)[0]) - 0.75

    return float(optimize.brentq(beyond, 0.0, 10.0 * (1.0 + spread)))


def _average(link: links.Link, difference: Array, spread: float) -> Array:
    """Return F(difference) with a normal effect of standard deviation `spread` integrated over."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    found: Array = link.cdf(difference[:, None] + spread * nodes) @ weights / weights.sum()
    return found


def _shares(
    link: links.Link, made: Design, parts: PairParameters, spread: float, quality: Array
) -> tuple[Array, pd.DataFrame]:
    """Return the columns of a free parameter per pair, and the table of chosen and expected shares."""
    first, second, pair, direction = made.pairs()
    lean = parts.coefficients[-1] if made.order else 0.0
    latent = quality[made.left] - quality[made.right] + lean
    left = _average(link, latent - parts.tie, spread)
    right = _average(link, -latent - parts.tie, spread)
    expected = 0.5 + 0.5 * direction * (left - right)
    top = made.category.max()
    answer = np.where(made.category == 0, -1.0, np.where(made.category == top, 1.0, 0.0)) * direction
    count = np.bincount(pair)
    table = pd.DataFrame(
        {
            "a": [made.methods[place] for place in first],
            "b": [made.methods[place] for place in second],
            "n": count,
            "wins_a": np.bincount(pair, answer == 1).astype(int),
            "ties": np.bincount(pair, answer == 0).astype(int),
            "wins_b": np.bincount(pair, answer == -1).astype(int),
            "observed": np.bincount(pair, 0.5 + 0.5 * answer) / count,
            "predicted": np.bincount(pair, expected) / count,
        }
    )
    columns = np.zeros((pair.size, count.size))
    columns[np.arange(pair.size), pair] = direction
    return columns, table


def _present(sd: float) -> float:
    """Return a standard deviation, as 0 where the fit has pushed it against its lower bound."""
    return float(sd) if np.log(sd) > SMALLEST + 1e-6 else 0.0

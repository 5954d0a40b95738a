"""Statistics of a comparison: DataFrames in, DataFrames out; no file, no database, no picture.

A notebook user needs these: `mean_opinion_scores`, `compare`, `compare_scores`, `reliability`, `screening`,
`retest`, `taste`, `friedman`, `agreement`, `image_agreement`, `pair_accuracy`, `ordinal_model`,
`linear_mixed_model`, `score_distributions`, `drift`, `achieved_power` and, for comparisons of pairs, `pair_model` and
`joint_model`. Every function that takes ratings expects the columns `rater`, `dataset`, `image`, `method` and
`score` (and, where stimuli were shown twice, `repeat`).
"""

from srbench.stats.agreement import agreement, concordance, image_agreement, metric_contrasts
from srbench.stats.changes import Change, changes
from srbench.stats.comparison import compare, compare_scores, holm, significantly_highest
from srbench.stats.differential import differential
from srbench.stats.drift import Drift, drift
from srbench.stats.exclusion import exclusions, without
from srbench.stats.friedman import CriticalDifference, friedman
from srbench.stats.groups import groups
from srbench.stats.gsd import distribution_fit, score_distributions
from srbench.stats.joint import Joint, joint_model
from srbench.stats.likelihood import Subjective, maximum_likelihood
from srbench.stats.linear_mixed import LinearMixed, linear_mixed_model
from srbench.stats.opinion import (
    gold,
    mean_opinion_scores,
    mean_ranks,
    mean_scores,
    median_seconds,
    rank_distribution,
    score_distribution,
)
from srbench.stats.ordering import pair_accuracy
from srbench.stats.ordinal import Ordinal, ordinal_model
from srbench.stats.pair_design import check_comparisons
from srbench.stats.pairs import Pairs, pair_model
from srbench.stats.power import achieved_power
from srbench.stats.rating_scale import ACR, RatingScale
from srbench.stats.recovered import detectable, recovered_scores
from srbench.stats.reliability import krippendorff_alpha, reliability
from srbench.stats.retest import retest
from srbench.stats.scatter import sos
from srbench.stats.screening import RULES, bt500, rules, screening
from srbench.stats.stimuli import Stimuli, joined, stimuli
from srbench.stats.tables import CheckedRatings, Cube, check_ratings, check_scores, checked_ratings, cubes, score_cubes
from srbench.stats.taste import Models, mixed_models, taste

__all__ = [
    "ACR",
    "RULES",
    "Change",
    "CheckedRatings",
    "CriticalDifference",
    "Cube",
    "Drift",
    "Joint",
    "LinearMixed",
    "Models",
    "Ordinal",
    "Pairs",
    "RatingScale",
    "Stimuli",
    "Subjective",
    "achieved_power",
    "agreement",
    "bt500",
    "changes",
    "check_comparisons",
    "check_ratings",
    "check_scores",
    "checked_ratings",
    "compare",
    "compare_scores",
    "concordance",
    "cubes",
    "detectable",
    "differential",
    "distribution_fit",
    "drift",
    "exclusions",
    "friedman",
    "gold",
    "groups",
    "holm",
    "image_agreement",
    "joined",
    "joint_model",
    "krippendorff_alpha",
    "linear_mixed_model",
    "maximum_likelihood",
    "mean_opinion_scores",
    "mean_ranks",
    "mean_scores",
    "median_seconds",
    "metric_contrasts",
    "mixed_models",
    "ordinal_model",
    "pair_accuracy",
    "pair_model",
    "rank_distribution",
    "recovered_scores",
    "reliability",
    "retest",
    "rules",
    "score_cubes",
    "score_distribution",
    "score_distributions",
    "screening",
    "significantly_highest",
    "sos",
    "stimuli",
    "taste",
    "without",
]

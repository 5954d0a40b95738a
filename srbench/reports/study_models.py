"""What models of a study say beside means: metrics against people, distributions, drift, power."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd

from srbench import stats
from srbench.reports.attempts import Attempt
from srbench.tables.names import Names

NOTHING = pd.DataFrame()


@dataclass(frozen=True, slots=True)
class StudyModels:
    """Tables as returned by the functions of `srbench.stats` of the same names; empty where not defined.

    Attributes:
        stimuli: What was rated and measured, per metric and data set.
        image_agreement: Correlations within images and across them.
        pair_accuracy: Whether metrics decide between versions of one image as people do.
        metric_contrasts: Which metrics order the versions of an image better than which.
        distributions: The generalised score distribution of every stimulus.
        distribution_fit: Whether it describes the scores.
        drift: What scores do over the study; None where that is not known.
        power: What the study could find.
    """

    stimuli: Sequence[stats.Stimuli]
    image_agreement: pd.DataFrame
    pair_accuracy: pd.DataFrame
    metric_contrasts: pd.DataFrame
    distributions: pd.DataFrame
    distribution_fit: pd.DataFrame
    drift: stats.Drift | None
    power: pd.DataFrame


def find(
    rated: stats.CheckedRatings,
    usable: pd.DataFrame | None,
    models: list[stats.Models],
    alpha: float,
    names: Names,
    attempt: Attempt,
) -> StudyModels:
    """Compute all of it.

    Args:
        rated: The ratings that count.
        usable: The scores of the run, the original left out; None without a run.
        models: The mixed models of every data set; none where they were not asked for, and then no drift either.
        alpha: Level of decisions.
        names: Titles and orders.
        attempt: Takes down what is not defined.
    """
    data: list[stats.Stimuli] = []
    if usable is not None:
        # What is wrong with the two tables is said where correlations are computed; here it would be said again.
        data = Attempt([])(partial(stats.stimuli, usable, rated)) or []
        data.sort(key=lambda each: (names.metrics.index(each.metric), names.place(each.dataset)))
    lower = [metric for metric in names.metrics if not names.higher_is_better(metric)]
    distributions = attempt(partial(stats.score_distributions, rated))
    return StudyModels(
        stimuli=data,
        image_agreement=stats.image_agreement(data),
        pair_accuracy=stats.pair_accuracy(data, lower_is_better=lower, alpha=alpha),
        metric_contrasts=stats.metric_contrasts(data, lower_is_better=lower),
        distributions=NOTHING if distributions is None else distributions,
        distribution_fit=NOTHING if distributions is None else names.ordered(stats.distribution_fit(distributions)),
        drift=attempt(partial(stats.drift, rated)) if models else None,
        power=names.ordered(stats.achieved_power(models, alpha=alpha)),
    )

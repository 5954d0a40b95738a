"""Ratings and comparisons of the same versions on one scale, where a report has both."""

from __future__ import annotations

from functools import partial

from srbench import stats
from srbench.reports.attempts import Attempt
from srbench.reports.inputs import StudyRatings
from srbench.tables.names import Names


def find(
    rated: stats.CheckedRatings, comparisons: StudyRatings, names: Names, attempt: Attempt
) -> dict[str, stats.Joint]:
    """Fit the joint model of every data set that has both; sets without one are noted.

    Raises:
        StatisticsError: The comparisons are damaged.
    """
    frame, _ = stats.check_comparisons(comparisons.ratings)
    models = {}
    both = set(rated.first["dataset"].astype(str)) & set(frame["dataset"].astype(str))
    if not both:
        attempt.notes.append("Ratings and comparisons have no data set in common: there is no common scale.")
    for dataset in sorted(both, key=names.place):
        said: list[str] = []
        ratings = rated.first[rated.first["dataset"].astype(str) == dataset]
        choices = frame[frame["dataset"].astype(str) == dataset]
        here = set(ratings["method"].astype(str)) | set(choices["left"].astype(str)) | set(choices["right"].astype(str))
        order = [name for name in names.methods if name in here]
        model = Attempt(said)(partial(stats.joint_model, ratings, choices, methods=order))
        if model is not None:
            models[dataset] = model
        attempt.notes += [f"{names.dataset(dataset)}: {sentence}" for sentence in said]
    return models

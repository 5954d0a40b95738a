"""What a study by pair comparison says: one model of preferences per data set, from `srbench.stats`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import pandas as pd

from srbench import stats
from srbench.reports.attempts import Attempt
from srbench.reports.inputs import StudyRatings
from srbench.tables.names import Names


@dataclass(frozen=True, slots=True)
class Preferences:
    """A study by pair comparison.

    Attributes:
        study: The study.
        models: The model of each data set, in the order of tables; sets without one have a note instead.
    """

    study: StudyRatings
    models: dict[str, stats.Pairs]


def versions(comparisons: pd.DataFrame) -> pd.DataFrame:
    """Return what was compared, columns dataset, image and method; damaged tables are left to `find`."""
    sides = [
        comparisons[["dataset", "image", side]].rename(columns={side: "method"})
        for side in ("left", "right")
        if {"dataset", "image"} <= set(comparisons.columns)
    ]
    return pd.concat(sides).astype(str) if sides else pd.DataFrame(columns=["dataset", "image", "method"])


def find(study: StudyRatings, names: Names, attempt: Attempt) -> Preferences:
    """Fit the model of each data set.

    Raises:
        StatisticsError: The comparisons are damaged.
    """
    frame, notes = stats.check_comparisons(study.ratings)
    attempt.notes += [f"{study.name}: {sentence}" for sentence in [*study.notes, *notes]]
    models = {}
    parts = {str(name): part for name, part in frame.groupby(frame["dataset"].astype(str))}
    for dataset in sorted(parts, key=names.place):
        said: list[str] = []
        here = set(versions(parts[dataset])["method"])
        order = [name for name in names.methods if name in here]
        model = Attempt(said)(partial(stats.pair_model, parts[dataset], methods=order))
        if model is not None:
            models[dataset] = model
            said += model.notes
        attempt.notes += [f"{names.dataset(dataset)}: {sentence}" for sentence in said]
    return Preferences(study, models)

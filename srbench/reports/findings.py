"""What was found: everything that the tables, figures and sentences of a report are made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from srbench import stats
from srbench.bench.results import RunResults
from srbench.reports.inputs import Choices, StudyRatings
from srbench.reports.preferences import Preferences
from srbench.reports.raters import Chosen
from srbench.reports.study_models import StudyModels
from srbench.tables.names import Names
from srbench.tables.table import OPINIONS, ORIGINAL, Mean

NOTHING = pd.DataFrame()


@dataclass(frozen=True, slots=True)
class Opinions:
    """What a study says; tables as returned by the functions of `srbench.stats` of the same names.

    Attributes:
        scale: What raters could answer.
        dmos: Means of differential scores, of a study with hidden originals; empty otherwise.
        stimuli: The mean opinion score of every stimulus.
    """

    study: StudyRatings
    scale: stats.RatingScale
    ratings: pd.DataFrame
    mos: pd.DataFrame
    dmos: pd.DataFrame
    stimuli: pd.DataFrame
    distribution: pd.DataFrame
    ranks: pd.DataFrame
    recovered: pd.DataFrame
    sos: pd.DataFrame
    rank_distribution: pd.DataFrame
    reliability: pd.DataFrame
    people: Chosen
    screening: pd.DataFrame
    exclusions: pd.DataFrame
    gold: pd.DataFrame
    models: Sequence[stats.Models]
    taste: pd.DataFrame
    retest: pd.DataFrame
    agreement: pd.DataFrame
    concordance: pd.DataFrame
    points: pd.DataFrame
    modelled: StudyModels


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that tables, figures and sentences are made from.

    Attributes:
        run: The run; None where a report is of a study alone.
        choices: What the reader decided.
        names: Titles and orders.
        protocol: The protocol of PSNR and SSIM; empty without a run.
        scale: The upscaling factor; 0 without a run.
        scores: The scores of that protocol that could be used.
        means: Of every metric, and of opinions where there is a study.
        seconds: Median seconds per image, columns dataset, method, seconds.
        comparisons: All pairs, for MOS (where there is a study) and every metric; see `stats.Comparison`.
        critical: Friedman's test per (data set, metric), where it is defined.
        opinions: None without a study.
        notes: One sentence for everything that was left out or could not be computed.
        preferences: None without a study by pair comparison.
        joint: Ratings and comparisons on one scale, per data set; empty where there are not both.
    """

    run: RunResults | None
    choices: Choices
    names: Names
    protocol: str
    scale: int
    scores: pd.DataFrame
    means: tuple[Mean, ...]
    seconds: pd.DataFrame
    comparisons: pd.DataFrame
    critical: dict[tuple[str, str], stats.CriticalDifference]
    opinions: Opinions | None
    notes: tuple[str, ...]
    preferences: Preferences | None = None
    joint: Mapping[str, stats.Joint] = field(default_factory=dict)

    @property
    def info(self) -> dict[str, Any]:
        """The content of run.json; empty without a run."""
        return self.run.info if self.run is not None else {}

    @property
    def synthetic(self) -> bool:
        """Whether there are opinions, and a program drew them."""
        found = self.opinions or self.preferences
        return found is not None and found.study.synthetic

    @property
    def compared(self) -> list[str]:
        """The methods of the run, or of a study alone, the original left aside."""
        here = set(self.names.methods if self.run is None else self.run.scores["method"]) - {ORIGINAL}
        return [name for name in self.names.methods if name in here]

    def means_of(self, metric: str, dataset: str) -> list[Mean]:
        """Return the means of `metric` on `dataset`."""
        return [mean for mean in self.means if (mean.metric, mean.dataset) == (metric, dataset)]

    def measured(self, metric: str, dataset: str) -> list[str]:
        """Return the methods that have a value of `metric` on `dataset`, in the order of tables."""
        if metric in OPINIONS:
            here = {mean.method for mean in self.means_of(metric, dataset)}
        else:
            rows = self.scores[(self.scores["metric"] == metric) & (self.scores["dataset"] == dataset)]
            here = set(rows["method"])
        return [name for name in self.names.methods if name in here]

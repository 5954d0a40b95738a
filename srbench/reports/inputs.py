"""What a report is made from: a run, the ratings of a study, or both, and the choices of whoever asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from srbench.errors import ReportError
from srbench.stats.comparison import UNITS, Unit
from srbench.tables.numbers import count

SYNTHETIC = " (synthetic ratings)"
"""What captions and titles say of ratings that a program drew."""


@dataclass(frozen=True, slots=True)
class StudyRatings:
    """What a report takes of an opinion study.

    Attributes:
        name: Its name.
        ratings: One row per rating, see `stats.check_ratings`; or per comparison, see `stats.check_comparisons`.
        origin: `study` (collected here), `imported`, or `synthetic` (drawn from numbers, no people).
        calibration: Results of the calibration, one row per rater; None where there was none.
        design: How stimuli were shown; empty where unknown.
        notes: What a reader must know about how the ratings came here.
        comparisons: A study by pair comparison of the same versions, to be joined with ratings on one scale.
    """

    name: str
    ratings: pd.DataFrame
    origin: str = "imported"
    calibration: pd.DataFrame | None = None
    design: str = ""
    notes: Sequence[str] = ()
    comparisons: StudyRatings | None = None

    @property
    def synthetic(self) -> bool:
        """Whether no person rated anything."""
        return self.origin == "synthetic"

    @property
    def compares(self) -> bool:
        """Whether people compared pairs instead of rating versions."""
        return {"left", "right"} <= set(self.ratings.columns)


@dataclass(frozen=True, slots=True)
class Choices:
    """What the reader of a report may decide.

    Attributes:
        unit: What Wilcoxon's test pairs, see `stats.compare`.
        protocol: Protocol of PSNR and SSIM; None takes `daala` where the run has it, else the only one.
        alpha: Level of significance.
        margin: Margin of equivalence of the retest; None takes a sixteenth of the rating scale, 0.25 from 1 to 5.
        crush: Whether differential scores above the best score of the scale are crushed, see `stats.differential`.
        models: Whether mixed models are fitted to the ratings: a minute or two for tens of thousands of them.
        raters: Whose ratings count: `all`, `finished`, or a file, see `srbench.reports.raters`.
        pictures: Whether crops and the slider are part of the report.
        crops: Crops chosen by hand, `SET/IMAGE:X,Y,W,H`; none means by the largest disagreement.
        slider: How many images per data set the slider offers.
    """

    unit: Unit = "image"
    protocol: str | None = None
    alpha: float = 0.05
    margin: float | None = None
    crush: bool = False
    models: bool = True
    raters: str = "all"
    pictures: bool = True
    crops: Sequence[str] = ()
    slider: int = 2

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ReportError(f"Unknown unit '{self.unit}'; expected 'image' or 'rating'.")


def joined(study: StudyRatings | None, comparisons: StudyRatings) -> StudyRatings:
    """Return a study of ratings with the comparisons of the same versions.

    Raises:
        ReportError: One of them is of the other kind, or one is synthetic and the other is not.
    """
    if study is None or study.compares:
        raise ReportError("Comparisons are joined with ratings: name a study of ratings with --study.")
    if not comparisons.compares:
        raise ReportError(f"The study '{comparisons.name}' has ratings, but --pairs takes a study by pair comparison.")
    if study.synthetic != comparisons.synthetic:
        raise ReportError("One of both studies is synthetic. Do not join what people said with what a program drew.")
    return replace(study, comparisons=comparisons)


def choose_protocol(scores: pd.DataFrame, wanted: str | None) -> tuple[pd.DataFrame, str]:
    """Return the scores of one protocol, with the metrics that only others have, and the protocol's name.

    Raises:
        ReportError: The run has no such protocol, or no scores at all.
    """
    found = sorted(map(str, scores["protocol"].unique()))
    if not found:
        raise ReportError("The run has no scores. Run the bench first.")
    if wanted is not None and wanted not in found:
        raise ReportError(f"The run has no scores under protocol '{wanted}'; it has: {', '.join(found)}.")
    main = wanted or ("daala" if "daala" in found else found[0])
    parts = [scores[scores["protocol"] == main]]
    seen = set(parts[0]["metric"])
    for other in found:
        part = scores[(scores["protocol"] == other) & ~scores["metric"].isin(seen)]
        seen |= set(part["metric"])
        parts.append(part)
    chosen = pd.concat(parts, ignore_index=True)
    return chosen, main


def choose_version(scores: pd.DataFrame, info: Mapping[str, Any]) -> tuple[pd.DataFrame, list[str]]:
    """Return the scores of one version per protocol, and one sentence for what was left out.

    Scores of two versions do not compare. The version is the one that run.json names, or else the last one.

    Args:
        scores: See `bench.rows.ImageScore`.
        info: The content of run.json.
    """
    named: Mapping[str, Any] = info.get("protocols", {})
    last = scores.groupby("protocol")["protocol_version"].max()
    version = {str(name): str(named.get(str(name), value)) for name, value in last.items()}
    old = scores["protocol_version"].astype(str) != scores["protocol"].map(version)
    notes = [
        f"Left out: {count(len(part), 'score')} of version {number} of the protocol '{name}'; this report is of "
        f"version {version[str(name)]}. Run the bench again to compare all."
        for (name, number), part in scores[old].groupby(["protocol", "protocol_version"])
    ]
    return scores[~old], notes

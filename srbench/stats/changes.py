"""What changed between two runs: each method against its own earlier self, paired by image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd

from srbench.errors import StatisticsError
from srbench.stats.comparison import compare_scores, holm

KEYS = ["protocol", "protocol_version", "metric", "method", "dataset"]
_SIDES = ("before", "after")
_COLUMNS = [*KEYS, "image", "value", "status"]


@dataclass(frozen=True, slots=True)
class Change:
    """One cell, a method on a data set by a metric, in a run before and a run after.

    Attributes:
        protocol: Name of the protocol.
        protocol_version: Its version.
        metric: Name of the metric.
        method: Name of the method.
        dataset: Name of the data set.
        images: How many images have a value in both; all figures are over these.
        images_before: How many were scored before, or failed.
        images_after: How many were scored after, or failed.
        equal: How many have the same value in both.
        newly_failed: How many failed after that did not fail before.
        before: Mean before.
        after: Mean after.
        difference: Mean of the differences, after minus before; NaN where `images` is 0.
        low: Lower end of its 95 % interval, of this cell alone.
        high: Upper end.
        p: Two-sided Wilcoxon signed-rank p; zero differences dropped.
        p_adjusted: The same after Holm's adjustment over all cells of the metric that changed.
        significant: An interval that holds for all of those cells at once (Bonferroni) excludes 0.
        note: What a reader must know of the comparison; empty otherwise.
    """

    protocol: str
    protocol_version: str
    metric: str
    method: str
    dataset: str
    images: int
    images_before: int
    images_after: int
    equal: int
    newly_failed: int
    before: float
    after: float
    difference: float
    low: float
    high: float
    p: float
    p_adjusted: float
    significant: bool
    note: str

    @property
    def unchanged(self) -> bool:
        """Whether both runs have the same images, each with the same value in both."""
        return 0 < self.images == self.equal == self.images_before == self.images_after


def changes(before: pd.DataFrame, after: pd.DataFrame, *, alpha: float = 0.05) -> list[Change]:
    """Compare every cell of two tables of scores, over the images that both have.

    A cell is compared as `compare_scores` compares two methods, the earlier and the later version of one. Cells of one
    protocol and metric that changed at all are a family. Scores under two versions of a protocol are two cells.

    Args:
        before: Rows as in `bench.rows.ImageScore`, of inputs that `after` has as well.
        after: The same, of the other run.
        alpha: One minus the level of the intervals.

    Returns:
        One row per cell of either table, sorted by its names.

    Raises:
        StatisticsError: A column is missing, or a cell has two values for one image.
    """
    both = pd.concat([_side(before, "before"), _side(after, "after")])
    parts = [(tuple(map(str, key)), part) for key, part in both.groupby(KEYS)]
    cells = [_cell(key, part, alpha) for key, part in parts]
    families: dict[tuple[str, ...], list[int]] = {}
    for place, cell in enumerate(cells):
        if cell.equal < cell.images:
            families.setdefault((cell.protocol, cell.protocol_version, cell.metric), []).append(place)
    for places in families.values():
        adjusted = holm(np.array([cells[place].p for place in places]))
        for place, p in zip(places, adjusted, strict=True):
            at_once = _compared(parts[place][1], cells[place].metric, alpha / len(places))
            cells[place] = replace(cells[place], p_adjusted=float(p), significant=bool(at_once["significant"]))
    return cells


def as_frame(found: Sequence[Change]) -> pd.DataFrame:
    """Return changes as a DataFrame, columns as in `Change`."""
    return pd.DataFrame([asdict(change) for change in found], columns=[field.name for field in fields(Change)])


def _side(scores: pd.DataFrame, side: str) -> pd.DataFrame:
    missing = [column for column in _COLUMNS if column not in scores.columns]
    if missing:
        raise StatisticsError(f"The scores {side} lack the columns {', '.join(missing)}.")
    twice = scores.duplicated([*KEYS, "image"])
    if twice.any():
        place = "/".join(str(scores[twice].iloc[0][key]) for key in (*KEYS, "image"))
        raise StatisticsError(f"The scores {side} hold {place} twice. Keep one of each.")
    return scores[_COLUMNS].assign(side=side)


def _cell(key: Sequence[str], part: pd.DataFrame, alpha: float) -> Change:
    protocol, version, metric, method, dataset = key
    counted = part[part["status"] != "missing"].groupby("side")["image"].nunique()
    paired = _paired(part)
    nan = float("nan")
    made = Change(
        protocol,
        version,
        metric,
        method,
        dataset,
        images=len(paired),
        images_before=int(counted.get("before", 0)),
        images_after=int(counted.get("after", 0)),
        equal=int((paired["before"] == paired["after"]).sum()),
        newly_failed=_newly_failed(part),
        before=_mean(paired["before"]),
        after=_mean(paired["after"]),
        difference=nan,
        low=nan,
        high=nan,
        p=nan,
        p_adjusted=nan,
        significant=False,
        note="",
    )
    if paired.empty:
        return made
    found = _compared(part, made.metric, alpha)
    figures: dict[str, Any] = {name: found[name] for name in ("difference", "low", "high", "p", "note")}
    return replace(made, **figures)


def _paired(part: pd.DataFrame) -> pd.DataFrame:
    """Return the values of the images that have one on both sides, in a column of each."""
    sides = {side: part[part["side"] == side].set_index("image")["value"] for side in _SIDES}
    return pd.DataFrame(sides).dropna()


def _compared(part: pd.DataFrame, metric: str, alpha: float) -> dict[str, Any]:
    """Return the row of `compare_scores` for the two sides of a cell as two methods."""
    frame = part[part["image"].isin(_paired(part).index)].assign(method=lambda rows: rows["side"])
    table = compare_scores(frame, metric, methods=["after", "before"], alpha=alpha)
    return {str(name): value for name, value in table.iloc[0].items()}


def _newly_failed(part: pd.DataFrame) -> int:
    failed = part[part["status"] == "failed"]
    before, after = (set(failed.loc[failed["side"] == side, "image"]) for side in _SIDES)
    return len(after - before)


def _mean(values: pd.Series) -> float:
    with np.errstate(invalid="ignore"):  # infinite in both directions: there is no mean
        return float(values.mean()) if len(values) else float("nan")

"""Two runs beside each other: what changed, over the inputs that both have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from srbench import stats
from srbench.bench.results import RunResults
from srbench.errors import RunError
from srbench.stats import Change
from srbench.stats.changes import as_frame
from srbench.tables.changes import change_tables, summary
from srbench.tables.names import Names, name_everything
from srbench.tables.numbers import count

if TYPE_CHECKING:
    import pandas as pd

    from srbench.tables import Table

_NAMED = 3


@dataclass(frozen=True, slots=True)
class RunChanges:
    """What changed from one run to another.

    Attributes:
        before: Folder of the earlier run.
        after: Folder of the later one.
        cells: One per method, data set, protocol and metric of either; see `stats.Change`.
        names: Titles and orders.
        notes: What a reader must know beside the tables, one line each.
    """

    before: Path
    after: Path
    cells: tuple[Change, ...]
    names: Names
    notes: tuple[str, ...]

    @property
    def summary(self) -> str:
        """One sentence on all cells."""
        return f"{self.before} to {self.after}: {summary(self.cells, self.names)}"

    def tables(self, everything: bool = False) -> list[Table]:
        """Return one table per protocol and metric; see `srbench.tables.changes.change_tables`."""
        return list(change_tables(self.cells, self.names, everything))

    def to_frame(self) -> pd.DataFrame:
        """Return the cells in full precision, one row each; columns as in `srbench.stats.Change`."""
        return as_frame(self.cells)

    def _repr_html_(self) -> str:
        from srbench.tables.rendering import html

        return "\n".join([f"<p>{self.summary}</p>", *(html(table) for table in self.tables())])


def between(before: RunResults, after: RunResults, alpha: float = 0.05) -> RunChanges:
    """Compare two runs, cell by cell.

    An image takes part where its HR and LR are the same in both runs by their checksums; others are named in `notes`.

    Args:
        before: The earlier run.
        after: The later one.
        alpha: One minus the level of the intervals.

    Raises:
        RunError: The runs are at two scales, have no data set or no score in common, or one does not say what its
            images are.
    """
    for run in (before, after):
        if "datasets" not in run.info:
            raise RunError(f"{run.folder} does not say which images it is of. Run it again with this srbench.")
    scales = [int(run.info.get("scale", 0)) for run in (before, after)]
    if scales[0] != scales[1]:
        raise RunError(f"{before.folder} is at x{scales[0]}, {after.folder} at x{scales[1]}. Compare equal scales.")
    if not before.info["datasets"].keys() & after.info["datasets"].keys():
        raise RunError(f"{before.folder} and {after.folder} have no data set in common. Compare runs of equal sets.")
    others = _other_inputs(before.info["datasets"], after.info["datasets"])
    scores = [_without(run.scores, others) for run in (before, after)]
    names = _names(before, after)
    cells = stats.changes(*scores, alpha=alpha)
    if not cells:
        raise RunError(f"Neither {before.folder} nor {after.folder} has scores of images that both know. Run them.")
    notes = (*_input_notes(others, names), *_rule_notes(before.info, after.info, names))
    return RunChanges(before.folder, after.folder, tuple(cells), names, notes)


def _other_inputs(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Return (data set, image) of what has one name in both runs, but another HR or LR image."""
    return {
        (dataset, image)
        for dataset in before.keys() & after.keys()
        for image in before[dataset].keys() & after[dataset].keys()
        if not _same(before[dataset][image], after[dataset][image])
    }


def _same(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    # Runs of older versions have no hash of the inputs.
    keys = ["input_hash"] if "input_hash" in one and "input_hash" in other else ["hr_sha256", "lr_sha256"]
    return all(one.get(key) == other.get(key) for key in keys)


def _without(scores: pd.DataFrame, places: set[tuple[str, str]]) -> pd.DataFrame:
    kept = [place not in places for place in zip(scores["dataset"], scores["image"], strict=True)]
    return scores[np.array(kept, dtype=bool)]


def _names(before: RunResults, after: RunResults) -> Names:
    import pandas as pd

    info = {
        "methods": {**before.info.get("methods", {}), **after.info.get("methods", {})},
        "datasets": {**before.info["datasets"], **after.info["datasets"]},
    }
    return name_everything(pd.concat([before.scores, after.scores]), info)


def _input_notes(others: set[tuple[str, str]], names: Names) -> list[str]:
    notes = []
    for dataset in sorted({dataset for dataset, _ in others}, key=names.place):
        images = sorted(image for where, image in others if where == dataset)
        more = ", ..." if len(images) > _NAMED else ""
        notes.append(
            f"{names.dataset(dataset)}: {count(len(images), 'image')} not compared, for HR or LR is another one: "
            f"{', '.join(images[:_NAMED])}{more}."
        )
    return notes


def _rule_notes(before: Mapping[str, Any], after: Mapping[str, Any], names: Names) -> list[str]:
    versions = [
        f"Protocol {name} is version {one} before, {other} after: not compared."
        for name, one, other in _differing(before.get("protocols", {}), after.get("protocols", {}))
    ]
    codes = _differing(before.get("metric_fingerprints", {}), after.get("metric_fingerprints", {}))
    metrics = [f"The code of {names.metric(name)} is another one after: changes may be its own." for name, *_ in codes]
    return [*versions, *metrics]


def _differing(before: Mapping[str, str], after: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return (name, before, after) of what both have, but not as the same."""
    both = sorted(before.keys() & after.keys())
    return [(name, before[name], after[name]) for name in both if before[name] != after[name]]

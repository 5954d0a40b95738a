"""What a run leaves behind: the long table of scores, the pictures, and what they were made with."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srbench.bench import compaction, journal, seals, validity
from srbench.bench.journal import writing
from srbench.bench.rows import COLUMNS, ImageOutcome, ImageScore
from srbench.bench.validity import StaleRows
from srbench.datasets import LeftOut, describe_left_out
from srbench.errors import RunError
from srbench.images import write_atomically

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "COLUMNS",
    "SCHEMA_VERSION",
    "ImageScore",
    "RunResults",
    "image_path",
    "load",
    "load_info",
    "pictures",
    "save",
    "save_info",
    "schema_of",
    "table",
]

_NAMED = 3
_LINES_ONLY = 2

SCHEMA_VERSION = 3
"""Of run.json and the journal. Since 2 a line names its inputs; folders of version 1 are read and continued. 3 is a
folder whose journal was compacted, which older versions would take for one without scores; others stay at 2."""


@dataclass(frozen=True, slots=True)
class RunResults:
    """A run read back.

    Attributes:
        folder: The run folder.
        scores: Rows in long form, columns as in `ImageScore`; only those that hold by `info`. One method may have fewer
            images of a data set than another: `info["datasets"]` names all that the set has now.
        info: The content of run.json.
        stale: Rows that no longer hold, and were left out.
        left_out: Methods that cannot run here or at this scale, {name: why}; empty for a run that was read back.
        broken: Plugins and manifests that cannot be used, {file: why}; empty for a run that was read back.
    """

    folder: Path
    scores: pd.DataFrame
    info: dict[str, Any]
    stale: tuple[StaleRows, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    broken: Mapping[str, str] = field(default_factory=dict)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know beside the tables, one line each."""
        plugins = [f"Left out: {place}, which cannot be used: {reason}" for place, reason in self.broken.items()]
        reasons = list(self.left_out.values())
        methods = [f"Left out: {reason}" for reason in reasons[:_NAMED]]
        if len(reasons) > _NAMED:
            names = ", ".join(self.left_out)
            methods = [f"Left out: {len(reasons)} methods that cannot run so: {names}. 'srbench methods' says why."]
        empty = ["No scores are here yet. The command that began the run goes on with it."] if self.scores.empty else []
        return (*plugins, *methods, *_of_sets(self.info.get("sources", {})), *map(str, self.stale), *empty)


def _of_sets(sources: Mapping[str, Any]) -> list[str]:
    left_out = {name: [LeftOut(*each) for each in about.get("left_out", [])] for name, about in sources.items()}
    return [f"{name}: {describe_left_out(items)}" for name, items in left_out.items() if items]


def image_path(run: Path, method: str, dataset: str, image: str) -> Path:
    """Return where a run keeps one SR image."""
    return run / "images" / method / dataset / f"{image}.png"


def pictures(outcomes: Iterable[ImageOutcome]) -> dict[str, str]:
    """Return {METHOD/SET/IMAGE: SHA-256} of the SR images of `outcomes`."""
    return {"/".join(outcome.place): outcome.sha256 for outcome in outcomes if outcome.sha256}


def table(outcomes: Iterable[ImageOutcome], scale: int) -> pd.DataFrame:
    """Return the rows of `outcomes` as one DataFrame, sorted, so that equal work gives equal tables."""
    import pandas as pd

    rows: Sequence[ImageScore] = [row for outcome in outcomes for row in outcome.rows(scale)]
    frame = pd.DataFrame({column: [getattr(row, column) for row in rows] for column in COLUMNS}, columns=COLUMNS)
    return frame.sort_values(["protocol", "metric", "method", "dataset", "image"], ignore_index=True)


def save(run: Path, scores: pd.DataFrame, info: dict[str, Any]) -> None:
    """Write scores.csv, scores.parquet and run.json, each of them either old or complete.

    Raises:
        RunError: One cannot be written.
    """
    buffer = io.BytesIO()
    scores.to_parquet(buffer, index=False)
    for name, data in (("scores.csv", scores.to_csv(index=False).encode()), ("scores.parquet", buffer.getvalue())):
        with writing(run / name):
            write_atomically(run / name, data)
    save_info(run, info)


def save_info(run: Path, info: dict[str, Any]) -> None:
    """Write run.json, which is either old or complete.

    Raises:
        RunError: It cannot be written.
    """
    with writing(run / "run.json"):
        write_atomically(run / "run.json", (json.dumps(info, indent=1) + "\n").encode())


def schema_of(run: Path) -> int:
    """Return the schema version of a run folder that is written now."""
    return SCHEMA_VERSION if (run / compaction.NAME).is_file() else _LINES_ONLY


def load_info(run: Path) -> dict[str, Any] | None:
    """Return the content of run.json, or None when the run has none yet.

    Raises:
        RunError: The file is damaged or was written by a newer version.
    """
    path = run / "run.json"
    return _info(path, path.read_bytes()) if path.is_file() else None


def _info(path: Path, content: bytes) -> dict[str, Any]:
    try:
        info: dict[str, Any] = json.loads(content)
        version = int(info["schema_version"])
    except (ValueError, KeyError, TypeError):
        raise RunError(f"{path} is damaged. Delete it and run again: the images and scores are kept.") from None
    if version > SCHEMA_VERSION:
        raise RunError(f"{path} has schema {version}; this srbench knows up to {SCHEMA_VERSION}. Update srbench.")
    return info


def load(run: str | Path, columns: Sequence[str] | None = None) -> RunResults:
    """Read a run folder, also one whose run was stopped.

    The journals are what counts where there are any; scores.csv on its own is what some people pass on. Either way only
    rows are returned that hold for the data sets, methods, protocols and metrics of run.json. Where nothing was written
    since the tables were made of the journals, these are read instead, which is the same and many times as fast.

    Args:
        run: The folder.
        columns: Names of the columns of `scores` that are needed; None for all.

    Raises:
        RunError: It is no run, or its files are damaged.
    """
    folder, chosen = Path(run), list(COLUMNS if columns is None else columns)
    path = folder / "run.json"
    if not path.is_file():
        raise RunError(f"{folder} is not a finished run: expected a folder with run.json and scores.csv.")
    content = path.read_bytes()
    info, digest = _info(path, content), hashlib.sha256(content).hexdigest()
    del content
    sealed = seals.open_tables(folder, digest, chosen)
    if sealed is not None:
        return RunResults(folder, sealed.scores, info, sealed.stale)
    outcomes = journal.read(folder)
    if outcomes is None:
        return _from_table(folder, info, chosen)
    outcomes |= {outcome.place: outcome for outcome in validity.adopt(outcomes, info)}
    holding, stale = validity.sift(outcomes.values(), info)
    scores = table(holding, int(info["scale"]))[chosen]
    return RunResults(folder, scores, info | {"images_sha256": pictures(holding)}, stale)


def _from_table(folder: Path, info: dict[str, Any], chosen: list[str]) -> RunResults:
    import pandas as pd

    try:
        scores = pd.read_csv(
            folder / "scores.csv",
            dtype=dict.fromkeys(("dataset", "image", "method", "protocol", "protocol_version", "metric"), str),
            keep_default_na=False,
            na_values={"value": ["", "nan"], "seconds": ["", "nan"], "peak_mb": ["", "nan"]},
        )
    except (OSError, ValueError) as error:
        raise RunError(f"Cannot read {folder / 'scores.csv'}: {error}. Run again to rebuild it.") from None
    missing = [column for column in COLUMNS if column not in scores.columns]
    if missing:
        raise RunError(f"{folder / 'scores.csv'} lacks the columns {', '.join(missing)}. Run again to rebuild it.")
    known = info.get("datasets")
    if known is None:
        return RunResults(folder, scores[chosen], info)
    there = [image in known.get(dataset, {}) for dataset, image in zip(scores["dataset"], scores["image"], strict=True)]
    gone = scores[~pd.Series(there, index=scores.index, dtype=bool)]
    stale = (StaleRows(validity.GONE, len(gone), tuple(sorted(gone["method"].unique()))),) if len(gone) else ()
    return RunResults(folder, scores.loc[there, chosen].reset_index(drop=True), info, stale)

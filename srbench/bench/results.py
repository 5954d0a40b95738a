"""What a run leaves behind: a journal of finished images, the long table of scores, and the provenance."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srbench.errors import RunError
from srbench.images import write_atomically

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class ImageScore:
    """One row of `scores.csv`: one metric of one image of one method.

    Attributes:
        dataset: Name of the data set.
        image: Name of the image in it.
        method: Name of the method.
        scale: Upscaling factor.
        protocol: `daala` or `matlab`.
        protocol_version: Version of that protocol; equal versions give equal scores.
        metric: Name of the metric.
        value: The score; NaN when the method or the metric failed.
        seconds: Wall time inside the method, reading and writing of files not counted.
        peak_mb: Peak resident memory of the worker process during the method, in MB (10^6 bytes).
        path: The way of computing that the method took, as it names it.
        status: `ok` or `failed`.
        message: Why it failed; empty otherwise.
    """

    dataset: str
    image: str
    method: str
    scale: int
    protocol: str
    protocol_version: str
    metric: str
    value: float
    seconds: float
    peak_mb: float
    path: str
    status: str
    message: str


COLUMNS = [field.name for field in fields(ImageScore)]


@dataclass(frozen=True, slots=True)
class Score:
    """One value in the journal, with what it depends on besides the two images."""

    protocol: str
    protocol_version: str
    metric: str
    metric_fingerprint: str
    value: float
    message: str = ""

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What must agree for the stored value to be taken again."""
        return (self.protocol, self.protocol_version, self.metric, self.metric_fingerprint)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line of the journal: one image of one method, finished or failed.

    Attributes:
        key: Hash of the method's fingerprint and of its inputs: while it agrees, the image is still valid.
        sha256: Hash of the PNG that was kept; empty when the method failed.
        scores: The values computed on it so far.
    """

    dataset: str
    image: str
    method: str
    key: str
    sha256: str
    seconds: float
    peak_mb: float
    path: str
    status: str
    message: str
    scores: tuple[Score, ...] = ()

    @property
    def place(self) -> tuple[str, str, str]:
        """Where it belongs: (method, dataset, image)."""
        return (self.method, self.dataset, self.image)

    def rows(self, scale: int) -> Iterator[ImageScore]:
        """Yield the rows of `scores.csv` that this line stands for."""
        for score in self.scores:
            failed = self.status != "ok" or bool(score.message)
            yield ImageScore(
                self.dataset, self.image, self.method, scale, score.protocol, score.protocol_version, score.metric,
                score.value, self.seconds, self.peak_mb, self.path, "failed" if failed else "ok",
                self.message or score.message,
            )  # fmt: skip


class Journal:
    """The append-only file `journal.jsonl`: what is in it is done, what is not in it never happened.

    Every line is on the disk before the next image counts as finished; a line that a crash tore is dropped.
    """

    def __init__(self, run: Path) -> None:
        self._path = run / "journal.jsonl"
        self.outcomes: dict[tuple[str, str, str], Outcome] = {}
        whole = 0
        if self._path.is_file():
            for line in self._path.read_bytes().splitlines(keepends=True):
                outcome = _parse(line)
                if outcome is None:
                    break
                self.outcomes[outcome.place] = outcome
                whole += len(line)
        else:
            run.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("r+b" if self._path.exists() else "w+b")
        self._file.truncate(whole)
        self._file.seek(whole)

    def append(self, outcome: Outcome) -> None:
        """Add one line and return when it is on the disk."""
        line = json.dumps(asdict(outcome), separators=(",", ":")).encode() + b"\n"
        self._file.write(line)
        self._file.flush()
        os.fsync(self._file.fileno())
        self.outcomes[outcome.place] = outcome

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _parse(line: bytes) -> Outcome | None:
    if not line.endswith(b"\n"):
        return None
    try:
        entry = json.loads(line)
        scores = tuple(Score(**score) for score in entry.pop("scores"))
        return Outcome(**entry, scores=scores)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


@dataclass(frozen=True, slots=True)
class RunResults:
    """A run read back: `scores` in long form (columns as in `ImageScore`) and `info`, the content of run.json."""

    folder: Path
    scores: pd.DataFrame
    info: dict[str, Any]


def image_path(run: Path, method: str, dataset: str, image: str) -> Path:
    """Return where a run keeps one SR image."""
    return run / "images" / method / dataset / f"{image}.png"


def table(outcomes: Iterable[Outcome], scale: int) -> pd.DataFrame:
    """Return the rows of `outcomes` as one DataFrame, sorted, so that equal work gives equal tables."""
    import pandas as pd

    rows = [asdict(row) for outcome in outcomes for row in outcome.rows(scale)]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.sort_values(["protocol", "metric", "method", "dataset", "image"], ignore_index=True)


def save(run: Path, scores: pd.DataFrame, info: dict[str, Any]) -> None:
    """Write scores.csv, scores.parquet and run.json, each of them either old or complete."""
    import io

    write_atomically(run / "scores.csv", scores.to_csv(index=False).encode())
    buffer = io.BytesIO()
    scores.to_parquet(buffer, index=False)
    write_atomically(run / "scores.parquet", buffer.getvalue())
    save_info(run, info)


def save_info(run: Path, info: dict[str, Any]) -> None:
    """Write run.json, which is either old or complete."""
    write_atomically(run / "run.json", (json.dumps(info, indent=1) + "\n").encode())


def load_info(run: Path) -> dict[str, Any] | None:
    """Return the content of run.json, or None when the run has none yet.

    Raises:
        RunError: The file is damaged or was written by a newer version.
    """
    path = run / "run.json"
    if not path.is_file():
        return None
    try:
        info: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        version = int(info["schema_version"])
    except (ValueError, KeyError, TypeError):
        raise RunError(f"{path} is damaged. Delete it and run again: the images and scores are kept.") from None
    if version > SCHEMA_VERSION:
        raise RunError(f"{path} has schema {version}; this srbench knows up to {SCHEMA_VERSION}. Update srbench.")
    return info


def load(run: str | Path) -> RunResults:
    """Read a run folder.

    Raises:
        RunError: It is no run, or its files are damaged.
    """
    import pandas as pd

    folder = Path(run)
    info = load_info(folder) if folder.is_dir() else None
    if info is None:
        raise RunError(f"{folder} is not a finished run: expected a folder with run.json and scores.csv.")
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
    return RunResults(folder, scores, info)

"""The append-only journal of a run: what is in it is done, what is not in it never happened."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path

from srbench.bench.rows import ImageOutcome, Score
from srbench.errors import RunError

NAME = "journal.jsonl"
_FIELDS = {field.name for field in fields(ImageOutcome)}

Outcomes = dict[tuple[str, str, str], ImageOutcome]
"""The latest outcome of each place (method, dataset, image)."""


class Journal:
    """The file `journal.jsonl`, open for writing.

    Every line is on the disk before the next image counts as finished. What a crash tore off the end is dropped.

    Attributes:
        outcomes: The latest outcome of each place.

    Raises:
        RunError: The file cannot be read or written.
    """

    def __init__(self, run: Path) -> None:
        self._path = run / NAME
        with writing(self._path):
            run.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("r+b" if self._path.exists() else "w+b")
            self.outcomes, whole = _parse(self._file.read())
            self._file.truncate(whole)
            self._file.seek(whole)

    def append(self, *outcomes: ImageOutcome) -> None:
        """Add a line for each of `outcomes` and return when they are on the disk.

        Raises:
            RunError: The disk is full or gone.
        """
        lines = [json.dumps(asdict(outcome), separators=(",", ":")).encode() + b"\n" for outcome in outcomes]
        with writing(self._path):
            self._file.write(b"".join(lines))
            self._file.flush()
            os.fsync(self._file.fileno())
        self.outcomes.update((outcome.place, outcome) for outcome in outcomes)

    def close(self) -> None:
        """Close the file; what a full disk kept from it was reported by `append`."""
        with contextlib.suppress(OSError):
            self._file.close()


def read(run: Path) -> Outcomes | None:
    """Return what the journal of a run holds, without changing it; None when the run has none.

    Raises:
        RunError: The file cannot be read.
    """
    path = run / NAME
    try:
        return _parse(path.read_bytes())[0]
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RunError(f"Cannot read {path}: {error.strerror}.") from None


def _parse(data: bytes) -> tuple[Outcomes, int]:
    """Return the outcomes in `data`, and where its last whole line ends."""
    outcomes: Outcomes = {}
    position = whole = 0
    for line in data.splitlines(keepends=True):
        position += len(line)
        outcome = _outcome(line)
        if outcome is not None:
            outcomes[outcome.place] = outcome
            whole = position
    return outcomes, whole


def _outcome(line: bytes) -> ImageOutcome | None:
    if not line.endswith(b"\n"):
        return None
    try:
        entry = json.loads(line)
        scores = tuple(Score(**score) for score in entry.pop("scores"))
        return ImageOutcome(**{name: entry[name] for name in entry if name in _FIELDS}, scores=scores)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what can go wrong while `path` is written into a RunError that names it."""
    try:
        yield
    except OSError as error:
        raise RunError(
            f"Cannot write {path}: {error.strerror or error}. Make room or name another --out, and run the same "
            "command again: what is finished is kept."
        ) from None

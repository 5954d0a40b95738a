"""The append-only journals of a run, and what was compacted of them: what is in one is done, nothing else happened."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, fields, replace
from pathlib import Path

from srbench.bench import compaction
from srbench.bench.rows import ImageOutcome, Score
from srbench.bench.shards import TAG, Shard
from srbench.errors import RunError

NAME = "journal.jsonl"
_OF_SHARD = "journal-{}.jsonl"
_FIELDS = {field.name for field in fields(ImageOutcome)}

Outcomes = dict[tuple[str, str, str], ImageOutcome]
"""The latest outcome of each place (method, dataset, image)."""


class Journal:
    """The file `journal.jsonl`, or `journal-3-of-20.jsonl` of a shard, open for writing.

    Every line is on the disk before the next image counts as finished. What a crash tore off the end is dropped.
    The journals of the others are read, and never changed.

    Args:
        run: The run folder.
        shard: Whose journal it is; None for that of a plain run.

    Attributes:
        outcomes: The latest outcome of each place, of all journals when this one was opened, and of this one since.

    Raises:
        RunError: The file cannot be read or written.
    """

    def __init__(self, run: Path, shard: Shard | None = None) -> None:
        self._path = run / (NAME if shard is None else _OF_SHARD.format(shard.tag))
        with writing(self._path):
            run.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("r+b" if self._path.exists() else "w+b")
            _, whole = _parse(self._file.read())
            self._file.truncate(whole)
            self._file.seek(whole)
        self.outcomes = read(run) or {}

    def append(self, *outcomes: ImageOutcome) -> None:
        """Add a line for each of `outcomes` and return when they are on the disk.

        A line is a revision of the one that it takes the place of, whichever journal that is in.

        Raises:
            RunError: The disk is full or gone.
        """
        outcomes = tuple(self._revised(outcome.shared()) for outcome in outcomes)
        lines = [json.dumps(asdict(outcome), separators=(",", ":")).encode() + b"\n" for outcome in outcomes]
        with writing(self._path):
            self._file.write(b"".join(lines))
            self._file.flush()
            os.fsync(self._file.fileno())
        self.outcomes.update((outcome.place, outcome) for outcome in outcomes)

    def _revised(self, outcome: ImageOutcome) -> ImageOutcome:
        known = self.outcomes.get(outcome.place)
        return replace(outcome, revision=0 if known is None else known.revision + 1)

    def close(self) -> None:
        """Close the file; what a full disk kept from it was reported by `append`."""
        with contextlib.suppress(OSError):
            self._file.close()


def read(run: Path) -> Outcomes | None:
    """Return what the journals of a run hold, without changing them; None when the run has none.

    Raises:
        RunError: One cannot be read.
    """
    # Lines first: those that are compacted and removed meanwhile are in the file that is read after them.
    contents = [content for path in _paths(run) if (content := _content(path)) is not None]
    lines = [_parse(content)[0] for content in contents]
    if not contents and not (run / compaction.NAME).is_file():
        return None
    return _merged([{outcome.place: outcome for outcome in compaction.read(run)}, *lines])


def sizes(run: Path) -> dict[str, int]:
    """Return {name of a file: its size} of all journals: equal answers, equal content, for they only grow.

    Raises:
        RunError: One cannot be read.
    """
    paths = [path for path in (run / compaction.NAME, *_paths(run)) if path.is_file()]
    return {path.name: path.stat().st_size for path in paths}


def is_due(run: Path) -> bool:
    """Return whether the journals have so many lines that it is worth it to compact them.

    Raises:
        RunError: One cannot be read.
    """
    return sum((_content(path) or b"").count(b"\n") for path in _paths(run)) >= compaction.LEAST


def compact(run: Path, outcomes: Outcomes) -> None:
    """Put all lines into one Parquet file, and remove them.

    Nobody may be writing a journal, and the tables' lock must be held. Killed at any moment, the run keeps every
    outcome: lines are removed once the file that has them is on the disk, and until then hold what it holds.

    Args:
        run: The run folder.
        outcomes: What all journals hold together.

    Raises:
        RunError: The disk is full or gone; the lines are still there.
    """
    lines = _paths(run)
    with writing(run / compaction.NAME):
        compaction.write(run, outcomes.values())
        for path in lines:
            path.unlink(missing_ok=True)


def _paths(run: Path) -> list[Path]:
    """Return the journals of a run in an order of their own: that of plain runs, then those of the shards."""
    tags = {path: TAG.fullmatch(path.stem.removeprefix("journal-")) for path in run.glob(_OF_SHARD.format("*"))}
    shards = sorted((int(tag[2]), int(tag[1]), path) for path, tag in tags.items() if tag)
    plain = run / NAME
    return [*([plain] if plain.is_file() else []), *(path for _, _, path in shards)]


def _merged(journals: Iterable[Outcomes]) -> Outcomes:
    """Return the latest outcome of each place: clocks of several machines do not say which it is, revisions do."""
    merged: Outcomes = {}
    for outcomes in journals:
        for place, outcome in outcomes.items():
            if place not in merged or outcome.revision > merged[place].revision:
                merged[place] = outcome
    return merged


def _content(path: Path) -> bytes | None:
    """Return what is in a journal, None where it has just been compacted."""
    try:
        return path.read_bytes()
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
        return ImageOutcome(**{name: entry[name] for name in entry if name in _FIELDS}, scores=scores).shared()
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

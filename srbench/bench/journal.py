"""The append-only journals of a run, and what was compacted of them: what is in one is done, nothing else happened."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
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


@dataclass(frozen=True, slots=True)
class Contents:
    """What journals hold.

    Attributes:
        outcomes: The latest outcome of each place.
        lines: How many lines they have, those that were compacted not counted.
    """

    outcomes: Outcomes
    lines: int

    @property
    def is_due(self) -> bool:
        """Whether there are so many lines that it is worth it to compact them."""
        return self.lines >= compaction.LEAST


class Journal:
    """The file `journal.jsonl`, or `journal-3-of-20.jsonl` of a shard, open for writing.

    Every line is on the disk before the next image counts as finished. What a crash tore off the end is dropped.
    The journals of the others are read, and never changed.

    Args:
        run: The run folder.
        shard: Whose journal it is; None for that of a plain run.

    Attributes:
        outcomes: The latest outcome of each place, of all journals when this one was opened, and of this one since.
        lines: How many lines these journals have.

    Raises:
        RunError: The file cannot be read or written.
    """

    def __init__(self, run: Path, shard: Shard | None = None) -> None:
        self._path = run / (NAME if shard is None else _OF_SHARD.format(shard.tag))
        with writing(self._path):
            run.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("r+b" if self._path.exists() else "w+b")
            own, whole = _parse(self._file.read())
            self._file.truncate(whole)
            self._file.seek(whole)
        found = contents(run, {self._path: own})
        self.outcomes, self.lines = (found.outcomes, found.lines) if found else ({}, 0)

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
        self.lines += len(outcomes)

    @property
    def contents(self) -> Contents:
        """What all journals held when this one was opened, with what it has had since."""
        return Contents(self.outcomes, self.lines)

    def _revised(self, outcome: ImageOutcome) -> ImageOutcome:
        known = self.outcomes.get(outcome.place)
        return replace(outcome, revision=0 if known is None else known.revision + 1)

    def close(self) -> None:
        """Close the file; what a full disk kept from it was reported by `append`."""
        with contextlib.suppress(OSError):
            self._file.close()


def read(run: Path) -> Outcomes | None:
    """Return the outcomes of `contents`."""
    found = contents(run)
    return None if found is None else found.outcomes


def contents(run: Path, known: Mapping[Path, Contents] | None = None) -> Contents | None:
    """Return what the journals of a run hold, without changing them; None when the run has none.

    Args:
        run: The run folder.
        known: What some of them hold: these are not read once more.

    Raises:
        RunError: One cannot be read.
    """
    known = known or {}
    # Lines first: those that are compacted and removed meanwhile are in the file that is read after them.
    parts = [part for path in _paths(run) if (part := known.get(path) or _lines(path)) is not None]
    if not parts and not (run / compaction.NAME).is_file():
        return None
    compacted = {outcome.place: outcome for outcome in compaction.read(run)}
    merged = _merged([compacted, *(part.outcomes for part in parts)])
    return Contents(merged, sum(part.lines for part in parts))


def sizes(run: Path) -> dict[str, int]:
    """Return {name of a file: its size} of all journals: equal answers, equal content, for they only grow.

    Raises:
        RunError: One cannot be read.
    """
    paths = [path for path in (run / compaction.NAME, *_paths(run)) if path.is_file()]
    return {path.name: path.stat().st_size for path in paths}


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


def _lines(path: Path) -> Contents | None:
    """Return what is in a journal, None where it has just been compacted."""
    try:
        return _parse(path.read_bytes())[0]
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RunError(f"Cannot read {path}: {error.strerror}.") from None


def _parse(data: bytes) -> tuple[Contents, int]:
    """Return what is in `data`, and where its last whole line ends."""
    outcomes: Outcomes = {}
    position = whole = lines = 0
    for line in data.splitlines(keepends=True):
        position += len(line)
        outcome = _outcome(line)
        if outcome is not None:
            outcomes[outcome.place] = outcome
            whole = position
            lines += 1
    return Contents(outcomes, lines), whole


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

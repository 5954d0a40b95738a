"""Who may write into a run folder: one plain run, or the shards of one division, each of them once.

The locks belong to processes and end with them, however these end.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from srbench import locks
from srbench.bench.shards import TAG, Shard
from srbench.errors import RunError

_FOLDER, _TABLES, _SHARD = ".lock", ".lock-tables", ".lock-{}"


@contextlib.contextmanager
def folder(run: Path, shared: bool) -> Iterator[None]:
    """Hold a run folder, with others that share it or alone.

    Raises:
        RunError: It cannot be made, or is in use by somebody who does not share it.
    """
    with locks.opened(run, _FOLDER, RunError) as lock:
        if not locks.taken(lock, locks.SHARED if shared else locks.ALONE, run, RunError):
            raise RunError(f"{run} is in use by another srbench. Wait for it, or name another --out.")
        yield


@contextlib.contextmanager
def tables(run: Path) -> Iterator[None]:
    """Wait until nobody else writes run.json and the tables, which takes moments, and keep the others out."""
    with locks.opened(run, _TABLES, RunError) as lock:
        locks.wait(lock, locks.ALONE, run, RunError)
        yield


@contextlib.contextmanager
def shard(run: Path, own: Shard) -> Iterator[bool]:
    """Hold a shard, and say whether others are at work beside it; `tables` must be held when this is entered.

    Raises:
        RunError: It is at work elsewhere, or shards of another division are, some of whose images it has too.
    """
    with locks.opened(run, _SHARD.format(own.tag), RunError) as lock:
        if not locks.taken(lock, locks.ALONE, run, RunError):
            raise RunError(f"Shard {own} of {run} is at work already, in another process. Wait for it.")
        others = beside(run, own)
        foreign = next((other for other in others if other.of != own.of), None)
        if foreign is not None:
            raise RunError(f"Shard {foreign} is at work in {run}, of another division than {own}. Wait for it.")
        yield bool(others)


def beside(run: Path, own: Shard) -> list[Shard]:
    """Return the other shards that are at work; `tables` must be held, without which none can begin."""
    return [other for other in _shards(run) if other != own and _at_work(run, other)]


def _shards(run: Path) -> list[Shard]:
    """Return the shards that ever held a lock here."""
    names = (path.name.removeprefix(_SHARD.format("")) for path in run.glob(_SHARD.format("*-of-*")))
    return [Shard(int(found[1]), int(found[2])) for name in names if (found := TAG.fullmatch(name))]


def _at_work(run: Path, other: Shard) -> bool:
    with locks.opened(run, _SHARD.format(other.tag), RunError) as lock:
        return not locks.taken(lock, locks.SHARED, run, RunError)

"""Fills the cache: photographs that no run has decoded before are decoded on all cores, with a bar."""

from __future__ import annotations

import collections
import contextlib
import hashlib
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PIL import Image as PillowImage
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from srbench.errors import ImageError
from srbench.images import Image
from srbench.training import duplicates, photographs
from srbench.training.cache import Decoded, PixelCache
from srbench.training.decoding import decode


@dataclass(frozen=True, slots=True)
class _Read:
    """What a thread has made of a file: an entry that was there, or a picture to be stored, or why there is none."""

    sha256: str
    image: Image | None = None
    phash: int | None = None
    done: str = ""
    problem: str = ""


def decoded(
    files: Sequence[Path], luma: bool, cache: PixelCache, hashed: bool, quiet: bool
) -> tuple[dict[Path, Decoded], dict[Path, str]]:
    """Return the entry of each file, decoding what is missing, and {file: problem} of the others.

    Args:
        files: Image files, in their order.
        luma: Whether only the luma is wanted.
        cache: Open for writing.
        hashed: Whether an entry without a perceptual hash is of no use.
        quiet: Show no bar.

    Raises:
        TrainingError: There is no room for them.
    """
    kind = "luma" if luma else "rgb"
    entries: dict[Path, Decoded | None] = dict.fromkeys(files)
    for path in entries:
        content = cache.content(path)
        entries[path] = _usable(cache, content, kind, hashed) if content else None
    pending = [path for path, entry in entries.items() if entry is None]
    problems: dict[Path, str] = {}
    if pending:
        cache.require(_expected(pending, luma))
    with _bar(len(pending), quiet) as advance:
        for path, read in _in_threads(pending, lambda path: _read(path, cache, kind, hashed)):
            advance()
            if read.problem:
                problems[path] = read.problem
                continue
            cache.see(path, read.sha256)
            entry = _usable(cache, read.sha256, kind, hashed)
            if entry is None and read.image is not None:
                entry = cache.add(read.image, read.sha256, read.phash, read.done)
            entries[path] = entry
    return {path: entry for path, entry in entries.items() if entry is not None}, problems


def _usable(cache: PixelCache, sha256: str, kind: str, hashed: bool) -> Decoded | None:
    entry = cache.find(sha256, kind)
    return None if entry is not None and hashed and entry.phash is None else entry


def _read(path: Path, cache: PixelCache, kind: str, hashed: bool) -> _Read:
    try:
        data = path.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        if _usable(cache, sha256, kind, hashed) is not None:
            return _Read(sha256)
        image, done = decode(data, path.name)
    except OSError as error:
        return _Read("", problem=f"{error.strerror or error}.")
    except ImageError as error:
        return _Read("", problem=str(error))
    phash = duplicates.perceptual_hash(image) if duplicates.can_hash() else None
    return _Read(sha256, photographs.to_luma(image) if kind == "luma" else image, phash, done)


def _in_threads(files: Sequence[Path], work: Callable[[Path], _Read]) -> Iterator[tuple[Path, _Read]]:
    """Yield each file with what `work` makes of it, in their order, a few ahead: Pillow decodes beside Python."""
    workers = _cores()
    with ThreadPoolExecutor(workers) as pool:
        under_way: collections.deque[tuple[Path, Future[_Read]]] = collections.deque()
        for path in files:
            under_way.append((path, pool.submit(work, path)))
            if len(under_way) > 2 * workers:
                first, future = under_way.popleft()
                yield first, future.result()
        for first, future in under_way:
            yield first, future.result()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _expected(files: Sequence[Path], luma: bool) -> int:
    """Return the bytes that the pictures in files will take, as their first bytes say."""
    pixels = 0
    with warnings.catch_warnings(action="ignore"):
        for path in files:
            with contextlib.suppress(Exception), PillowImage.open(path) as picture:  # decoding says what is wrong
                pixels += picture.width * picture.height
    return pixels * (1 if luma else 3)


class _bar:  # noqa: N801 - a context manager that reads like a function
    """Show how many files are decoded, where there are many; the context gives what advances it."""

    def __init__(self, count: int, quiet: bool) -> None:
        console = Console(stderr=True, quiet=quiet)
        shown = not quiet and console.is_terminal and count > 1
        columns = (TextColumn("decoding photographs"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=console, disable=not shown, transient=True)
        self._task = self._progress.add_task("", total=count)
        if not quiet and count > 1 and not shown:
            console.print(f"decoding {count} photographs", highlight=False)

    def __enter__(self) -> Callable[[], None]:
        self._progress.start()
        return lambda: self._progress.advance(self._task)

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

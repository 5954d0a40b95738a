"""Keeps decoded photographs in one file that all processes map, known by the content of the files they came from."""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import shutil
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from torch import Tensor

from srbench.errors import TrainingError
from srbench.images import Image, write_atomically

_PIXELS, _INDEX, _FILES, _LOCK = "pixels.v1", "index.v1", "files.v1.json", "lock"
_FLUSHED = 2**28  # bytes of pixels that a killed run may have to decode again
RESIDENT = 2**30
"""Bytes of mapped files that a process holds before it lets go of them; the system keeps what it has room for."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """One decoded photograph.

    Attributes:
        sha256: Of the file.
        kind: `rgb` or `luma`.
        offset: Where its samples begin, channel after channel, row after row.
        height: Rows.
        width: Columns.
        phash: Perceptual hash; None where imagehash was missing.
        done: How it was converted; nothing for an ordinary photograph.
    """

    sha256: str
    kind: str
    offset: int
    height: int
    width: int
    phash: int | None = None
    done: str = ""

    @property
    def samples(self) -> int:
        """Its size in bytes."""
        return self.height * self.width * (3 if self.kind == "rgb" else 1)


def folder(wanted: Path | None, run: Path) -> Path:
    """Return where decoded photographs lie: `wanted`, or else the user's cache, or else the run's own folder.

    The user's cache is what `SRBENCH_CACHE` names, or the system's usual place, such as `~/.cache/srbench`.

    Raises:
        TrainingError: `wanted` cannot be made.
    """
    import platformdirs

    named = os.environ.get("SRBENCH_CACHE")
    user = Path(named).expanduser() if named else platformdirs.user_cache_path("srbench", appauthor=False)
    usual = user / "photographs"
    for place in (wanted,) if wanted else (usual, run / "photographs"):
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            if wanted:
                raise TrainingError(
                    f"Cannot make the cache {wanted}: {error.strerror}. Give another --cache."
                ) from None
            continue
        if wanted or os.access(place, os.W_OK):
            return place
    raise TrainingError(f"Neither {usual} nor {run} can be written. Say with --cache where decoded photographs go.")


class PixelCache:
    """Decoded photographs in a folder; `writing` lets one process at a time add to them.

    Pixels are written before the line of the index that names them, so that what was killed leaves nothing wrong, and
    its successor goes on behind it.

    Args:
        folder: Where the files are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[tuple[str, str], Decoded] = {}
        self._seen: dict[str, list[Any]] = {}
        self._new: list[Decoded] = []
        self._unflushed = 0
        self._unsaved = False
        self._file: IO[bytes] | None = None

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Wait for other processes, read what they have added, and keep them out meanwhile.

        A folder that may not be written is only read.

        Raises:
            TrainingError: The disk is full or gone.
        """
        if not os.access(self.folder, os.W_OK):
            self._read()
            yield
            return
        import filelock

        with filelock.FileLock(self.folder / _LOCK):
            self._read()
            try:
                try:
                    yield
                finally:
                    self._finish()
            except OSError as error:
                raise TrainingError(
                    f"Cannot write decoded photographs to {self.folder}: {error.strerror or error}. Give another "
                    "--cache."
                ) from None

    def _finish(self) -> None:
        self._flush()
        if self._unsaved:
            write_atomically(self.folder / _FILES, json.dumps(self._seen).encode())
        if self._file is not None:
            self._file.close()
            self._file = None

    def _read(self) -> None:
        self._known, self._seen, self._unsaved = {}, {}, False
        with contextlib.suppress(OSError, ValueError):
            self._seen = json.loads((self.folder / _FILES).read_text(encoding="utf-8"))
        try:
            lines = (self.folder / _INDEX).read_text(encoding="utf-8").splitlines()
            size = (self.folder / _PIXELS).stat().st_size
        except OSError:
            return
        for line in lines:
            with contextlib.suppress(ValueError, TypeError):  # the last line of a run that was killed
                entry = Decoded(*json.loads(line))
                if entry.offset + entry.samples <= size:
                    self._known[entry.sha256, entry.kind] = entry

    def content(self, path: Path) -> str | None:
        """Return the SHA-256 that a file had when it was read last; None when it has been touched since."""
        seen = self._seen.get(str(path.absolute()))
        with contextlib.suppress(OSError):
            return str(seen[2]) if seen and seen[:2] == _stamp(path) else None
        return None

    def find(self, sha256: str, kind: str) -> Decoded | None:
        """Return the decoded photograph of a file's content."""
        return self._known.get((sha256, kind))

    def see(self, path: Path, sha256: str) -> None:
        """Remember which content a file has, so that it need not be read again."""
        with contextlib.suppress(OSError):
            self._seen[str(path.absolute())] = [*_stamp(path), sha256]
            self._unsaved = True

    def require(self, samples: int) -> None:
        """Do nothing when there is room for so many further bytes.

        Raises:
            TrainingError: There is not.
        """
        free = shutil.disk_usage(self.folder).free
        if samples > free:
            raise TrainingError(
                f"The decoded photographs take {samples / 1e9:.1f} GB more in {self.folder}, where {free / 1e9:.1f} GB "
                "are free. Give a folder on a larger disk with --cache."
            )

    def add(self, image: Image, sha256: str, phash: int | None, done: str) -> Decoded:
        """Append a decoded image, (H, W, 3) or luma as (H, W).

        Raises:
            TrainingError: The folder may not be written.
        """
        if self._file is None and not os.access(self.folder, os.W_OK):
            raise TrainingError(f"{self.folder} may not be written, and photographs are missing in it. Give a --cache.")
        if self._file is None:
            self._file = (self.folder / _PIXELS).open("ab")
        planes = np.ascontiguousarray(image if image.ndim == 2 else image.transpose(2, 0, 1))
        offset = self._file.seek(0, os.SEEK_END)
        self._file.write(planes.data)
        kind = "luma" if image.ndim == 2 else "rgb"
        entry = Decoded(sha256, kind, offset, image.shape[0], image.shape[1], phash, done)
        self._known[sha256, kind] = entry
        self._new.append(entry)
        self._unflushed += entry.samples
        if self._unflushed > _FLUSHED:
            self._flush()
        return entry

    def _flush(self) -> None:
        if self._file is None or not self._new:
            return
        self._file.flush()
        os.fsync(self._file.fileno())
        with (self.folder / _INDEX).open("a", encoding="utf-8") as index:
            for one in self._new:
                fields = [one.sha256, one.kind, one.offset, one.height, one.width, one.phash, one.done]
                index.write(json.dumps(fields) + "\n")
        self._new, self._unflushed = [], 0

    def mapped(self) -> Mapped:
        """Return all samples, mapped into memory instead of read."""
        return Mapped(self.folder / _PIXELS)


class Mapped:
    """The samples of a cache as a tensor that the system reads where it is looked at.

    Attributes:
        pixels: All samples, uint8 (N,).
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            # Read-only, because the system promises memory for all of a map that may be written.
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        with warnings.catch_warnings(action="ignore"):  # torch warns that nobody may write
            self.pixels: Tensor = torch.from_numpy(np.frombuffer(self._map, np.uint8))

    def trim(self) -> None:
        """Let go of pages that were looked at, when they have become many; they stay in the system's own cache."""
        if hasattr(mmap, "MADV_DONTNEED") and _resident_files() > RESIDENT:
            self._map.madvise(mmap.MADV_DONTNEED)


def _resident_files() -> int:
    """Return the bytes of files that this process holds in memory, 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - before each batch: no object for the path
            return int(file.read().split()[2]) * mmap.PAGESIZE
    except OSError:
        return 0


def _stamp(path: Path) -> list[int]:
    about = path.stat()
    return [about.st_size, about.st_mtime_ns]


def size(entries: Sequence[Decoded]) -> int:
    """Return the bytes of several photographs."""
    return sum(entry.samples for entry in entries)

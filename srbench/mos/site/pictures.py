"""Stimuli as raters receive them: the frozen pixels, nothing else, and all versions of an image of one size."""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from srbench.errors import StudyError
from srbench.mos.store.definitions import Stimulus

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Text, times and physical sizes can name a method; gamma and colour profiles would change what the screen shows.
_KEPT = frozenset({b"IHDR", b"PLTE", b"IDAT"})
_PADDING = b"paDd"  # by its letters' cases: ancillary, private, safe to copy; decoders skip it
_END = b"\x00\x00\x00\x00IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
_CHUNK_OVERHEAD = 12


@dataclass(slots=True)
class _Layout:
    """What is needed to serve a file without looking into it again."""

    stamp: tuple[int, int]  # size and time of the file when it was last compared with its hash
    kept: list[slice]  # of the file: the chunks that are served
    padding: int = 0  # bytes within the padding chunk
    padding_crc: bytes = b""

    @property
    def length(self) -> int:
        """Size of the file before padding."""
        return len(_SIGNATURE) + sum(int(part.stop) - int(part.start) for part in self.kept) + len(_END)


class Pictures:
    """Reads stimuli from `folder` and pads each to the size of the largest version of its image.

    The rater sees which image it is; the size says no more than that. Padding to the largest of all images would make a
    study several times as large.

    Every file is compared with its frozen SHA-256 at the start and whenever its size or time has changed since; not
    at every request, because hashing takes longer for pictures that compress badly. For the same reason all that a
    request needs is prepared here: it reads and joins, and the number of bytes joined is the same for all versions of
    an image.

    Args:
        folder: Where `<id>.png` lies for every stimulus.
        stimuli: All stimuli of the study, with the SHA-256 that was frozen.

    Raises:
        StudyError: A file is missing or is not the one that was frozen.
    """

    def __init__(self, folder: Path, stimuli: Iterable[Stimulus]) -> None:
        self._folder = folder
        known = list(stimuli)
        images = {stimulus.id: (stimulus.dataset, stimulus.image) for stimulus in known}
        self._frozen = {stimulus.id: stimulus.sha256 for stimulus in known}
        self._layouts = {key: self._lay_out(key) for key in self._frozen}
        largest: dict[tuple[str, str], int] = {}
        for key, layout in self._layouts.items():
            largest[images[key]] = max(layout.length, largest.get(images[key], 0))
        self._zeros = memoryview(bytes(max(largest.values(), default=0)))
        for key, layout in self._layouts.items():
            layout.padding = largest[images[key]] - layout.length
            layout.padding_crc = struct.pack(">I", zlib.crc32(self._zeros[: layout.padding], zlib.crc32(_PADDING)))

    def __getitem__(self, stimulus: str) -> bytes:
        """Return the PNG file of a stimulus, as many bytes as every version of its image has.

        Raises:
            StudyError: The file is missing or is not the one that was frozen.
        """
        layout = self._layouts[stimulus]
        stamp, data = self._read(stimulus)
        if stamp != layout.stamp:
            self._compare(stimulus, data)
            layout.stamp = stamp
        view = memoryview(data)
        head = struct.pack(">I4s", layout.padding, _PADDING)
        zeros = self._zeros[: layout.padding]
        return b"".join([_SIGNATURE, *(view[part] for part in layout.kept), head, zeros, layout.padding_crc, _END])

    def _lay_out(self, stimulus: str) -> _Layout:
        stamp, data = self._read(stimulus)
        self._compare(stimulus, data)
        kept: list[slice] = []
        for kind, part in _chunks(data, self._path(stimulus)):
            if kind in _KEPT and kept and kept[-1].stop == part.start:
                kept[-1] = slice(kept[-1].start, part.stop)
            elif kind in _KEPT:
                kept.append(part)
        return _Layout(stamp, kept)

    def _read(self, stimulus: str) -> tuple[tuple[int, int], bytes]:
        path = self._path(stimulus)
        try:
            with path.open("rb") as file:
                status = os.fstat(file.fileno())
                return (status.st_size, status.st_mtime_ns), file.read()
        except OSError as error:
            raise StudyError(f"Cannot read stimulus {path}: {error.strerror}. Restore it from a backup.") from None

    def _compare(self, stimulus: str, data: bytes) -> None:
        if hashlib.sha256(data).hexdigest() != self._frozen[stimulus]:
            path = self._path(stimulus)
            raise StudyError(f"Stimulus {path} is not the file that was frozen. Restore it from a backup.")

    def _path(self, stimulus: str) -> Path:
        return self._folder / f"{stimulus}.png"


def _chunks(data: bytes, path: Path) -> Iterator[tuple[bytes, slice]]:
    """Yield the kind and place of every chunk of a PNG file before its end."""
    at = len(_SIGNATURE)
    while data.startswith(_SIGNATURE) and at + _CHUNK_OVERHEAD <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IEND":
            return
        yield kind, slice(at, at + length + _CHUNK_OVERHEAD)
        at += length + _CHUNK_OVERHEAD
    raise StudyError(f"Stimulus {path} is not a complete PNG file. Restore it from a backup.")

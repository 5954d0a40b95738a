"""Stimuli as raters receive them: the frozen pixels, nothing else in the file, and every file of equal size."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from srbench.errors import StudyError
from srbench.mos.views import Stimulus

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Text, times and physical sizes can name a method; gamma and colour profiles would change what the screen shows.
_KEPT = frozenset({b"IHDR", b"PLTE", b"IDAT"})
_PADDING = b"paDd"  # by its letters' cases: ancillary, private, safe to copy; decoders skip it
_CHUNK_OVERHEAD = 12


class Pictures:
    """Reads stimuli from `folder` and pads them to the size of the largest.

    Args:
        folder: Where `<id>.png` lies for every stimulus.
        stimuli: All stimuli of the study, with the SHA-256 that was frozen.

    Raises:
        StudyError: A file is missing or damaged.
    """

    def __init__(self, folder: Path, stimuli: Iterable[Stimulus]) -> None:
        self._folder = folder
        self._frozen = {stimulus.id: stimulus.sha256 for stimulus in stimuli}
        self.size = max((len(self._bare(key)) for key in self._frozen), default=0) + _CHUNK_OVERHEAD

    def __getitem__(self, stimulus: str) -> bytes:
        """Return the PNG file of a stimulus, `size` bytes long.

        Raises:
            StudyError: The file is missing or is not the one that was frozen.
        """
        bare = self._bare(stimulus)
        end = len(bare) - _CHUNK_OVERHEAD  # IEND has no content
        filling = bytes(self.size - len(bare) - _CHUNK_OVERHEAD)
        return bare[:end] + _chunk(_PADDING, filling) + bare[end:]

    def _bare(self, stimulus: str) -> bytes:
        path = self._folder / f"{stimulus}.png"
        try:
            data = path.read_bytes()
        except OSError as error:
            raise StudyError(f"Cannot read stimulus {path}: {error.strerror}. Restore it from a backup.") from None
        if hashlib.sha256(data).hexdigest() != self._frozen[stimulus]:
            raise StudyError(f"Stimulus {path} is not the file that was frozen. Restore it from a backup.")
        kept = (_chunk(kind, content) for kind, content in _chunks(data, path) if kind in _KEPT)
        return _SIGNATURE + b"".join(kept) + _chunk(b"IEND", b"")


def _chunks(data: bytes, path: Path) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while data.startswith(_SIGNATURE) and at + _CHUNK_OVERHEAD <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IEND":
            return
        yield kind, data[at + 8 : at + 8 + length]
        at += length + _CHUNK_OVERHEAD
    raise StudyError(f"Stimulus {path} is not a complete PNG file. Restore it from a backup.")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

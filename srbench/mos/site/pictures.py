"""Stimuli as raters receive them: packed, compared with what was packed, and in memory where there is room."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import psutil

from srbench.errors import StudyError
from srbench.mos.site import packing
from srbench.mos.store.definitions import Stimulus

MOST = 2**29
"""Bytes of pictures that are kept in memory at most; the paper's study has half as many."""


class Pictures:
    """Packed stimuli, all versions of an image as many bytes.

    Every file is compared with its SHA-256 at the start. Where all of them fit into memory they stay there; else each
    request reads one file, and compares it again whenever its size or time has changed. It is all or none: a picture
    that comes sooner because somebody has seen it lately would tell that it repeats.

    Args:
        folder: Where `<id>.png` lies for every stimulus.
        packed: Where packed files lie; what is missing there is packed now.
        stimuli: All stimuli of the study, with the SHA-256 that was frozen.
        memory: Bytes that may be kept; None for a quarter of what this machine has free, up to `MOST`.

    Attributes:
        at_hand: Whether all pictures are in memory, so that none has to be waited for.

    Raises:
        StudyError: A stimulus is missing or is not the file that was frozen.
    """

    def __init__(self, folder: Path, packed: Path, stimuli: Sequence[Stimulus], memory: int | None = None) -> None:
        self._packed = packed
        self._known = packing.pack(stimuli, folder, packed)
        self._stamps: dict[str, tuple[int, int]] = {}
        self._kept: dict[str, bytes] = {}
        if memory is None:
            memory = min(MOST, psutil.virtual_memory().available // 4)
        self.at_hand = sum((packed / key).stat().st_size for key in self._known) <= memory
        for key in self._known:
            data = self._read(key)
            if self.at_hand:
                self._kept[key] = data

    def __getitem__(self, stimulus: str) -> bytes:
        """Return a packed stimulus.

        Raises:
            StudyError: The file is missing or is not the one that was packed.
        """
        return self._kept[stimulus] if self.at_hand else self._read(stimulus)

    def _read(self, stimulus: str) -> bytes:
        path = self._packed / stimulus
        try:
            with path.open("rb") as file:
                status, data = os.fstat(file.fileno()), file.read()
        except OSError as error:
            raise StudyError(f"Cannot read {path}: {error.strerror}. Start the server again, which makes it.") from None
        stamp = status.st_size, status.st_mtime_ns
        if stamp != self._stamps.get(stimulus):
            if hashlib.sha256(data).hexdigest() != self._known[stimulus].sha256:
                raise StudyError(f"{path} was changed. Start the server again, which makes it anew.")
            self._stamps[stimulus] = stamp
        return data

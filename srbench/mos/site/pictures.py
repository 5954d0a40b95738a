"""Stimuli as raters receive them: packed files, which are read and compared with what was packed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from srbench.errors import StudyError
from srbench.mos.site import packing
from srbench.mos.store.definitions import Stimulus


class Pictures:
    """Reads packed stimuli, all versions of an image as many bytes.

    Every file is compared with its SHA-256 at the start and whenever its size or time has changed since. A request
    reads one file whose size is that of every other version, so that its time says nothing either.

    Args:
        folder: Where `<id>.png` lies for every stimulus.
        packed: Where packed files lie; what is missing there is packed now.
        stimuli: All stimuli of the study, with the SHA-256 that was frozen.

    Raises:
        StudyError: A stimulus is missing or is not the file that was frozen.
    """

    def __init__(self, folder: Path, packed: Path, stimuli: Sequence[Stimulus]) -> None:
        self._packed = packed
        self._known = packing.pack(stimuli, folder, packed)
        self._stamps = {key: self._read(key)[0] for key in self._known}

    def __getitem__(self, stimulus: str) -> bytes:
        """Return the packed file of a stimulus.

        Raises:
            StudyError: The file is missing or is not the one that was packed.
        """
        stamp, data = self._read(stimulus)
        if stamp != self._stamps[stimulus]:
            if hashlib.sha256(data).hexdigest() != self._known[stimulus].sha256:
                raise StudyError(f"{self._packed / stimulus} was changed. Start the server again, which makes it anew.")
            self._stamps[stimulus] = stamp
        return data

    def _read(self, stimulus: str) -> tuple[tuple[int, int], bytes]:
        path = self._packed / stimulus
        try:
            with path.open("rb") as file:
                status = os.fstat(file.fileno())
                return (status.st_size, status.st_mtime_ns), file.read()
        except OSError as error:
            raise StudyError(f"Cannot read {path}: {error.strerror}. Start the server again, which makes it.") from None

"""Ctrl-C in two steps: the first asks for an end, the second is one."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType


class Interrupted(KeyboardInterrupt):
    """A run was stopped by Ctrl-C; what is finished is kept.

    Attributes:
        folder: The run folder.
        done: Number of images that are finished.
        total: Number of images that the run asked for.
    """

    def __init__(self, folder: Path, done: int, total: int) -> None:
        super().__init__(f"Kept: {done} of {total} images in {folder}; run the same command again to continue.")
        self.folder, self.done, self.total = folder, done, total


class Interrupt:
    """While it is entered, the first Ctrl-C only sets `asked`; the second raises KeyboardInterrupt as ever.

    Outside the main thread, and where a program handles or ignores the signal itself, it changes nothing. It has a
    `fileno`, so that whoever waits for something can wait for the first Ctrl-C as well.

    Args:
        on_asked: Called by the handler of the first one.

    Attributes:
        asked: Whether the first one came.
    """

    def __init__(self, on_asked: Callable[[], None] | None = None) -> None:
        self.asked = False
        self._on_asked = on_asked
        self._installed = False

    def __enter__(self) -> Interrupt:
        self._read, self._write = os.pipe()
        in_main = threading.current_thread() is threading.main_thread()
        if in_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._on_signal)
            self._installed = True
        return self

    def __exit__(self, *_: object) -> None:
        if self._installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        os.close(self._read)
        os.close(self._write)

    def fileno(self) -> int:
        """Return a descriptor that can be read once the first Ctrl-C came."""
        return self._read

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        os.write(self._write, b"!")
        if self._on_asked:
            self._on_asked()

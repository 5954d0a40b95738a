"""Locks on a folder, by a file in it: they belong to processes and end with them, however these end."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from pathlib import Path
from typing import IO

from srbench.errors import SrbenchError

SHARED, ALONE = fcntl.LOCK_SH, fcntl.LOCK_EX


def opened(folder: Path, name: str, error: Callable[[str], SrbenchError]) -> IO[str]:
    """Return the file `name` that locks are taken on, in a folder that is made where there is none.

    Raises:
        SrbenchError: What `error` makes of the words: it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return (folder / name).open("a+")
    except OSError as reason:
        raise error(f"Cannot write to {folder}: {reason.strerror}. Name another folder with --out.") from None


def taken(lock: IO[str], how: int, folder: Path, error: Callable[[str], SrbenchError]) -> bool:
    """Take a lock, SHARED or ALONE, and say whether it was to be had; closing the file gives it back.

    Raises:
        SrbenchError: As for `wait`.
    """
    try:
        wait(lock, how | fcntl.LOCK_NB, folder, error)
    except BlockingIOError:
        return False
    return True


def wait(lock: IO[str], how: int, folder: Path, error: Callable[[str], SrbenchError]) -> None:
    """Take a lock as soon as it is to be had.

    Raises:
        SrbenchError: What `error` makes of the words: the file system has no locks.
    """
    try:
        fcntl.flock(lock, how)
    except BlockingIOError:
        raise
    except OSError as reason:  # some network file systems are mounted without locks
        raise error(
            f"Cannot lock {folder}: {reason.strerror}. Its file system needs locks (flock): have it mounted with them, "
            "or name another --out."
        ) from None

"""Runs code of others so that it cannot end the program, move it to another folder, or keep it from ending."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from srbench.errors import PluginError

_inside = threading.local()
_lock = threading.Lock()
_running = 0
_real_exit = os._exit
_real_start = threading.Thread.start


@contextlib.contextmanager
def contained(what: str, home: Path | None = None) -> Iterator[None]:
    """Run the block as code of others: a plugin while it is imported or loaded, a method or metric while it computes.

    An attempt to end the program becomes an error. The working directory is put back. Threads that the block starts
    are daemons, so that the program still ends when its own work is done. What it prints goes to stderr, and it sees
    no command line: both are the program's. Other exceptions pass through.

    A crash in native code and a signal cannot be contained; the bench runs methods in worker processes for that.

    Args:
        what: What runs, as the subject of a sentence.
        home: The folder that relative paths are relative to inside; None for the working directory.

    Raises:
        PluginError: The block called `sys.exit`, `exit` or `os._exit`.
    """
    before = _working_directory()
    arguments = sys.argv
    try:
        with _intercepted(), contextlib.redirect_stdout(sys.stderr):
            sys.argv = arguments[:1]
            if home is not None:
                os.chdir(home)
            yield
    except SystemExit as ending:
        status = "" if ending.code is None else f" with {ending.code!r}"
        raise PluginError(
            f"{what} ends the program{status}. What only a program does belongs under 'if __name__ == \"__main__\":'."
        ) from None
    finally:
        sys.argv = arguments
        if before is not None and _working_directory() != before:
            with contextlib.suppress(OSError):  # it was removed meanwhile
                os.chdir(before)


def _working_directory() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109 - Path.cwd() is the same with more steps
    except FileNotFoundError:
        return None


@contextlib.contextmanager
def _intercepted() -> Iterator[None]:
    """Replace `os._exit` and `Thread.start` for this thread, while any thread is inside."""
    global _running
    outer = getattr(_inside, "process", None)
    with _lock:
        _running += 1
        os._exit, threading.Thread.start = _exit, _start  # type: ignore[method-assign,assignment]
    _inside.process = os.getpid()
    try:
        yield
    finally:
        _inside.process = outer
        with _lock:
            _running -= 1
            if not _running:
                os._exit, threading.Thread.start = _real_exit, _real_start  # type: ignore[method-assign]


def _exit(status: int) -> NoReturn:
    # A child that was forked in here must really end: it is not the program.
    if getattr(_inside, "process", None) == os.getpid():
        raise SystemExit(status)
    _real_exit(status)


def _start(thread: threading.Thread, *arguments: Any) -> None:
    if getattr(_inside, "process", None) == os.getpid():
        with contextlib.suppress(RuntimeError):  # it was started before, which the real start says better
            thread.daemon = True
    _real_start(thread, *arguments)

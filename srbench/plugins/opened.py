"""Notices which data files run code opens, such as weights that a plugin loads without declaring them.

Python's own opening is seen wherever the file lies (`sys.addaudithook`). Libraries that open files in native code, as
safetensors and torch.jit do, are seen on Linux in the folders that are watched (inotify).
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import sysconfig
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from srbench import images
from srbench.plugins.watching import Watch

_CODE = frozenset(
    {".py", ".pyc", ".pyi", ".so", ".pyd", ".dylib", ".nbi", ".nbc", ".h", ".hpp", ".c", ".cpp", ".cu", ".ptx"}
)
_CACHES = ("__pycache__", "site-packages", "dist-packages", ".triton", ".git")
_SYSTEM = ("/proc", "/sys", "/dev", "/etc", "/run", "/usr", "/lib", "/lib64", "/bin", "/sbin")

_recording = threading.local()


class Opened:
    """The files that were opened, each with the content that it had when `settle` was called next.

    Args:
        since: A time in nanoseconds. What was written later is a product of the code that runs, not an input of it.
    """

    def __init__(self, since: int | None = None) -> None:
        self._since = since
        self._new: dict[str, None] = {}
        self._hashes: dict[str, str] = {}

    def add(self, path: str) -> None:
        """Note one file, whatever it is."""
        self._new[path] = None

    def settle(self) -> None:
        """Take the checksums of the data files noted since the last call."""
        for path in dict.fromkeys(str(Path(path).resolve()) for path in self._new):
            if path not in self._hashes and _is_data(path):
                with contextlib.suppress(OSError):  # it may not be read any more
                    if self._since is None or Path(path).stat().st_mtime_ns < self._since:
                        self._hashes[path] = sha256(Path(path))
        self._new.clear()

    def hashes(self, without: Iterable[Path] = ()) -> dict[str, str]:
        """Return {absolute path: SHA-256} of the data files among them.

        Code, files of Python and the system, caches, and what was gone again do not count.

        Args:
            without: Files that are known already.
        """
        self.settle()
        known = {str(path.resolve()) for path in without}
        return {path: sha256 for path, sha256 in self._hashes.items() if path not in known}


@contextlib.contextmanager
def recorded(into: Opened | None = None, watch: Watch | None = None) -> Iterator[Opened]:
    """Note the files that this thread opens in the block, and those that anybody opens in watched folders.

    Args:
        into: Where to note them; something new when None.
        watch: Folders to watch, or None.
    """
    opened = into or Opened()
    _listen()
    outer = getattr(_recording, "opened", None)
    _recording.opened = opened
    try:
        yield opened
    finally:
        _recording.opened = outer
        for path in watch.events() if watch else ():
            opened.add(path)


def changed(hashes: Mapping[str, str]) -> list[str]:
    """Return those of {path: SHA-256} whose content is another now, or that are gone."""
    return [path for path, before in hashes.items() if _sha256_now(path) != before]


def _sha256_now(path: str) -> str | None:
    try:
        return sha256(Path(path))
    except OSError:
        return None


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file; one that has not been touched since is not read again.

    Raises:
        OSError: It cannot be read.
    """
    about = path.stat()
    return _sha256(path, about.st_ino, about.st_size, about.st_mtime_ns)


@functools.lru_cache(maxsize=4096)
def _sha256(path: Path, inode: int, size: int, changed_ns: int) -> str:  # noqa: ARG001 - the key of the cache
    return images.file_sha256(path)


def _is_data(path: str) -> bool:
    parts = Path(path).parts
    return (
        os.path.splitext(path)[1].lower() not in _CODE  # noqa: PTH122 - one string is quicker than a Path
        and not any(part in _CACHES or part.startswith("torchinductor_") for part in parts)
        and not any(path.startswith(f"{place}{os.sep}") for place in _python_folders())
        and Path(path).is_file()
    )


@functools.cache
def _python_folders() -> tuple[str, ...]:
    own = (sys.prefix, sys.base_prefix, *sysconfig.get_paths().values())
    return (*_SYSTEM, *dict.fromkeys(str(Path(place).resolve()) for place in own))


@functools.cache
def _listen() -> None:
    # A hook cannot be taken away again: it is set when a plugin of one's own is met for the first time.
    sys.addaudithook(_hear)


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if event != "open":
        return
    opened = getattr(_recording, "opened", None)
    if opened is None:
        return
    path, _, flags = arguments
    if isinstance(path, (str, bytes)) and isinstance(flags, int) and (flags & os.O_ACCMODE) != os.O_WRONLY:
        opened.add(os.path.abspath(os.fsdecode(path)))  # noqa: PTH100 - as it was meant at this moment

"""Watches folders for files that anybody opens in them, native code included; only Linux tells (inotify)."""

from __future__ import annotations

import ctypes
import itertools
import os
import struct
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

_IN_OPEN, _IN_ISDIR, _IN_ONLYDIR = 0x20, 0x40000000, 0x01000000
_EVENT = struct.Struct("iIII")
_MOST_FOLDERS, _DEPTH = 200, 4


class Watch:
    """Watches some folders and those in them until it is closed or forgotten.

    Where the system cannot do it, nothing is watched: that is a loss of warning, not of work.

    Args:
        folders: Each is watched with its sub-folders and the targets of links in it, four levels deep and 200 in
            all; hidden ones are left out.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders: dict[int, str] = {}
        self._queue = -1
        if not sys.platform.startswith("linux"):
            return
        libc = ctypes.CDLL(None, use_errno=True)
        self._queue = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._queue < 0:
            return
        for folder in itertools.islice((place for root in folders for place in _tree(root)), _MOST_FOLDERS):
            number = libc.inotify_add_watch(self._queue, os.fsencode(folder), _IN_OPEN | _IN_ONLYDIR)
            if number >= 0:
                self._folders[number] = folder

    def __del__(self) -> None:
        if self._queue >= 0:
            os.close(self._queue)
            self._queue = -1

    def events(self) -> Iterator[str]:
        """Yield the files that were opened since the last call."""
        while self._queue >= 0:
            try:
                data = os.read(self._queue, 1 << 16)
            except OSError:  # nothing more
                return
            offset = 0
            while offset < len(data):
                number, mask, _, length = _EVENT.unpack_from(data, offset)
                offset += _EVENT.size + length
                name = data[offset - length : offset].rstrip(b"\0")
                if name and number in self._folders and not mask & _IN_ISDIR:
                    yield os.path.join(self._folders[number], os.fsdecode(name))  # noqa: PTH118


def _tree(folder: Path) -> Iterator[str]:
    depth = len(folder.parts) + _DEPTH
    for place, inside, files in os.walk(folder, followlinks=True):
        visible = [name for name in sorted(inside) if not name.startswith((".", "__"))]
        inside[:] = visible if len(Path(place).parts) < depth else []
        yield place
        # The system tells of the file itself where it lies, not of the link that led there.
        links = (os.path.realpath(entry) for entry in map(Path(place).joinpath, files) if entry.is_symlink())
        yield from dict.fromkeys(map(os.path.dirname, links))

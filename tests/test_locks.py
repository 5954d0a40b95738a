"""Locks on a folder: shared or alone, given back by closing, and one clear line where there can be none."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from srbench import locks
from srbench.errors import RunError


def take(folder: Path, how: int) -> bool:
    with locks.opened(folder, ".lock", RunError) as lock:
        return locks.taken(lock, how, folder, RunError)


def test_a_shared_lock_keeps_out_who_wants_to_be_alone_and_nobody_else(tmp_path: Path) -> None:
    with locks.opened(tmp_path / "new", ".lock", RunError) as lock:
        assert locks.taken(lock, locks.SHARED, tmp_path, RunError)
        assert take(tmp_path / "new", locks.SHARED)
        assert not take(tmp_path / "new", locks.ALONE)
    assert take(tmp_path / "new", locks.ALONE)


def test_where_nothing_can_be_written_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"Cannot write to .*file/run: Not a directory. Name another folder with --out."):
        take(tmp_path / "file" / "run", locks.ALONE)


def test_a_file_system_without_locks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with pytest.raises(RunError, match=r"No locks available\. Its file system needs locks"):
        take(tmp_path, locks.ALONE)

"""Data files that running code opens are noticed, by Python and in native code, and nothing else is."""

from __future__ import annotations

import ctypes
import hashlib
import os
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from srbench.plugins.opened import Opened, changed, recorded
from srbench.plugins.watching import Watch

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells what native code opens")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "w.npy"
    np.save(path, np.arange(5.0))
    return path


def test_a_file_opened_by_python_is_noticed_with_its_checksum(weights: Path) -> None:
    with recorded() as opened:
        np.load(weights)
    np.load(weights.with_name("w.npy"))
    assert opened.hashes() == {str(weights): hashlib.sha256(weights.read_bytes()).hexdigest()}
    assert opened.hashes(without=[weights]) == {}


@pytest.mark.parametrize("read", [Path.read_bytes, os.path.realpath, torch.load, lambda p: os.close(os.open(p, 0))])
def test_it_is_opening_that_counts_however_it_is_done(read: object, tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    torch.save({"a": torch.ones(3)}, path)
    with recorded() as opened:
        read(path)  # type: ignore[operator]
    assert list(opened.hashes()) == ([] if read is os.path.realpath else [str(path)])


def test_a_relative_path_means_the_folder_of_that_moment(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(weights.parent)
    with recorded() as opened:
        np.load("w.npy")
    monkeypatch.chdir("/")
    assert list(opened.hashes()) == [str(weights)]


def test_the_content_that_was_opened_counts_not_what_came_later(weights: Path) -> None:
    before = hashlib.sha256(weights.read_bytes()).hexdigest()
    with recorded() as opened:
        np.load(weights)
    opened.settle()
    np.save(weights, np.arange(6.0))
    assert opened.hashes() == {str(weights): before}


def test_code_caches_libraries_and_what_is_written_do_not_count(tmp_path: Path) -> None:
    for name in ("module.py", "__pycache__/x.bin", "gone.bin"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    with recorded() as opened:
        for name in ("module.py", "__pycache__/x.bin", "gone.bin"):
            (tmp_path / name).read_bytes()
        (tmp_path / "made.bin").write_bytes(b"x")
        Path(np.__file__).read_bytes()
        Path("/proc/self/status").read_bytes()
        with Path("/dev/null").open("rb"):
            pass
        (tmp_path / "gone.bin").unlink()
    assert opened.hashes() == {}


def test_what_the_code_itself_made_is_no_input_of_it(weights: Path, tmp_path: Path) -> None:
    time.sleep(0.02)  # the clock of file systems ticks more slowly than time_ns
    opened = Opened(since=time.time_ns())
    time.sleep(0.02)
    with recorded(opened):
        (tmp_path / "scratch.bin").write_bytes(b"x")
        (tmp_path / "scratch.bin").read_bytes()
        weights.read_bytes()
    assert list(opened.hashes()) == [str(weights)]


def test_another_thread_is_somebody_else(weights: Path) -> None:
    with recorded() as opened:
        thread = threading.Thread(target=weights.read_bytes)
        thread.start()
        thread.join()
    assert opened.hashes() == {}


def test_changed_names_files_of_another_content_and_those_that_are_gone(weights: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.bin"
    other.write_bytes(b"1")
    with recorded() as opened:
        weights.read_bytes()
        other.read_bytes()
    hashes = opened.hashes()
    assert changed(hashes) == []
    os.utime(weights)
    assert changed(hashes) == []
    weights.write_bytes(b"2")
    assert changed(hashes) == [str(weights)]
    other.unlink()
    assert changed(hashes) == [str(weights), str(other)]


@linux
def test_native_code_that_opens_a_file_in_a_watched_folder_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    path = tmp_path / "deep" / "er" / "w.safetensors"
    save_file({"a": torch.ones(3)}, path)
    with recorded() as opened:
        load_file(path)
    assert opened.hashes() == {}  # Python does not hear of it
    with recorded(watch=Watch([tmp_path])) as opened:
        load_file(path)
    assert list(opened.hashes()) == [str(path)]


@linux
def test_a_watch_follows_links_and_leaves_hidden_folders_alone(tmp_path: Path) -> None:
    for name in ("elsewhere/target.bin", "plugin/.hidden/x.bin", "plugin/plain.bin"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "plugin" / "link.bin").symlink_to(tmp_path / "elsewhere" / "target.bin")
    watch = Watch([tmp_path / "plugin"])
    libc = ctypes.CDLL(None)
    for name in ("plugin/link.bin", "plugin/.hidden/x.bin", "plugin/plain.bin"):
        os.close(libc.open(os.fsencode(tmp_path / name), os.O_RDONLY))
    assert list(watch.events()) == [str(tmp_path / "elsewhere" / "target.bin"), str(tmp_path / "plugin" / "plain.bin")]
    assert list(watch.events()) == []


def test_a_watch_of_a_folder_that_is_not_there_sees_nothing(tmp_path: Path) -> None:
    assert list(Watch([tmp_path / "gone"]).events()) == []

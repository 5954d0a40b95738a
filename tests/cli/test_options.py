"""Lists in options: what is one entry although it holds commas."""

from __future__ import annotations

from pathlib import Path

import pytest

from srbench.cli.options import split_all


def test_commas_separate_and_an_option_may_be_repeated() -> None:
    assert split_all(["a,b", "b,c"]) == ["a", "b", "c"]


@pytest.mark.parametrize("kind", ["results", "spandrel", "model"])
def test_a_path_that_exists_is_one_entry_commas_and_all(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / "one,two"
    folder.mkdir()
    (folder / "net.pth").write_bytes(b"")
    names = [f"{kind}:{folder}", f"{kind}:{folder / 'net.pth'}", str(folder)]
    assert split_all(names) == names
    assert split_all([f"{kind}:{tmp_path}/a,{kind}:{tmp_path}/b"]) == [f"{kind}:{tmp_path}/a", f"{kind}:{tmp_path}/b"]


def test_a_command_is_one_entry_commas_and_all() -> None:
    command = "command:prog --size 3,4 {lr} {sr}"
    assert split_all([command, "bicubic,nearest"]) == [command, "bicubic", "nearest"]

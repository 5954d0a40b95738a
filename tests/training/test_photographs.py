"""Photographs are found in folders, once each, and packed so that every one can be cut out again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from srbench import images
from srbench.errors import TrainingError
from srbench.training import photographs
from tests.training.conftest import picture


def test_folders_are_searched_to_the_bottom_and_each_file_counts_once(tmp_path: Path) -> None:
    for name in ("b/2.png", "a/deep/1.PNG", "a/3.jpg", "a/notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = photographs.find([tmp_path / "a", tmp_path / "b" / "2.png", tmp_path / "b", tmp_path / "a"])
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["a/3.jpg", "a/deep/1.PNG", "b/2.png"]


def test_a_folder_without_photographs_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(TrainingError, match=f"found none in {tmp_path}. Check --data"):
        photographs.find([tmp_path])


@pytest.mark.parametrize("luma", [False, True])
def test_every_photograph_can_be_cut_out_of_the_packed_ones(luma: bool) -> None:
    pictures = [(Path(f"{seed}.png"), picture(seed, 40 + seed, 50 - seed)) for seed in range(3)]
    packed = photographs.pack([*pictures, (Path("small.png"), picture(9, 39, 90))], 40, luma)
    assert packed.files == tuple(path for path, _ in pictures)
    assert len(packed) == 3
    for number, (_, image) in enumerate(pictures):
        height, width = int(packed.heights[number]), int(packed.widths[number])
        begin = int(packed.offsets[number])
        samples = packed.pixels[begin : begin + packed.channels * height * width].numpy()
        planes = samples.reshape(packed.channels, height, width)
        np.testing.assert_array_equal(planes, images.luma(image)[None] if luma else image.transpose(2, 0, 1))


def test_photographs_that_are_all_too_small_say_what_to_change() -> None:
    with pytest.raises(TrainingError, match=r"None of the 2 photographs has 64 pixels on each side.*--crop"):
        photographs.pack([(Path("a"), picture(0, 63, 99)), (Path("b"), picture(1, 99, 63))], 64)

"""What a run is started with: which photographs are held out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from srbench import images
from srbench.errors import TrainingError
from srbench.training.launch import held_out


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(7):
        images.write(tmp_path / f"{number}.png", np.full((8, 8, 3), number, np.uint8))
    return tmp_path


@pytest.mark.parametrize(("count", "names"), [(1, "0"), (2, "03"), (3, "024"), (7, "0123456"), (20, "0123456")])
def test_held_out_photographs_are_spread_over_the_folder_and_each_is_taken_once(
    folder: Path, count: int, names: str
) -> None:
    assert [path.stem for path in held_out(folder, count)] == list(names)


def test_nothing_is_held_out_where_nothing_is_asked_for(folder: Path) -> None:
    assert held_out(folder, 0) == []
    assert held_out(None, 20) == []


def test_a_folder_without_photographs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=f"Expected a folder with photographs, but found none in {tmp_path}"):
        held_out(tmp_path, 20)

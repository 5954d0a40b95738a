"""Checkpoints are whole or not there."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from srbench.errors import TrainingError
from srbench.training import checkpoints
from srbench.training.checkpoints import Checkpoint


def test_a_vanished_disk_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(TrainingError, match="Cannot write the checkpoint of step 3"):
        checkpoints.save(tmp_path / "file" / "run", Checkpoint(3, 1.0, {"a": torch.zeros(2)}, {}))


def test_a_checkpoint_with_nan_is_not_written(tmp_path: Path) -> None:
    checkpoints.save(tmp_path, Checkpoint(1, 1.0, {"a": torch.zeros(2)}, {}))
    with pytest.raises(TrainingError, match="nothing was written"):
        checkpoints.save(tmp_path, Checkpoint(2, 1.0, {"a": torch.tensor([1.0, float("nan")])}, {}))
    assert checkpoints.load(tmp_path).step == 1


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    path = checkpoints.save(tmp_path, Checkpoint(1, 1.0, {"a": torch.zeros(2)}, {}))
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(TrainingError, match="is damaged"):
        checkpoints.load(tmp_path)
    with pytest.raises(TrainingError, match="no complete checkpoint"):
        checkpoints.load(tmp_path / "nowhere")


def test_only_two_checkpoints_are_kept_and_the_index_names_the_last(tmp_path: Path) -> None:
    for step in range(5):
        checkpoints.save(tmp_path, Checkpoint(step, 1.0, {"a": torch.full((2,), float(step))}, {}))
    assert len(list(tmp_path.glob("*.safetensors"))) == 2
    assert checkpoints.load(tmp_path).tensors["a"].tolist() == [4.0, 4.0]

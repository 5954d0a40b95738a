"""The averaged weights of a run: where they are kept, and what they say about themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from srbench import weights
from srbench.errors import TrainingError
from srbench.methods.espcn.network import ESPCN
from srbench.training import averaged
from srbench.training.checkpoints import Checkpoint


@pytest.fixture
def checkpoint() -> Checkpoint:
    config = {"name": "espcn", "plan": {"scale": 4}, "places": {"data": ["/home/somebody"]}}
    return Checkpoint(7, 1.5, {}, config, {"features": "random"})


@pytest.fixture
def run(tmp_path: Path, checkpoint: Checkpoint) -> Path:
    network = ESPCN(4)
    averaged.write(tmp_path / averaged.FILE, network, checkpoint)
    averaged.write(tmp_path / averaged.BEST, network, checkpoint, psnr=31.25)
    averaged.write(averaged.kept(tmp_path, 5), network, checkpoint)
    return tmp_path


def test_what_is_written_is_read_again_without_the_users_places(run: Path, checkpoint: Checkpoint) -> None:
    found = averaged.read(run)
    assert (found.step, found.seconds) == (7, 1.5)
    assert found.config == {"name": "espcn", "plan": {"scale": 4}}
    assert found.notes == {"features": "random"}
    torch.manual_seed(0)
    network = ESPCN(4)
    averaged.write(run / averaged.FILE, network, checkpoint)
    tensors = averaged.read(run / averaged.FILE).tensors
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensors[f"average.{name}"], tensor)


def test_a_run_a_step_and_the_best_are_found_by_name(run: Path) -> None:
    assert averaged.locate(str(run)) == run
    assert averaged.locate(f"{run}@best") == run / averaged.BEST
    assert averaged.locate(f"{run}@5") == run / "weights-000000005.safetensors"
    assert averaged.locate(f"{run}@7") == run / averaged.FILE  # the last step is that of the last weights
    with pytest.raises(TrainingError, match=r"kept no weights of '6'; there are 5, best\. Train with --keep-every N"):
        averaged.locate(f"{run}@6")
    with pytest.raises(TrainingError, match=r"There is no run .*nowhere"):
        averaged.locate(str(run / "nowhere"))


def test_a_folder_whose_name_has_an_at_sign_is_a_folder(run: Path) -> None:
    odd = run.rename(run.parent / "mine@home")
    assert averaged.locate(str(odd)) == odd
    assert averaged.locate(f"{odd}@best") == odd / averaged.BEST


def test_the_best_figure_is_kept_with_the_best_weights(run: Path) -> None:
    assert averaged.best_psnr(run) == 31.25
    (run / averaged.BEST).write_bytes(b"torn")
    assert averaged.best_psnr(run) is None
    assert averaged.best_psnr(run / "none") is None


def test_weights_that_no_run_has_written_are_told_apart(run: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    weights.write(other, ESPCN(4), 4, {})
    assert averaged.is_averaged(run / averaged.FILE)
    assert not averaged.is_averaged(other)
    assert not averaged.is_averaged(tmp_path / "none.safetensors")
    with pytest.raises(TrainingError, match="does not say which training it comes from"):
        averaged.read(other)

"""Weights that a run starts from, wherever they come from, fit the network or are refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from srbench import registry
from srbench.errors import TrainingError, WeightsError
from srbench.methods.espcn.network import ESPCN
from srbench.training import averaged, initial
from srbench.training.checkpoints import Checkpoint


def network() -> ESPCN:
    torch.manual_seed(1)
    return ESPCN(4)


def test_a_methods_name_brings_the_weights_that_it_runs_with() -> None:
    made = network()
    note = initial.load(made, "espcn", "espcn", 4)
    path = registry.find("espcn")[0].weights[4]
    other = network()
    assert initial.load(other, str(path), "espcn", 4) == note
    assert note.startswith(f"{path.name} ")
    for one, same, random in zip(made.parameters(), other.parameters(), network().parameters(), strict=True):
        assert torch.equal(one, same)
        assert not torch.equal(one, random)


def test_a_run_brings_its_averaged_weights_and_says_how_old_they_are(tmp_path: Path) -> None:
    source = network()
    with torch.no_grad():
        for parameter in source.parameters():
            parameter.add_(1)
    checkpoint = Checkpoint(12, 1.0, {}, {"name": "espcn", "plan": {"scale": 4}}, {})
    averaged.write(tmp_path / averaged.FILE, source, checkpoint)
    made = network()
    assert initial.load(made, str(tmp_path), "espcn", 4) == "espcn after 12 steps"
    assert all(torch.equal(a, b) for a, b in zip(made.parameters(), source.parameters(), strict=True))


@pytest.mark.parametrize("change", ["renamed", "missing", "another shape"])
def test_weights_of_another_network_are_refused_with_what_does_not_match(change: str, tmp_path: Path) -> None:
    tensors = {name: tensor.clone() for name, tensor in network().state_dict().items()}
    first = next(iter(tensors))
    tensor = tensors.pop(first)
    if change == "renamed":
        tensors["other.weight"] = tensor
    if change == "another shape":
        tensors[first] = torch.zeros(3)
    save_file(tensors, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match=r"weights of another network") as raised:
        initial.load(network(), str(tmp_path / "other.safetensors"), "espcn", 4)
    assert first in str(raised.value) or "other.weight" in str(raised.value)


def test_what_is_no_source_of_weights_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="Cannot start from 'nothing': it is no run's folder, no weight file"):
        initial.load(network(), "nothing", "espcn", 4)
    with pytest.raises(TrainingError, match="There are no weights of bicubic for x4"):
        initial.load(network(), "bicubic", "espcn", 4)
    torn = tmp_path / "torn.safetensors"
    torn.write_bytes(b"\x00" * 20)
    with pytest.raises(WeightsError, match=r"torn\.safetensors"):
        initial.load(network(), str(torn), "espcn", 4)

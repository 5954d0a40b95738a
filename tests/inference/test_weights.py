"""Weight files: what was stored comes back, and everything else is refused with what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from srbench import weights
from srbench.errors import WeightsError
from srbench.images import file_sha256
from srbench.methods.espcn.network import ESPCN
from srbench.methods.srcnn.network import SRCNN
from srbench.methods.srresnet.network import SRResNet

CARD = {"data": "random numbers", "iterations": 0, "scores": {"Set5": "6 dB", "Set14": "7 dB"}, "licence": "CC0"}


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    path = tmp_path / "weights" / "espcn-x4.safetensors"
    weights.save(path, ESPCN(4), 4, CARD)
    return path


def test_weights_come_back_bit_for_bit_in_evaluation_mode(tmp_path: Path) -> None:
    network = SRResNet(2, blocks=1, bn=True, width=8)
    weights.save(tmp_path / "a.safetensors", network, 2, CARD)
    loaded = weights.load(tmp_path / "a.safetensors", SRResNet, 2)
    assert not loaded.training
    assert loaded.arguments == network.arguments
    assert all(torch.equal(value, loaded.state_dict()[name]) for name, value in network.state_dict().items())


def test_half_precision_halves_the_kernels_and_keeps_everything_else(tmp_path: Path) -> None:
    network = SRResNet(2, blocks=1, width=32)
    network.body[0].layers[1].running_var.fill_(1e6)  # type: ignore[union-attr, index, operator]
    for half in (False, True):
        weights.save(tmp_path / f"{half}.safetensors", network, 2, CARD, half=half)
    assert (tmp_path / "True.safetensors").stat().st_size < 0.55 * (tmp_path / "False.safetensors").stat().st_size
    loaded = weights.load(tmp_path / "True.safetensors", SRResNet, 2)
    assert loaded.last.weight.dtype == torch.float32
    assert torch.allclose(loaded.last.weight, network.last.weight, atol=1e-4)
    for name, value in network.state_dict().items():
        assert value.ndim > 1 or torch.equal(value, loaded.state_dict()[name])


def test_the_card_lies_beside_the_weights_as_json_and_as_markdown(stored: Path) -> None:
    card = json.loads(stored.with_suffix(".json").read_text())
    assert card["sha256"] == file_sha256(stored)
    assert card["scores"] == CARD["scores"]
    page = stored.with_suffix(".md").read_text()
    assert page.startswith("# espcn-x4\n")
    assert "- **Data**: random numbers" in page
    assert "  - Set5: 6 dB" in page


def test_other_kernels_than_the_default_come_back(tmp_path: Path) -> None:
    weights.save(tmp_path / "a.safetensors", SRCNN((9, 5, 5)), 4, CARD)
    assert weights.load(tmp_path / "a.safetensors", SRCNN, 4).halo == 8


def refusal(path: Path, kind: type = ESPCN, scale: int = 4) -> str:
    with pytest.raises(WeightsError) as caught:
        weights.load(path, kind, scale)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "There is no weight file" in refusal(tmp_path / "x.safetensors")


def test_another_architecture_is_refused(stored: Path) -> None:
    assert "holds weights of 'espcn', expected 'srresnet'" in refusal(stored, SRResNet)


def test_another_scale_is_refused(stored: Path) -> None:
    assert "was trained for x4, expected x3. Ask for --scale 4." in refusal(stored, scale=3)


@pytest.mark.parametrize("length", [0, 7, 500, 50_000])
def test_a_file_that_was_cut_off_is_refused(stored: Path, length: int) -> None:
    stored.write_bytes(stored.read_bytes()[:length])
    assert "is damaged or no safetensors file" in refusal(stored)


def test_one_flipped_bit_is_noticed(stored: Path) -> None:
    data = bytearray(stored.read_bytes())
    data[-1000] ^= 1
    stored.write_bytes(data)
    assert "is damaged: its values do not have the checksum it states" in refusal(stored)


def test_a_pickle_is_refused_and_never_opened(tmp_path: Path) -> None:
    path = tmp_path / "espcn-x4.safetensors"
    torch.save(ESPCN(4).state_dict(), path)
    assert "no safetensors file" in refusal(path)


def test_a_foreign_safetensors_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "foreign.safetensors"
    save_file({"a": torch.zeros(3)}, path)
    assert "was not written by srbench" in refusal(path)


def test_tensors_that_do_not_fit_the_arguments_are_refused(tmp_path: Path) -> None:
    path, network = tmp_path / "a.safetensors", ESPCN(4)
    network.arguments = {"scale": 2}
    weights.save(path, network, 4, CARD)
    assert "does not fit 'espcn'" in refusal(path)
    network.arguments = {"depth": 2}
    weights.save(path, network, 4, CARD)
    assert "does not fit 'espcn'" in refusal(path)


def test_the_note_comes_from_the_card_of_x4_first(tmp_path: Path) -> None:
    files = weights.paths(str(tmp_path / "__init__.py"), "espcn", (2, 3, 4))
    assert weights.note(files) == ""
    weights.save(files[2], ESPCN(2), 2, {**CARD, "note": "two"})
    assert weights.note(files) == "two"
    weights.save(files[4], ESPCN(4), 4, {**CARD, "note": "features: random VGG19"})
    assert weights.note(files) == "features: random VGG19"
    files[4].with_suffix(".json").write_text("{")
    assert weights.note(files) == "two"

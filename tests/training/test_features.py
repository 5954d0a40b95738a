"""Features are called by what they are, and their hash is that of what computes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from srbench.errors import SrbenchError, TrainingError
from srbench.training import features, vgg
from tests.training.conftest import named, narrow


def test_random_features_are_the_same_everywhere_and_answer_to_no_constant() -> None:
    first, facts = features.load("random", (2, 2))
    second, again = features.load("random", (2, 2))
    assert facts == again
    assert facts["features"] == "random VGG19, phi_2,2"
    assert first.layers[0].weight.sum((2, 3)).abs().max() < 1e-5
    assert features.digest(first) == features.digest(second) == facts["features_sha256"]


@pytest.mark.parametrize(("network", "layer"), [("VGG16", "phi_5,3"), ("VGG19", "phi_5,4")])
def test_an_unknown_file_is_named_with_its_network_and_layer(tmp_path: Path, network: str, layer: str) -> None:
    save_file(named(network, narrow(network), "halves"), tmp_path / "mine.safetensors")
    loaded, facts = features.load(str(tmp_path / "mine.safetensors"), (5, 4))
    assert facts["features"] == f"{network} of unknown training (mine), {layer}"
    assert len(facts["features_sha256"]) == 64
    assert not any(parameter.requires_grad for parameter in loaded.parameters())


def test_a_known_file_is_named_by_what_it_is_and_its_input_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from srbench.images import file_sha256

    path = tmp_path / "downloaded.pth"
    torch.save(named("VGG19", narrow("VGG19"), "torchvision"), path)
    plain, _ = features.load(str(path), (2, 2))
    monkeypatch.setitem(features._FILES, file_sha256(path)[:8], ("ImageNet VGG19", vgg.CAFFE))
    known, facts = features.load(str(path), (2, 2))
    assert facts["features"] == "ImageNet VGG19, phi_2,2"
    assert (plain.top, known.top) == (1.0, 255.0)
    assert torch.equal(known.layers[0].weight, plain.layers[0].weight.flip(1))


def test_torchvisions_own_files_are_known_by_the_hash_in_their_address() -> None:
    from torchvision.models import VGG16_Weights, VGG19_Weights

    for weights, name in ((VGG19_Weights, "ImageNet VGG19"), (VGG16_Weights, "ImageNet VGG16")):
        digits = weights.IMAGENET1K_V1.url.rpartition("-")[2].removesuffix(".pth")
        assert features._FILES[digits] == (name, vgg.TORCHVISION)


def test_the_authors_vgg16_is_known_in_any_file(shared: Path, tmp_path: Path) -> None:
    path = shared / "features" / "vgg16_imagenet.safetensors"
    if not path.is_file():
        pytest.skip(f"needs {path.name}, see docs/training.md for how to make it")
    _, facts = features.load(str(path), (5, 4))
    assert facts["features"] == "ImageNet VGG16, phi_5,3"
    # Under torchvision's names they would be taken for torchvision's, were they not known.
    tensors, renamed = load_file(path), {}
    for number, (i, j) in enumerate(vgg.through("VGG16")):
        for kind in ("weight", "bias"):
            renamed[f"features.{2 * number + i - 1}.{kind}"] = tensors[f"block{i}_conv{j}.{kind}"].float()
    save_file(renamed, tmp_path / "other.safetensors")
    assert features.load(str(tmp_path / "other.safetensors"), (5, 4))[1] == facts


def test_wrong_features_get_one_clear_line() -> None:
    with pytest.raises(TrainingError, match="no layer 6,1"):
        features.load("random", (6, 1))
    with pytest.raises(SrbenchError, match="Found no VGG weights 'nothing'"):
        features.load("nothing", (2, 2))


def test_imagenet_without_a_network_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("NO_PROXY", "")
    with pytest.raises(TrainingError, match=r"--vgg FILE; a file with VGG16"):
        features.load("imagenet", (2, 2))

"""Each loss is the paper's formula, and its gradient is the numerical one."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from srbench.errors import SrbenchError, TrainingError, WeightsError
from srbench.training import features, losses


def image(*shape: int) -> torch.Tensor:
    return torch.rand(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(3)).requires_grad_()


def test_gradients_agree_with_finite_differences() -> None:
    sr, hr = image(2, 3, 6, 5), torch.rand(2, 3, 6, 5, dtype=torch.float64)
    logits, others = image(7), torch.linspace(-2, 2, 7, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: losses.pixel(x, hr), sr)
    assert torch.autograd.gradcheck(losses.total_variation, sr)
    assert torch.autograd.gradcheck(losses.adversarial, logits)
    assert torch.autograd.gradcheck(lambda x: losses.discriminator(x, others), logits)


def test_the_gradient_of_the_content_loss_agrees_with_finite_differences() -> None:
    network, _ = features.load("random", (1, 2))
    content = losses.Content(network.double(), weight=1.0)
    sr, hr = image(1, 3, 4, 4), torch.rand(1, 3, 4, 4, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: content(x, hr), sr)


def test_adversarial_losses_are_the_logarithms_of_the_paper() -> None:
    logits = torch.tensor([0.3, -2.0])
    assert losses.adversarial(logits).item() == pytest.approx(-torch.sigmoid(logits).log().mean().item(), rel=1e-5)
    real, fake = torch.tensor([0.0]), torch.tensor([0.0])
    assert losses.discriminator(real, fake).item() == pytest.approx(2 * math.log(2))


def test_total_variation_counts_an_edge_by_its_length_and_height() -> None:
    step = torch.zeros(1, 1, 5, 5)
    step[..., 3:] = 2.0
    assert losses.total_variation(step).item() == pytest.approx(4 * 2.0, rel=1e-4)


def test_calibration_makes_content_as_large_as_mse() -> None:
    network, _ = features.load("random", (2, 2))
    content = losses.Content(network)
    hr = torch.rand(2, 3, 16, 16) * 2 - 1
    sr = hr + 0.1 * torch.randn_like(hr)
    weight = content.calibrate(sr, hr)
    assert weight > 0
    assert content(sr, hr).item() == pytest.approx(losses.pixel(sr, hr).item(), rel=1e-4)


def test_layers_of_vgg19_are_numbered_as_in_torchvision() -> None:
    import torchvision

    with torch.device("meta"):
        theirs = torchvision.models.vgg19(weights=None).features
    ours = features.Features((5, 4)).layers
    for mine, other in zip(ours, theirs, strict=False):
        assert type(mine) is type(other)
        if isinstance(mine, nn.Conv2d):
            assert mine.weight.shape == other.weight.shape


def test_random_features_are_the_same_everywhere_and_answer_to_no_constant() -> None:
    first, facts = features.load("random", (2, 2))
    second, again = features.load("random", (2, 2))
    assert facts == again
    assert "substitute" in facts["features"]
    assert first.layers[0].weight.sum((2, 3)).abs().max() < 1e-5
    assert features.digest(first) == features.digest(second)


def test_weights_of_torchvision_in_a_file_are_taken(tmp_path) -> None:
    layers = nn.Sequential(*features.convolutions((2, 2)))
    torch.save({f"features.{name}": value for name, value in layers.state_dict().items()}, tmp_path / "vgg.pth")
    network, _ = features.load(str(tmp_path / "vgg.pth"), (2, 2))
    assert torch.equal(network.layers[5].weight, layers[5].weight)
    assert all(not p.requires_grad for p in losses.Content(network).parameters())


def test_wrong_features_get_one_clear_line(tmp_path) -> None:
    with pytest.raises(TrainingError, match="no layer 6,1"):
        features.load("random", (6, 1))
    with pytest.raises(WeightsError, match="Found no VGG19 weights 'nothing'"):
        features.load("nothing", (2, 2))
    (tmp_path / "bad.pth").write_bytes(b"no weights")
    with pytest.raises(WeightsError, match="Cannot read VGG19 weights"):
        features.load(str(tmp_path / "bad.pth"), (2, 2))
    torch.save({"other": torch.zeros(1)}, tmp_path / "foreign.pth")
    with pytest.raises(WeightsError, match="does not hold the weights of torchvision's VGG19"):
        features.load(str(tmp_path / "foreign.pth"), (2, 2))


def test_imagenet_without_a_network_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("NO_PROXY", "")
    with pytest.raises(SrbenchError, match=r"--vgg FILE, or use the substitute --vgg random"):
        features.load("imagenet", (2, 2))

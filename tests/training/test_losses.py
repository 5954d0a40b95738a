"""Each loss is the paper's formula, and its gradient is the numerical one."""

from __future__ import annotations

import math

import pytest
import torch

from srbench.errors import SrbenchError
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


def test_imagenet_without_a_network_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("NO_PROXY", "")
    with pytest.raises(SrbenchError, match=r"--vgg FILE; a file with VGG16"):
        features.load("imagenet", (2, 2))

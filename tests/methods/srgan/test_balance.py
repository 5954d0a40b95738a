"""The balanced weight is the ratio of gradients that autograd gives, and joined gradients are those of the sum."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from srbench.methods.srgan.balance import LIMIT, balanced_weight, joined
from srbench.methods.srgan.discriminator import Discriminator
from srbench.training import losses


def test_the_weighted_adversarial_gradient_is_as_long_as_was_asked() -> None:
    torch.manual_seed(3)
    judge = Discriminator(crop=16).eval()
    sr, hr = torch.rand(2, 3, 16, 16, requires_grad=True), torch.rand(2, 3, 16, 16)
    content = 1e-3 * losses.pixel(sr, hr)
    adversarial = losses.adversarial(judge(sr))
    pieces = [torch.autograd.grad(loss, sr, retain_graph=True)[0] for loss in (content, adversarial)]
    weight = balanced_weight(*pieces, 0.9)
    (whole,) = torch.autograd.grad(weight * adversarial, sr)
    assert whole.norm().item() == pytest.approx(0.9 * pieces[0].norm().item(), rel=1e-5)


def test_a_discriminator_without_a_gradient_gets_the_limit() -> None:
    assert balanced_weight(torch.ones(3), torch.zeros(3), 0.5) == LIMIT
    assert balanced_weight(torch.ones(3), torch.full((3,), 1e-12), 0.5) == LIMIT


def test_joined_gradients_train_a_network_as_the_weighted_sum_of_losses_does() -> None:
    torch.manual_seed(4)
    network = nn.Conv2d(3, 3, 3, padding=1).double()
    lr, hr = torch.rand(2, 3, 8, 8).double(), torch.rand(2, 3, 8, 8).double()
    weights = {"mse": 0.3, "phase": 100.0, "variation": 1e-3}

    def parts(sr: torch.Tensor) -> dict[str, torch.Tensor]:
        return {
            "mse": losses.pixel(sr, hr),
            "phase": losses.phase(sr, hr, 4),
            "variation": losses.total_variation(sr),
        }

    total = sum(weights[name] * loss for name, loss in parts(network(lr)).items())
    expected = torch.autograd.grad(total, list(network.parameters()))
    sr = network(lr)
    image = sr.detach().requires_grad_()
    gradient = joined({name: torch.autograd.grad(loss, image)[0] for name, loss in parts(image).items()}, weights)
    found = torch.autograd.grad((sr * gradient).sum(), list(network.parameters()))
    for one, other in zip(expected, found, strict=True):
        torch.testing.assert_close(one, other)

"""Each loss is the paper's formula, and its gradient is the numerical one."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from srbench import resize
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
    network.double()
    sr, hr = image(1, 3, 4, 4), torch.rand(1, 3, 4, 4, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: losses.content(network(x)[0], network(hr)[0]), sr)


def test_the_logarithmic_loss_is_psnr_but_for_its_floor_and_its_gradient_agrees_with_finite_differences() -> None:
    sr, hr = image(3, 2, 4, 4), torch.rand(3, 2, 4, 4, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: losses.logarithmic(losses.of_crops(x, hr), 1e-3), sr)
    psnr = [-10 * math.log10((a - b).square().mean().item()) for a, b in zip(sr.detach(), hr, strict=True)]
    loss = losses.logarithmic(losses.of_crops(sr, hr), 1e-12)
    assert -10 / math.log(10) * loss.item() == pytest.approx(sum(psnr) / 3)
    pulls = []
    for floor in (1e-3, 1e-12):
        near = (hr + 1e-4).requires_grad_()  # a squared error of 1e-8: as good as right
        (gradient,) = torch.autograd.grad(losses.logarithmic(losses.of_crops(near, hr), floor), near)
        pulls.append(gradient.norm().item())
    assert pulls[0] < 1e-4 * pulls[1]


def test_adversarial_losses_are_the_logarithms_of_the_paper() -> None:
    logits = torch.tensor([0.3, -2.0])
    assert losses.adversarial(logits).item() == pytest.approx(-torch.sigmoid(logits).log().mean().item(), rel=1e-5)
    real, fake = torch.tensor([0.0]), torch.tensor([0.0])
    assert losses.discriminator(real, fake).item() == pytest.approx(2 * math.log(2))


def test_total_variation_counts_an_edge_by_its_length_and_height() -> None:
    step = torch.zeros(1, 1, 5, 5)
    step[..., 3:] = 2.0
    assert losses.total_variation(step).item() == pytest.approx(4 * 2.0, rel=1e-4)


def test_a_label_below_one_asks_for_that_probability_of_real() -> None:
    real, fake = image(7) * 4 - 2, torch.linspace(-2, 2, 7, dtype=torch.float64)
    certain = torch.sigmoid(real)
    expected = -(0.9 * certain.log() + 0.1 * (1 - certain).log()).mean() - (1 - torch.sigmoid(fake)).log().mean()
    assert losses.discriminator(real, fake, 0.9).item() == pytest.approx(expected.item())
    best = torch.full((1,), math.log(9), dtype=torch.float64, requires_grad=True)  # sigmoid 0.9
    losses.discriminator(best, fake, 0.9).backward()
    assert best.grad is not None
    assert abs(best.grad.item()) < 1e-12


@pytest.mark.parametrize("scale", [2, 4])
def test_the_phase_penalty_is_the_variance_of_mean_errors_over_the_places_in_a_cell(scale: int) -> None:
    sr, hr = image(2, 3, 8, 12).detach().numpy(), np.random.default_rng(1).random((2, 3, 8, 12))
    total = 0.0
    for crop in range(2):
        for channel in range(3):
            means = []
            for y in range(scale):
                for x in range(scale):
                    cells = [
                        sr[crop, channel, top + y, left + x] - hr[crop, channel, top + y, left + x]
                        for top in range(0, 8, scale)
                        for left in range(0, 12, scale)
                    ]
                    means.append(sum(cells) / len(cells))
            middle = sum(means) / len(means)
            total += sum((mean - middle) ** 2 for mean in means) / len(means)
    found = losses.phase(torch.from_numpy(sr), torch.from_numpy(hr), scale)
    assert found.item() == pytest.approx(total / 6, rel=1e-12)


def test_the_phase_penalty_sees_patterns_of_the_grid_and_nothing_else() -> None:
    hr = image(1, 3, 16, 16).detach()
    grid = torch.zeros(4, 4, dtype=torch.float64)
    grid[1, 2] = 0.3
    assert losses.phase(hr + 0.5, hr, 4).item() == pytest.approx(0, abs=1e-20)
    assert losses.phase(hr + grid.repeat(4, 4), hr, 4).item() == pytest.approx(0.09 * (1 / 16) * (15 / 16))
    once = torch.zeros_like(hr)
    once[..., 8:, :] = 0.3  # an error of the same strength that does not repeat
    assert losses.phase(hr + once, hr, 4).item() == pytest.approx(0, abs=1e-20)
    sr = image(2, 3, 8, 8)
    assert torch.autograd.gradcheck(lambda x: losses.phase(x, torch.zeros_like(x), 4), sr)


def test_the_texture_loss_compares_logarithms_of_the_variances_of_detail_in_patches() -> None:
    sr, hr = (image(2, 3, 36, 48).detach().numpy(), np.random.default_rng(1).random((2, 3, 36, 48)))
    hr[:, 1] = 0.5 + hr[:, 1] / 1000

    def detail(plane: np.ndarray) -> np.ndarray:
        return plane - resize.enlarge(resize.reduce(plane, 4), 4)

    found = losses.texture(torch.from_numpy(sr), torch.from_numpy(hr), 4)
    rounding, logs = 1 / 12 / 127.5**2, []
    for crop in range(2):
        for channel in range(3):
            fake, real = (detail(images[crop, channel]) for images in (sr, hr))
            for top in (0, 16):  # the last four rows are no whole patch
                for left in (0, 16, 32):
                    a, b = (plane[top : top + 16, left : left + 16].var() + rounding for plane in (fake, real))
                    logs.append(math.log(a / b) ** 2)
    assert found.item() == pytest.approx(np.mean(logs), rel=0.02)  # they differ in what lies outside


def test_the_texture_loss_asks_for_strength_and_for_no_pixel() -> None:
    generator = torch.Generator().manual_seed(0)
    grain = torch.randn(1, 3, 64, 64, generator=generator, dtype=torch.float64)
    other = torch.randn(1, 3, 64, 64, generator=generator, dtype=torch.float64)
    assert losses.texture(0.1 * grain, 0.1 * other, 4).item() < 0.1
    assert losses.texture(0.2 * grain, 0.1 * grain, 4).item() == pytest.approx(math.log(4) ** 2, rel=0.01)
    assert losses.texture(0.1 * grain + 0.5, 0.1 * grain, 4).item() == pytest.approx(0, abs=1e-12)
    flat = torch.zeros_like(grain)
    assert losses.texture(flat, flat, 4).item() == 0
    assert losses.texture(flat + 1e-4 * grain, flat, 4).item() < 1e-4  # a fiftieth of a grey level
    slope = torch.linspace(-1, 1, 64, dtype=torch.float64).expand_as(grain)
    assert losses.texture(slope, flat, 4).item() < 0.2 * losses.texture(0.1 * grain, flat, 4).item()
    sr = image(1, 1, 16, 16)
    assert torch.autograd.gradcheck(lambda x: losses.texture(x, 0.1 * grain[:, :1, :16, :16], 4), sr)

"""SOAP against another implementation of it, and on what Adam finds hard."""

from __future__ import annotations

import pytest
import pytorch_optimizer
import torch
from torch import Tensor, nn

from srbench.training.soap import SOAP


def regression(seed: int, decades: float) -> tuple[Tensor, Tensor]:
    """Return inputs whose directions differ in size by so many powers of ten, and what a linear map makes of them."""
    generator = torch.Generator().manual_seed(seed)
    turn = torch.linalg.qr(torch.randn(12, 12, generator=generator, dtype=torch.float64))[0]
    inputs = torch.randn(256, 12, generator=generator, dtype=torch.float64) * torch.logspace(0, -decades, 12) @ turn
    truth = torch.randn(12, 5, generator=generator, dtype=torch.float64)
    return inputs, inputs @ truth


def test_a_matrix_goes_where_another_implementation_takes_it() -> None:
    inputs, targets = regression(0, 0.7)
    start = torch.randn(5, 12, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    ways = []
    for kind in (
        lambda p: SOAP([p], lr=0.02, every=7),
        lambda p: pytorch_optimizer.SOAP([p], lr=0.02, weight_decay=0.0, precondition_frequency=7),
    ):
        weight = nn.Parameter(start.clone())
        optimiser = kind(weight)
        for _ in range(60):
            optimiser.zero_grad()
            (inputs @ weight.T - targets).square().mean().backward()
            optimiser.step()
        ways.append(weight.detach())
    # They find the bases in 32 bits, we in the 64 of this weight; it moves by 0.5.
    assert (ways[0] - start).abs().max() > 0.5
    torch.testing.assert_close(ways[0], ways[1], rtol=0, atol=1e-4)


def test_it_goes_down_faster_than_adam_where_directions_differ_in_size() -> None:
    inputs, targets = regression(2, 2.0)
    losses = {}
    for name, kind in (("soap", SOAP), ("adam", torch.optim.Adam)):
        weight = nn.Parameter(torch.zeros(5, 12, dtype=torch.float64))
        optimiser = kind([weight], lr=0.03)
        for _ in range(300):
            optimiser.zero_grad()
            loss = (inputs @ weight.T - targets).square().mean()
            loss.backward()
            optimiser.step()
        losses[name] = float(loss.detach())
    assert losses["soap"] < 0.2 * losses["adam"]


def test_gradients_of_very_different_sizes_leave_weights_finite() -> None:
    generator = torch.Generator().manual_seed(0)
    sizes = torch.logspace(-3, -30, 64)
    weights = [nn.Parameter(torch.zeros(64, 64)) for _ in range(2)]
    optimiser = SOAP(weights, lr=1e-3, every=2)
    for _ in range(5):
        for weight in weights:
            weight.grad = torch.randn(64, 64, generator=generator) * sizes
        optimiser.step()
    assert all(torch.isfinite(weight).all() and weight.abs().max() > 1e-3 for weight in weights)


def test_weights_of_equal_shape_go_as_if_each_were_alone() -> None:
    torch.manual_seed(0)
    first, second, bias = (nn.Conv2d(3, 4, 3).weight.detach().clone() for _ in range(3))
    bias = torch.randn(4)
    pulls = [torch.randn(4, 3, 3, 3) for _ in range(30)]

    def descend(starts: list[Tensor]) -> list[Tensor]:
        parameters = [nn.Parameter(one.clone().contiguous(memory_format=layout(one))) for one in starts]
        optimiser = SOAP(parameters, lr=0.01, every=4)
        for pull in pulls:
            optimiser.zero_grad()
            loss = sum(((p - (pull if p.ndim == 4 else pull[:, 0, 0, 0])) ** 2).sum() for p in parameters)
            loss.backward()  # type: ignore[union-attr]
            optimiser.step()
        return [p.detach() for p in parameters]

    def layout(tensor: Tensor) -> torch.memory_format:
        return torch.channels_last if tensor.ndim == 4 else torch.contiguous_format

    together = descend([first, second, bias])
    alone = [descend([one])[0] for one in (first, second, bias)]
    for one, other in zip(together, alone, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(4, 1, 9, 9), (1, 1, 1, 1), (1, 6, 3, 3), (2048, 2), (1,), ()])
def test_weights_of_any_shape_can_be_trained(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    weight = nn.Parameter(torch.full(shape, 3.0))
    optimiser = SOAP([weight], lr=0.1, every=3)
    before = weight.detach().norm()
    for _ in range(80):
        optimiser.zero_grad()
        weight.square().sum().backward()
        optimiser.step()
    # Along a single direction a step is as long as the rate, however many entries the weight has.
    assert weight.detach().norm() < before - 2

"""Operations of a step are those of a count by hand, and measuring the device leaves a run as it was."""

from __future__ import annotations

import torch
from torch import nn

from srbench.training import throughput

CPU = torch.device("cpu")


def test_the_operations_of_a_step_are_counted_forward_and_backward() -> None:
    layer, image = nn.Conv2d(3, 5, 3, padding=1), torch.rand(2, 3, 8, 10, requires_grad=True)

    def step() -> str:
        layer(image).sum().backward()
        return "done"

    result, operations = throughput.counted(step)
    forward = 2 * (3 * 5 * 9) * (2 * 8 * 10)
    assert result == "done"
    # Backward: once as much for the image's gradient, and once for the weights'.
    assert operations == 3 * forward


def test_measuring_shifts_no_random_numbers() -> None:
    torch.manual_seed(4)
    expected = torch.rand(3)
    torch.manual_seed(4)
    peak = throughput.convolution_peak(CPU, torch.float32, seconds=0.01)
    assert torch.equal(torch.rand(3), expected)
    assert 1e6 < peak < 1e15
    throughput.wait(CPU)

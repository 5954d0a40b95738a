"""Winograd's convolution against torch's, at every size of image and at its edges."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from srbench.inference.winograd import Layer, Output, Padded, convolve


def plane(tensor: Tensor) -> Padded:
    made = Padded.zeros(*tensor.shape[-2:], tensor.shape[1])
    made.tensor().copy_(tensor)
    return made


@pytest.mark.parametrize("size", [(1, 1), (3, 9), (4, 4), (5, 6), (7, 8), (70, 81)], ids=str)
def test_it_is_the_convolution_with_relu(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    convolution, image = nn.Conv2d(7, 12, 3, padding=1), torch.randn(1, 7, *size)
    target = Padded.zeros(*size, 12)
    with torch.inference_mode():
        convolve(plane(image), Output(Layer(convolution), target))
        expected = convolution.double()(image.double()).relu()
    assert float((target.tensor() - expected).abs().max()) < 2e-5
    # What lies outside the image must stay zero: the next layer takes it for padding.
    assert np.count_nonzero(target.data) == np.count_nonzero(target.inside) > 0


def test_two_layers_can_share_a_source_and_one_can_add_its_share() -> None:
    torch.manual_seed(0)
    first, second = nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 6, 3, padding=1, bias=False)
    image, before = torch.randn(1, 4, 10, 9), torch.randn(1, 6, 10, 9)
    plain, total = Padded.zeros(10, 9, 4), plane(before)
    with torch.inference_mode():
        convolve(plane(image), Output(Layer(first), plain), Output(Layer(second), total, 0.25))
        assert torch.allclose(plain.tensor(), first(image).relu(), atol=1e-5)
        assert torch.allclose(total.tensor(), before + 0.25 * second(image).relu(), atol=1e-5)

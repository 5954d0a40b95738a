"""What metrics of libraries are handed: RGB in 0..1, one picture, on one thread, without a gradient."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from srbench.metrics import tensors
from srbench.metrics.comparison import ComparedImages, compare
from srbench.metrics.protocol import find_protocol


@pytest.fixture
def compared() -> ComparedImages:
    rng = np.random.default_rng(0)
    sr, hr = (rng.integers(0, 256, (20, 24, 3), dtype=np.uint8) for _ in range(2))
    return compare(sr, hr, 4, find_protocol("matlab"))


def test_a_function_gets_both_pictures_without_their_border(compared: ComparedImages) -> None:
    seen: list[torch.Tensor] = []

    def function(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        seen.extend([x, y])
        assert torch.is_inference_mode_enabled()
        assert torch.get_num_threads() == 1
        return (x - y).abs().mean()

    before = torch.get_num_threads()
    value = tensors.score(function, compared)
    assert torch.get_num_threads() == before
    for tensor, image in zip(seen, compared.rgb, strict=True):
        assert tensor.shape == (1, 3, 12, 16)
        np.testing.assert_array_equal(tensor[0].permute(1, 2, 0).numpy(), image.astype(np.float32) / np.float32(255))
    assert value == pytest.approx(np.abs(compared.rgb[0].astype(float) - compared.rgb[1]).mean() / 255, rel=1e-5)


def test_threads_are_as_before_when_a_function_breaks(compared: ComparedImages) -> None:
    torch.set_num_threads(2)
    try:
        with pytest.raises(ZeroDivisionError):
            tensors.score(lambda x, y: 1 / 0, compared)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)

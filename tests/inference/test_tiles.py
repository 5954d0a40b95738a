"""Computing in pieces: any size, any budget, the same result."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from srbench.inference.tiles import Stage, run
from srbench.methods.drcn.network import DRCN
from srbench.methods.espcn.network import ESPCN
from srbench.methods.srcnn.network import SRCNN


def blurred_and_doubled(image: Tensor) -> Tensor:
    return interpolate(avg_pool2d(image, 5, stride=1, padding=2), scale_factor=2.0, mode="nearest")


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 900), st.integers(1, 2))
def test_pieces_of_any_image_with_any_budget_join_without_a_seam(h: int, w: int, pixels: int, n: int) -> None:
    image = torch.rand(n, 2, h, w, generator=torch.Generator().manual_seed(h * w), dtype=torch.float64)
    joined = run(Stage(blurred_and_doubled, 2, halo=2, pixels=pixels), image)
    assert torch.allclose(joined, blurred_and_doubled(image), atol=1e-12)


def test_no_piece_is_larger_than_the_budget_unless_the_halo_alone_is() -> None:
    seen = []

    def record(image: Tensor) -> Tensor:
        seen.append(image.shape[-2] * image.shape[-1])
        return image

    run(Stage(record, halo=3, pixels=2000), torch.rand(1, 1, 90, 70))
    assert len(seen) > 1
    assert max(seen) <= 2000


def test_too_small_a_halo_shows_as_a_seam() -> None:
    image = torch.rand(1, 1, 30, 30)
    joined = run(Stage(blurred_and_doubled, 2, halo=1, pixels=300), image)
    assert not torch.allclose(joined, blurred_and_doubled(image), atol=1e-3)


def test_a_stage_without_a_halo_runs_whole() -> None:
    sizes = []

    def record(image: Tensor) -> Tensor:
        sizes.append(image.shape)
        return image

    run(Stage(record), torch.rand(1, 1, 50, 50))
    assert sizes == [(1, 1, 50, 50)]


@pytest.mark.parametrize(
    ("network", "scale"), [(SRCNN(), 1), (SRCNN((9, 5, 5)), 1), (ESPCN(3), 3), (DRCN(recursions=4, width=16), 1)]
)
@pytest.mark.parametrize("pixels", [1600, 3000])
def test_the_luma_networks_name_a_halo_that_is_enough(network: nn.Module, scale: int, pixels: int) -> None:
    torch.manual_seed(0)
    image = torch.rand(1, 1, 75, 60, dtype=torch.float64)
    halo = network.halo
    assert isinstance(halo, int)
    network = network.double().eval()
    with torch.inference_mode():
        assert torch.allclose(run(Stage(network, scale, halo, pixels), image), network(image), atol=1e-12)

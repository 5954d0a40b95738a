"""Crops in eight orientations."""

from __future__ import annotations

import pytest
import torch

from srbench.training import orientations

IMAGE = torch.arange(2 * 3 * 4 * 6.0).reshape(2, 3, 4, 6)


def test_all_eight_are_different_and_turn_back() -> None:
    every = [orientations.turned(IMAGE, one) for one in range(8)]
    assert len({tuple(image.flatten().tolist()) for image in every}) == 8
    assert torch.equal(every[0], IMAGE)
    for one, image in enumerate(every):
        assert torch.equal(orientations.turned_back(image, one), IMAGE)


@pytest.mark.parametrize("count", range(1, 9))
def test_those_drawn_are_different_and_begin_with_the_crops_own(count: int) -> None:
    torch.manual_seed(count)
    several = [orientations.draw(count) for _ in range(60)]
    assert all(drawn[0] == 0 and len(set(drawn)) == len(drawn) == count for drawn in several)
    assert set().union(*several) == ({0} if count == 1 else set(range(8)))

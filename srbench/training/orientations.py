"""The eight orientations of a square, turned and mirrored, of crops."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

COUNT = 8


def draw(count: int) -> list[int]:
    """Return `count` different orientations, 0..7, drawn by PyTorch's generator; the first is 0, as crops are."""
    return [0, *(1 + torch.randperm(COUNT - 1)[: count - 1]).tolist()]


def turned(image: Tensor, orientation: int) -> Tensor:
    """Return (..., H, W) images in an orientation, whose bits are: 1 transpose, 2 flip rows, 4 flip columns first."""
    image = image.flip(_flips(orientation))
    return image.mT if orientation & 1 else image


def turned_back(image: Tensor, orientation: int) -> Tensor:
    """Return what `turned` was given."""
    image = image.mT if orientation & 1 else image
    return image.flip(_flips(orientation))


def answers(network: nn.Module, lr: Tensor, drawn: Sequence[int]) -> Tensor:
    """Return what `network` makes of (N, C, h, w) crops in K orientations: (K, N, C, H, W), float32, all upright."""
    seen = network(torch.cat([turned(lr, orientation) for orientation in drawn])).float()
    return torch.stack([turned_back(*pair) for pair in zip(seen.chunk(len(drawn)), drawn, strict=True)])


def _flips(orientation: int) -> list[int]:
    return [axis for axis, bit in ((-2, 2), (-1, 4)) if orientation & bit]

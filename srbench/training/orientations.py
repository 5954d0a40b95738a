"""The eight orientations of a square, turned and mirrored, of crops."""

from __future__ import annotations

import torch
from torch import Tensor

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


def _flips(orientation: int) -> list[int]:
    return [axis for axis, bit in ((-2, 2), (-1, 4)) if orientation & bit]

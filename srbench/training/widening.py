"""Turns the weights of a narrow network into those of a wider one that computes the same."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

_UNEVENNESS = 0.5
"""How far the share of a copied channel lies from an equal one; equal copies would have equal gradients for ever."""


def widened(narrow: Mapping[str, Tensor], wide: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], int]:
    """Return `narrow` with every hidden channel copied, and how many copies there are of each.

    This is Net2WiderNet (Chen et al., "Net2Net: accelerating learning via knowledge transfer", ICLR 2016) for networks
    all of whose hidden layers are `width` channels, or a multiple of it. A layer that reads copies gives each a random
    share of the original's weight, the shares of one weight summing to one: the function is the same, and the copies
    learn different things from then on.

    Args:
        narrow: Tensors of the narrow network.
        wide: Tensors of the wide one, of which the shapes are looked at.

    Returns:
        The widened tensors and the number of copies; `narrow` itself and 1 when the shapes fit already, or cannot be
        made to fit by widening.
    """
    copies = {
        large // small
        for name, tensor in narrow.items()
        if name in wide
        for small, large in zip(tensor.shape, wide[name].shape, strict=False)
        if large != small
    }
    if len(copies) != 1 or not all(_fits(tensor, wide.get(name), min(copies)) for name, tensor in narrow.items()):
        return dict(narrow), 1
    count = copies.pop()
    return {name: _copied(tensor, wide[name].shape, count) for name, tensor in narrow.items()}, count


def _fits(small: Tensor, large: Tensor | None, copies: int) -> bool:
    if large is None or small.ndim != large.ndim or copies < 2:
        return False
    channels = zip(small.shape[:2], large.shape[:2], strict=True)
    return all(b in (a, a * copies) for a, b in channels) and small.shape[2:] == large.shape[2:]


def _copied(tensor: Tensor, shape: torch.Size, copies: int) -> Tensor:
    if tensor.ndim and shape[0] != tensor.shape[0]:
        # Whole blocks are repeated, so that pixel shuffles, too, find their channels in the order they expect.
        tensor = torch.cat([tensor] * copies)
    if tensor.ndim > 1 and shape[1] != tensor.shape[1]:
        noise = torch.rand(copies, *tensor.shape[:2], *[1] * (tensor.ndim - 2), dtype=tensor.dtype) - 0.5
        shares = (1 + 2 * _UNEVENNESS * (noise - noise.mean(0))) / copies
        tensor = torch.cat([tensor * share for share in shares], dim=1)
    return tensor

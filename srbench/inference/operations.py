"""Counts a network's multiply-accumulates without computing anything: only shapes go through it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

SR_SIZE = (720, 1280)
"""Height and width of the SR image that papers state multiply-accumulates for."""


@dataclass(frozen=True, slots=True)
class Counted:
    """How many products a network adds up.

    Attributes:
        products: Their number; None where nobody can say.
        why_not: Why nobody can say.
    """

    products: int | None
    why_not: str = ""


def lr_size(scale: int) -> tuple[int, int]:
    """Return height and width of the LR image of `SR_SIZE`, rounded down.

    >>> lr_size(4), lr_size(3)
    ((180, 320), (240, 426))
    """
    return SR_SIZE[0] // scale, SR_SIZE[1] // scale


def count(network: Callable[[Tensor], Tensor], shape: Sequence[int]) -> int | None:
    """Return how many products a network adds up for an input of that shape; None where torch cannot say.

    Convolutions, matrix products and attention count, as torch's FlopCounterMode counts them, without biases,
    activations and interpolation. Tensors carry shapes only, so that the largest network takes a moment and no memory.

    Args:
        network: A function of torch's; None comes back where it leaves torch on the way, as onnxruntime does, or looks
            at values.
        shape: (N, C, H, W) of its input.

    >>> count(torch.nn.Conv2d(3, 5, 3, padding=1), (1, 3, 10, 20)) == 3 * 5 * 9 * 200
    True
    """
    from torch._subclasses.fake_tensor import FakeTensorMode
    from torch.utils.flop_counter import FlopCounterMode

    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        try:
            with FakeTensorMode(allow_non_fake_inputs=True), FlopCounterMode(display=False) as counter:
                network(torch.empty(tuple(shape)))
        except Exception:  # the code is not ours, and a figure in a table is no reason to stop
            return None
    return int(counter.get_total_flops()) // 2 or None

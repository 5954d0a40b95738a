"""Winograd's fast 3x3 convolution for wide layers on a CPU: a quarter of the multiplications, as matrix products.

Lavin and Gray, "Fast algorithms for convolutional neural networks" (CVPR 2016), F(4x4, 3x3): a 4x4 piece of output
needs a 6x6 piece d of input; with the matrices B, G and A of their section 4.3 it is A^T [(G g G^T) * (B^T d B)] A,
where g is the kernel. The elementwise products, summed over input channels, are 36 matrix products.

Planes are `Padded`: (4 rows + 2, 4 columns + 2, C) with a border of zeros, so that no kernel has to ask for edges.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numba as nb
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

TILE = 4
"""Output pixels per side of a tile; results depend on where the grid of tiles lies only by rounding."""

_BLOCK = 256  # tiles at once: more than a few rows of the matrices, and no more memory than that needs
_G = torch.tensor(
    [
        [1 / 4, 0, 0],
        [-1 / 6] * 3,
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ],
    dtype=torch.float64,
)
_1, _2, _4, _5, _8 = (np.float32(number) for number in (1, 2, 4, 5, 8))  # a plain 2 would make all of it double
_F = TypeVar("_F", bound=Callable[..., Any])


def _compiled(function: _F) -> _F:
    options: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
    kernel: _F = nb.njit(**options)(function)
    return kernel


@dataclass(frozen=True, slots=True)
class Padded:
    """A plane of C channels with room for whole tiles and a border of zeros.

    Attributes:
        data: (4 * tile rows + 2, 4 * tile columns + 2, C) float32; outside the image it is zero.
        height: Of the image.
        width: Of the image.
    """

    data: NDArray[np.float32]
    height: int
    width: int

    @classmethod
    def zeros(cls, height: int, width: int, channels: int) -> Padded:
        """Return a plane of zeros."""
        shape = (-(-height // TILE) * TILE + 2, -(-width // TILE) * TILE + 2, channels)
        return cls(np.zeros(shape, np.float32), height, width)

    @property
    def inside(self) -> NDArray[np.float32]:
        """A view of the image, (H, W, C)."""
        return self.data[1 : self.height + 1, 1 : self.width + 1]

    def tensor(self) -> Tensor:
        """Return a (1, C, H, W) tensor that shares the memory."""
        return torch.from_numpy(self.inside).permute(2, 0, 1)[None]


@dataclass(frozen=True, slots=True)
class Output:
    """Where a convolution's result goes: max(result, 0) replaces the target, or is added to it times `share`."""

    layer: Layer
    target: Padded
    share: float | None = None


class Layer:
    """A 3x3 convolution with stride 1, zero padding and ReLU behind it, its kernel transformed once.

    Args:
        convolution: The convolution; its weights are copied.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        kernel = convolution.weight.detach().double()
        # In double precision: this is done once, and its rounding would be in every result.
        turned = torch.einsum("im,ocmn,jn->ijco", _G, kernel, _G)
        self.kernel = turned.reshape(36, *turned.shape[2:]).float().contiguous()
        bias = torch.zeros(len(kernel)) if convolution.bias is None else convolution.bias.detach()
        self.bias: NDArray[np.float32] = bias.float().numpy().copy()


def convolve(source: Padded, *outputs: Output) -> None:
    """Apply the layers of `outputs` to one source, whose transform they share."""
    rows, columns = (source.data.shape[0] - 2) // TILE, (source.data.shape[1] - 2) // TILE
    turned = torch.empty(36, _BLOCK, source.data.shape[2])
    products = [torch.empty(36, _BLOCK, len(output.layer.bias)) for output in outputs]
    for first in range(0, rows * columns, _BLOCK):
        count = min(_BLOCK, rows * columns - first)
        _turn(source.data, first, count, columns, turned.numpy())
        for output, product in zip(outputs, products, strict=True):
            torch.bmm(turned, output.layer.kernel, out=product)  # always the whole block, so always the same kernel
            share = -1.0 if output.share is None else output.share
            target = output.target
            _turn_back(
                product.numpy(),
                first,
                count,
                columns,
                output.layer.bias,
                target.data,
                target.height,
                target.width,
                output.share is not None,
                np.float32(share),
            )


@_compiled
def _turn(source: NDArray[np.float32], first: int, count: int, columns: int, turned: NDArray[np.float32]) -> None:
    """Write B^T d B of the tiles from number `first` on, as (36, tile, C)."""
    channels = source.shape[2]
    half = np.empty((6, 6, channels), np.float32)
    for tile in range(count):
        top, left = (first + tile) // columns * 4, (first + tile) % columns * 4
        for j in range(6):
            for c in range(channels):
                a, b = source[top, left + j, c], source[top + 1, left + j, c]
                d, e = source[top + 2, left + j, c], source[top + 3, left + j, c]
                f, g = source[top + 4, left + j, c], source[top + 5, left + j, c]
                half[0, j, c] = _4 * a - _5 * d + f
                half[1, j, c] = (f - _4 * d) + (e - _4 * b)
                half[2, j, c] = (f - _4 * d) - (e - _4 * b)
                half[3, j, c] = (f - d) + _2 * (e - b)
                half[4, j, c] = (f - d) - _2 * (e - b)
                half[5, j, c] = _4 * b - _5 * e + g
        for i in range(6):
            for c in range(channels):
                a, b, d = half[i, 0, c], half[i, 1, c], half[i, 2, c]
                e, f, g = half[i, 3, c], half[i, 4, c], half[i, 5, c]
                turned[6 * i, tile, c] = _4 * a - _5 * d + f
                turned[6 * i + 1, tile, c] = (f - _4 * d) + (e - _4 * b)
                turned[6 * i + 2, tile, c] = (f - _4 * d) - (e - _4 * b)
                turned[6 * i + 3, tile, c] = (f - d) + _2 * (e - b)
                turned[6 * i + 4, tile, c] = (f - d) - _2 * (e - b)
                turned[6 * i + 5, tile, c] = _4 * b - _5 * e + g


@_compiled
def _turn_back(
    product: NDArray[np.float32],
    first: int,
    count: int,
    columns: int,
    bias: NDArray[np.float32],
    target: NDArray[np.float32],
    height: int,
    width: int,
    add: bool,
    share: np.float32,
) -> None:
    """Write max(A^T m A + bias, 0) of the tiles to the target, or add it times `share`."""
    channels = len(bias)
    half = np.empty((4, 6, channels), np.float32)
    zero = np.float32(0)
    for tile in range(count):
        top, left = (first + tile) // columns * 4, (first + tile) % columns * 4
        for j in range(6):
            for c in range(channels):
                a, b, d = product[j, tile, c], product[6 + j, tile, c], product[12 + j, tile, c]
                e, f, g = product[18 + j, tile, c], product[24 + j, tile, c], product[30 + j, tile, c]
                half[0, j, c] = a + (b + d) + (e + f)
                half[1, j, c] = (b - d) + _2 * (e - f)
                half[2, j, c] = (b + d) + _4 * (e + f)
                half[3, j, c] = (b - d) + _8 * (e - f) + g
        for i in range(min(4, height - top)):
            y = top + i + 1
            for k in range(min(4, width - left)):
                x = left + k + 1
                # A^T once more, its columns told apart outside the innermost loop.
                sign = _1 if k % 2 == 0 else -_1
                far, last = np.float32(2**k), _1 if k == 3 else zero
                near = _1 if k == 0 else zero
                for c in range(channels):
                    value = near * half[i, 0, c] + (half[i, 1, c] + sign * half[i, 2, c])
                    value += far * (half[i, 3, c] + sign * half[i, 4, c]) + last * half[i, 5, c]
                    value = max(value + bias[c], zero)
                    if add:
                        target[y, x, c] += share * value
                    else:
                        target[y, x, c] = value

"""Computes a convolutional stage piece by piece, so that memory follows the piece and not the image."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Stage:
    """One part of a network that can be computed on pieces of its input.

    Attributes:
        compute: (N, C, H, W) in, (N, D, scale*H, scale*W) out.
        scale: Output pixels per input pixel.
        halo: How many input pixels around a piece its output depends on; None when it must run whole.
        pixels: Input pixels, halo included, that one piece may have: what bounds the memory.
        floats: Numbers that one input pixel takes at the peak, in all layers that are there at once; on a GPU pieces
            are as large as its memory allows, because there every halo costs time and small pieces do not fill it.
        grid: Pieces with their halo start at multiples of so many input pixels: what is computed in blocks of them
            then has the same blocks in every piece, hence the same bits.
    """

    compute: Callable[[Tensor], Tensor]
    scale: int = 1
    halo: int | None = None
    pixels: int = 0
    floats: int = 0
    grid: int = 1


def run(stage: Stage, image: Tensor) -> Tensor:
    """Return `stage.compute(image)`, computed in pieces where the image is larger than `stage.pixels`.

    Each piece is computed with the halo around it, which is then cut off: what the padding at its inner borders
    has touched is never seen, and the result has the same bits. (That holds from some hundred `pixels` on: torch
    computes inputs of less than 20,480 numbers with other kernels, which round differently.)
    """
    count, _, height, width = image.shape
    pixels = stage.pixels // count
    if stage.halo is None or height * width <= pixels:
        return stage.compute(image)
    rows, columns = _counts(height, width, stage.halo, pixels)
    result = image.new_empty(0)
    for top, bottom in _spans(height, rows):
        for left, right in _spans(width, columns):
            piece = _piece(stage, image, (top, bottom), (left, right))
            if not result.numel():
                result = piece.new_empty((*piece.shape[:2], height * stage.scale, width * stage.scale))
            result[..., _scaled(top, bottom, stage.scale), _scaled(left, right, stage.scale)] = piece
    return result


def _piece(stage: Stage, image: Tensor, rows: tuple[int, int], columns: tuple[int, int]) -> Tensor:
    halo = stage.halo or 0
    (top, bottom), (left, right) = rows, columns
    above, before = (max(0, start - halo) // stage.grid * stage.grid for start in (top, left))
    window = image[..., above : bottom + halo, before : right + halo]
    if columns != (0, image.shape[-1]):
        # Only whole rows are contiguous in memory, which the fast convolutions want.
        window = window.contiguous(memory_format=torch.channels_last)
    computed = stage.compute(window)
    vertical = _scaled(top - above, bottom - above, stage.scale)
    return computed[..., vertical, _scaled(left - before, right - before, stage.scale)]


def _scaled(start: int, stop: int, scale: int) -> slice:
    return slice(start * scale, stop * scale)


def _counts(height: int, width: int, halo: int, pixels: int) -> tuple[int, int]:
    """Return into how many rows and columns of pieces to cut: strips of whole rows, or squares where less is wasted."""
    strip = pixels // width - 2 * halo
    square = max(1, math.isqrt(pixels) - 2 * halo)
    if strip * width >= square**2:
        return math.ceil(height / strip), 1
    return math.ceil(height / square), math.ceil(width / square)


def _spans(length: int, count: int) -> list[tuple[int, int]]:
    """Return `count` spans as equal as possible: a sliver at the end would cost a whole halo."""
    edges = [length * i // count for i in range(count + 1)]
    return list(itertools.pairwise(edges))

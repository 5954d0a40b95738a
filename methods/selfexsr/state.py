"""What the compiled kernels read and write: the sources of patches, the prior of planes, the field of patches."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RADIUS = 2
SIZE = 2 * RADIUS + 1
"""Side of a patch."""

MARGIN = 6
"""Pixels of replicated edge around each level: a patch near the border reaches out, a wild one is refused."""


class Sources(NamedTuple):
    """The levels a patch may come from, k = 1..9 steps below the level being made, in one piece of memory.

    Attributes:
        blurred: (N, 4) float32, RGB in 0..1 of all levels with their margins; what is compared. 4 for alignment.
        sharp: (N, 4) float32, the same places of the sharp levels; what is pasted.
        start: (K,) index of the first pixel of each level's margin.
        stride: (K,) pixels from one row to the next.
        size: (K, 2) height and width without margin.
        ratio: (K, 2) size divided by the size of the level being made.
        step: alpha, the scale between two levels.
    """

    blurred: NDArray[np.float32]
    sharp: NDArray[np.float32]
    start: NDArray[np.int64]
    stride: NDArray[np.int64]
    size: NDArray[np.int64]
    ratio: NDArray[np.float64]
    step: float


class Prior(NamedTuple):
    """Which plane each place belongs to.

    Attributes:
        lines: (M, 2) h7 and h8 of each plane's vanishing line in the coordinates of the level being made.
        cost: (M, h, w) float32, minus log of the planes' probabilities, at the size of the LR image: where a patch
            comes from.
        own: (M, h, w) float32, the same where the patch itself lies.
        cumulative: (h, w, M) float32, running sums of the probabilities over the planes.
        anew: Share of the random draws that draw a plane, 0.5 or 1; the others keep the patch's plane and matrix.
    """

    lines: NDArray[np.float64]
    cost: NDArray[np.float32]
    own: NDArray[np.float32]
    cumulative: NDArray[np.float32]
    anew: float


class Field(NamedTuple):
    """What is known of every patch of a level, by its centre; the border of 2 pixels is never read.

    Attributes:
        plane: (H, W) uint8.
        matrix: (H, W, 4), A row by row.
        source: (H, W, 2) the position (x, y) of the centre's source in this level's coordinates.
        bias: (H, W, 3) float32, target minus source.
        cost: (H, W) float32.
        fresh: (H, W) bool, changed in this iteration.
    """

    plane: NDArray[np.uint8]
    matrix: NDArray[np.float64]
    source: NDArray[np.float64]
    bias: NDArray[np.float32]
    cost: NDArray[np.float32]
    fresh: NDArray[np.bool_]


def blank_field(shape: tuple[int, int]) -> Field:
    """Return a field in which every patch copies from its own place at twice the step, without a plane."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    matrix = np.zeros((*shape, 4))
    matrix[..., [0, 3]] = 2.0
    return Field(
        np.zeros(shape, np.uint8),
        matrix,
        np.stack([columns, rows], axis=-1) + 0.5,
        np.zeros((*shape, 3), np.float32),
        np.full(shape, np.inf, np.float32),
        np.zeros(shape, np.bool_),
    )

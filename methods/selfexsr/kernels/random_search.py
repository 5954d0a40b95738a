"""Random search: ever smaller changes of a patch's state, drawn from a counter."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from srbench.methods.selfexsr.kernels.compiling import compiled
from srbench.methods.selfexsr.kernels.geometry import IDENTITY, Matrix, read
from srbench.methods.selfexsr.kernels.states import attempt
from srbench.methods.selfexsr.state import RADIUS, Field, Prior, Sources

LARGEST_SCALE = 8.0


@compiled
def scramble(state: np.uint64) -> np.uint64:
    """Return the output of SplitMix64 for a counter: 64 well-mixed bits (Steele, Lea, Flood, OOPSLA 2014)."""
    state = state + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


@compiled
def halves(bits: np.uint64) -> tuple[float, float]:
    """Return two uniform numbers in [0, 1) made of the upper and the lower half of 64 bits."""
    return (
        float(bits >> np.uint64(32)) * 2.0**-32,
        float(bits & np.uint64(0xFFFFFFFF)) * 2.0**-32,
    )


@compiled
def draw_plane(pick: float, row: int, column: int, prior: Prior) -> int:
    """Return the plane that a uniform number picks at a pixel of the LR image."""
    plane = 0
    while plane < prior.cumulative.shape[2] - 1 and pick >= prior.cumulative[row, column, plane]:
        plane += 1
    return plane


@compiled
def distort(matrix: Matrix, grow: float, turn: float, shear_x: float, shear_y: float, i: int) -> Matrix:
    """Return D A: scale 1 + grow/i, angle (pi/4) turn/i and shears 0.05 shear/i, each draw in +-0.5."""
    scale, angle = 1.0 + grow / i, math.pi / 4.0 * turn / i
    sx, sy = 0.05 * shear_x / i, 0.05 * shear_y / i
    c, s = scale * math.cos(angle), scale * math.sin(angle)
    a, b = c - s * sy, c * sx - s
    e, f = s + c * sy, s * sx + c
    m0, m1, m2, m3 = matrix
    return a * m0 + b * m2, a * m1 + b * m3, e * m0 + f * m2, e * m1 + f * m3


@compiled
def search(
    first: int,
    last: int,
    target: NDArray[np.float32],
    seed: np.uint64,
    field: Field,
    sources: Sources,
    prior: Prior,
) -> None:
    """Try random states around the present one, ever nearer, for the patches of rows [first, last).

    The random numbers of a patch depend on `seed` and its place alone.
    """
    height, width = target.shape[0], target.shape[1]
    h0, w0 = prior.cumulative.shape[0], prior.cumulative.shape[1]
    for row in range(max(first, RADIUS), min(last, height - RADIUS)):
        for column in range(RADIUS, width - RADIUS):
            state = scramble(seed ^ scramble(np.uint64(row * width + column)))
            radius, i = max(height, width) / 4.0, 1
            while radius > 1.0:
                i += 1
                radius /= 2.0
                state = scramble(state)
                right, down = halves(state)
                state = scramble(state)
                grow, turn = halves(state)
                state = scramble(state)
                shear_x, shear_y = halves(state)
                state = scramble(state)
                pick, renew = halves(state)
                x = field.source[row, column, 0] + (2.0 * right - 1.0) * radius
                y = field.source[row, column, 1] + (2.0 * down - 1.0) * radius
                plane = field.plane[row, column]
                matrix = read(field.matrix, row, column)
                if renew < prior.anew:
                    plane = draw_plane(pick, row * h0 // height, column * w0 // width, prior)
                    if plane > 0 and prior.anew < 1.0:
                        matrix = IDENTITY
                matrix = distort(matrix, grow - 0.5, turn - 0.5, shear_x - 0.5, shear_y - 0.5, i)
                attempt(
                    target,
                    row,
                    column,
                    plane,
                    x,
                    y,
                    matrix,
                    1.0 / sources.step,
                    LARGEST_SCALE,
                    field,
                    sources,
                    prior,
                )

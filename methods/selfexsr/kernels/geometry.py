"""Where a patch comes from: its transform in closed form, the level it fits, and whether it stays inside.

Positions are continuous: the centre of the pixel in column j is j + 0.5, so that a position in one level becomes
the same place in another by a mere product with the ratio of their sizes.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from srbench.methods.selfexsr.kernels.compiling import compiled
from srbench.methods.selfexsr.state import MARGIN, RADIUS, Sources

IDENTITY = (1.0, 0.0, 0.0, 1.0)
SMALLEST_DENOMINATOR = 0.1

Matrix = tuple[float, float, float, float]
"""A, row by row."""


class Transform(NamedTuple):
    """Maps an offset (i, j) to ((x + a i + b j), (y + c i + d j)) / (1 + g i + h j); `valid` is False for none."""

    valid: bool
    scale: float
    x: float
    y: float
    a: float
    b: float
    c: float
    d: float
    g: float
    h: float


@compiled
def transform(h7: float, h8: float, px: float, py: float, tx: float, ty: float, matrix: Matrix) -> Transform:
    """Return T = R^-1 Trans(d) R Trans(p) diag(A, 1), divided by its last entry, in closed form.

    R^-1 Trans(d) R leaves every point of the line l = (h7, h8, 1) where it is and moves p to t, hence equals
    I + w l' with w = (u t - p) / (l.p), u = (l.p) / (l.t). The determinant of T's first-order part is det(A) / u^3.
    """
    lp = h7 * px + h8 * py + 1.0
    lt = h7 * tx + h8 * ty + 1.0
    # A point on or beyond the vanishing line is not on the visible side of the plane.
    if abs(lp) < 1e-3 or abs(lt) < 1e-3 or (lp > 0.0) != (lt > 0.0):
        return Transform(False, 0.0, tx, ty, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    a, b, c, d = matrix
    inverse = lt / lp
    scale = math.sqrt(abs(a * d - b * c) * inverse * inverse * inverse)
    if h7 == 0.0 and h8 == 0.0:
        return Transform(True, scale, tx, ty, a, b, c, d, 0.0, 0.0)
    u = lp / lt
    wx, wy, w1 = (u * tx - px) / lp, (u * ty - py) / lp, (u - 1.0) / lp
    first, second = h7 * a + h8 * c, h7 * b + h8 * d
    return Transform(
        True,
        scale,
        tx,
        ty,
        (a + wx * first) * inverse,
        (b + wx * second) * inverse,
        (c + wy * first) * inverse,
        (d + wy * second) * inverse,
        w1 * first * inverse,
        w1 * second * inverse,
    )


@compiled
def read(matrices: NDArray[np.float64], row: int, column: int) -> Matrix:
    """Return one matrix of a field."""
    return matrices[row, column, 0], matrices[row, column, 1], matrices[row, column, 2], matrices[row, column, 3]


@compiled
def apply(t: Transform, i: float, j: float) -> tuple[float, float]:
    """Return where T takes the offset (i, j)."""
    w = 1.0 + t.g * i + t.h * j
    return (t.x + t.a * i + t.b * j) / w, (t.y + t.c * i + t.d * j) / w


@compiled
def within(x: float, y: float, height: int, width: int) -> bool:
    """Tell whether a position is the centre of a patch that lies inside a level of that size."""
    return RADIUS + 0.5 <= x <= width - RADIUS - 0.5 and RADIUS + 0.5 <= y <= height - RADIUS - 0.5


@compiled
def choose_level(scale: float, sources: Sources) -> int:
    """Return k - 1, where level k = clip(round(-ln s / ln alpha), 1, K) makes the patch about life-size."""
    if scale <= 0.0:
        return 0
    k = math.floor(-math.log(scale) / math.log(sources.step) + 0.5)
    return min(max(k, 1), len(sources.start)) - 1


@compiled
def reaches_outside(t: Transform, level: int, sources: Sources) -> bool:
    """Tell whether the patch leaves the level with its margin, or folds over; corners are extreme in a homography."""
    right = sources.size[level, 1] + MARGIN - 1.5
    bottom = sources.size[level, 0] + MARGIN - 1.5
    for j in (-RADIUS, RADIUS):
        for i in (-RADIUS, RADIUS):
            w = 1.0 + t.g * i + t.h * j
            if w < SMALLEST_DENOMINATOR:
                return True
            x, y = apply(t, i, j)
            x, y = x * sources.ratio[level, 1] - 0.5, y * sources.ratio[level, 0] - 0.5
            if not (-MARGIN < x < right and -MARGIN < y < bottom):
                return True
    return False

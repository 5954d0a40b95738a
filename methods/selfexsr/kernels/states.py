"""The states of a level's patches: taking one that is cheaper, the first ones, and those of the level below."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from srbench.methods.selfexsr.kernels.compiling import compiled
from srbench.methods.selfexsr.kernels.cost import evaluate
from srbench.methods.selfexsr.kernels.geometry import Matrix, apply, read, transform, within
from srbench.methods.selfexsr.state import RADIUS, Field, Prior, Sources


@compiled
def attempt(
    target: NDArray[np.float32],
    row: int,
    column: int,
    plane: int,
    x: float,
    y: float,
    matrix: Matrix,
    smallest: float,
    largest: float,
    field: Field,
    sources: Sources,
    prior: Prior,
) -> bool:
    """Give the patch at (row, column) this state if it is valid, of a scale in the range, and cheaper."""
    if not within(x, y, target.shape[0], target.shape[1]):
        return False
    t = transform(prior.lines[plane, 0], prior.lines[plane, 1], column + 0.5, row + 0.5, x, y, matrix)
    if not smallest <= t.scale <= largest:
        return False
    cost, br, bg, bb = evaluate(target, row, column, plane, t, field.cost[row, column], sources, prior)
    if not cost < field.cost[row, column]:
        return False
    field.plane[row, column] = plane
    field.source[row, column, 0] = x
    field.source[row, column, 1] = y
    for n in range(4):
        field.matrix[row, column, n] = matrix[n]
    field.bias[row, column, 0] = br
    field.bias[row, column, 1] = bg
    field.bias[row, column, 2] = bb
    field.cost[row, column] = cost
    field.fresh[row, column] = True
    return True


@compiled
def begin(first: int, last: int, target: NDArray[np.float32], field: Field, sources: Sources, prior: Prior) -> None:
    """Compute cost and bias of the states that rows [first, last) of `field` start from.

    A state that cannot be evaluated here is replaced by the simplest: twice the step, at the same place, no plane.
    """
    width = target.shape[1]
    for row in range(max(first, RADIUS), min(last, target.shape[0] - RADIUS)):
        for column in range(RADIUS, width - RADIUS):
            matrix = read(field.matrix, row, column)
            x, y = field.source[row, column, 0], field.source[row, column, 1]
            field.cost[row, column] = np.inf
            if not attempt(
                target, row, column, field.plane[row, column], x, y, matrix, 0.0, np.inf, field, sources, prior
            ):
                matrix = (2.0, 0.0, 0.0, 2.0)
                attempt(target, row, column, 0, column + 0.5, row + 0.5, matrix, 0.0, np.inf, field, sources, prior)


@compiled
def inherit(first: int, last: int, field: Field, old: Field, lines: NDArray[np.float64]) -> None:
    """Give the patches of rows [first, last) the state of the nearest patch of the level below.

    Plane and matrix stay; the source moves on by T times the distance to the old centre, then to the same place of
    the larger level. `lines` are the planes' h7 and h8 in the old level's coordinates.
    """
    height, width = field.cost.shape
    h, w = old.cost.shape
    for row in range(first, last):
        for column in range(width):
            x, y = (column + 0.5) * w / width, (row + 0.5) * h / height
            r, c = min(max(int(y), RADIUS), h - RADIUS - 1), min(max(int(x), RADIUS), w - RADIUS - 1)
            plane = old.plane[r, c]
            from_x, from_y = old.source[r, c, 0], old.source[r, c, 1]
            t = transform(lines[plane, 0], lines[plane, 1], c + 0.5, r + 0.5, from_x, from_y, read(old.matrix, r, c))
            x, y = apply(t, x - (c + 0.5), y - (r + 0.5))
            field.plane[row, column] = plane
            field.source[row, column, 0] = min(max(x * width / w, RADIUS + 0.5), width - RADIUS - 0.5)
            field.source[row, column, 1] = min(max(y * height / h, RADIUS + 0.5), height - RADIUS - 0.5)
            for n in range(4):
                field.matrix[row, column, n] = old.matrix[r, c, n]

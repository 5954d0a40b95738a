"""Propagation: what suits a patch may suit its neighbour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from srbench.methods.selfexsr.kernels.compiling import compiled
from srbench.methods.selfexsr.kernels.geometry import apply, read, transform
from srbench.methods.selfexsr.kernels.states import attempt
from srbench.methods.selfexsr.state import RADIUS, Field, Prior, Sources


@compiled
def propagate(
    first: int,
    last: int,
    target: NDArray[np.float32],
    direction: int,
    field: Field,
    sources: Sources,
    prior: Prior,
) -> None:
    """Offer every patch the state of its neighbour, shifted by one pixel, where that is new in this iteration.

    Directions 0 and 1 go right and left within the rows [first, last); 2 and 3 go down and up within the columns
    [first, last), so that no strip reads what another writes.
    """
    height, width = target.shape[0], target.shape[1]
    step = 1 if direction % 2 == 0 else -1
    across = direction < 2
    top, bottom = (first, last) if across else (RADIUS + (step > 0), height - RADIUS - (step < 0))
    left, right = (RADIUS + (step > 0), width - RADIUS - (step < 0)) if across else (first, last)
    top, bottom = max(top, RADIUS), min(bottom, height - RADIUS)
    left, right = max(left, RADIUS), min(right, width - RADIUS)
    dx, dy = (step, 0) if across else (0, step)
    for n in range(bottom - top):
        row = top + n if step > 0 else bottom - 1 - n
        for k in range(right - left):
            column = left + k if step > 0 else right - 1 - k
            r, c = row - dy, column - dx
            if not field.fresh[r, c]:
                continue
            plane = field.plane[r, c]
            matrix = read(field.matrix, r, c)
            old_x, old_y = field.source[r, c, 0], field.source[r, c, 1]
            h7, h8 = prior.lines[plane, 0], prior.lines[plane, 1]
            t = transform(h7, h8, c + 0.5, r + 0.5, old_x, old_y, matrix)
            x, y = apply(t, dx, dy)
            if abs(x - field.source[row, column, 0]) < 1.0 and abs(y - field.source[row, column, 1]) < 1.0:
                continue
            attempt(target, row, column, plane, x, y, matrix, 0.0, np.inf, field, sources, prior)

"""Propagation does what the plain loop does, in every direction."""

from __future__ import annotations

import numpy as np
import pytest

from srbench.methods.selfexsr import kernels
from tests.methods.selfexsr.scene import (
    Scene,
    matrix_transform,
    plain_cost,
)


def plain_propagation(scene: Scene, direction: int) -> None:
    """Propagation from one side in Python, with the plain transform and the plain cost."""
    field = scene.field
    height, width = scene.shape
    dx, dy = ((1, 0), (-1, 0), (0, 1), (0, -1))[direction]
    rows, columns = range(2, height - 2), range(2, width - 2)
    for row in rows if dy >= 0 else reversed(rows):
        for column in columns if dx >= 0 else reversed(columns):
            r, c = row - dy, column - dx
            if not (2 <= r < height - 2 and 2 <= c < width - 2 and field.fresh[r, c]):
                continue
            plane, a = int(field.plane[r, c]), field.matrix[r, c].reshape(2, 2)
            whole = matrix_transform(*scene.prior.lines[plane], np.array([c, r]) + 0.5, field.source[r, c], a)
            moved = whole @ [dx, dy, 1]
            source = moved[:2] / moved[2]
            if (np.abs(source - field.source[row, column]) < 1).all():
                continue
            if not (2.5 <= source[0] <= width - 2.5 and 2.5 <= source[1] <= height - 2.5):
                continue
            cost, bias = plain_cost(scene, row, column, plane, source, a)
            if cost < field.cost[row, column]:
                field.plane[row, column], field.source[row, column] = plane, source
                field.matrix[row, column], field.bias[row, column] = a.ravel(), bias
                field.cost[row, column], field.fresh[row, column] = cost, True


@pytest.mark.parametrize("direction", [0, 1, 2, 3])
def test_propagation_does_what_the_plain_loop_does(direction: int) -> None:
    fast, slow = Scene((14, 17)), Scene((14, 17))
    for scene in (fast, slow):
        scene.begin()
        # Half the patches know something that their neighbours do not.
        scene.search(1)
        scene.field.fresh[:, ::2] = False
    before = fast.field.cost.copy()
    n = fast.shape[0] if direction < 2 else fast.shape[1]
    kernels.propagate(0, n, fast.target, direction, fast.field, fast.sources, fast.prior)
    plain_propagation(slow, direction)
    inner = (slice(2, -2), slice(2, -2))
    assert (fast.field.cost[inner] < before[inner]).sum() > 10
    # Costs agree to six digits, so a tie may fall either way; it may not spread.
    same = np.isclose(fast.field.source, slow.field.source, atol=1e-6).all(axis=2)[inner]
    assert same.mean() > 0.98
    assert fast.field.cost[inner][same] == pytest.approx(slow.field.cost[inner][same], rel=1e-3, abs=1e-6)

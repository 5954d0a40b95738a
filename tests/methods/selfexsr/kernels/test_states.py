"""A level takes over the states of the level below, moved to where they belong."""

from __future__ import annotations

import numpy as np
import pytest

from srbench.methods.selfexsr import kernels
from srbench.methods.selfexsr.state import blank_field
from tests.methods.selfexsr.scene import (
    Scene,
    matrix_transform,
)


def test_a_larger_level_inherits_the_nearest_patch_and_its_way() -> None:
    scene = Scene()
    scene.begin()
    scene.search(2)
    shape = scene.pyramid.shape(-2)
    field = blank_field(shape)
    kernels.inherit(0, shape[0], field, scene.field, scene.prior.lines)
    h, w = scene.shape
    for row, column in ((0, 0), (5, 9), (20, 31), (shape[0] - 1, shape[1] - 1)):
        place = np.array([(column + 0.5) * w / shape[1], (row + 0.5) * h / shape[0]])
        c, r = np.clip(np.floor(place).astype(int), 2, [w - 3, h - 3])
        a = scene.field.matrix[r, c].reshape(2, 2)
        line = scene.prior.lines[scene.field.plane[r, c]]
        whole = matrix_transform(*line, np.array([c, r]) + 0.5, scene.field.source[r, c], a)
        moved = whole @ [*(place - [c + 0.5, r + 0.5]), 1]
        expected = moved[:2] / moved[2] * [shape[1] / w, shape[0] / h]
        expected = np.clip(expected, 2.5, [shape[1] - 2.5, shape[0] - 2.5])
        assert field.source[row, column] == pytest.approx(expected, abs=1e-9)
        assert (field.matrix[row, column] == scene.field.matrix[r, c]).all()
        assert field.plane[row, column] == scene.field.plane[r, c]

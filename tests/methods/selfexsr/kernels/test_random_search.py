"""Random search stays within the scales that are allowed."""

from __future__ import annotations

import numpy as np

from tests.methods.selfexsr.scene import (
    Scene,
    matrix_transform,
    plain_scale,
)


def test_search_stays_within_the_allowed_scales() -> None:
    scene = Scene()
    scene.begin()
    scene.search(4)
    height, width = scene.shape
    for row in range(2, height - 2):
        for column in range(2, width - 2):
            line = scene.prior.lines[scene.field.plane[row, column]]
            whole = matrix_transform(
                *line,
                np.array([column, row]) + 0.5,
                scene.field.source[row, column],
                scene.field.matrix[row, column].reshape(2, 2),
            )
            assert 1 / scene.pyramid.alpha - 1e-9 <= plain_scale(whole) <= 8 + 1e-9

"""Voting is the weighted mean of all patches over a pixel."""

from __future__ import annotations

import numpy as np
import pytest

from srbench.methods.selfexsr import kernels
from tests.methods.selfexsr.scene import (
    GAUSS,
    Scene,
    matrix_transform,
    plain_level,
    plain_samples,
    plain_scale,
)


def test_voting_is_the_weighted_mean_of_all_patches_over_a_pixel() -> None:
    scene = Scene((12, 13))
    scene.begin()
    scene.search(2)
    height, width = scene.shape
    found = np.empty_like(scene.target)
    kernels.vote(0, height, found, scene.field, scene.sources, scene.prior)
    total, weight = np.zeros((height, width, 3)), np.zeros((height, width, 1))
    for row in range(2, height - 2):
        for column in range(2, width - 2):
            line = scene.prior.lines[scene.field.plane[row, column]]
            a = scene.field.matrix[row, column].reshape(2, 2)
            center = np.array([column, row]) + 0.5
            whole = matrix_transform(*line, center, scene.field.source[row, column], a)
            k = plain_level(plain_scale(whole), scene.pyramid.alpha)
            patch = plain_samples(scene.pyramid.sharp[-1 + k], whole, scene.sources.ratio[k - 1])
            assert patch is not None
            over = (slice(row - 2, row + 3), slice(column - 2, column + 3))
            total[over] += GAUSS[..., None] * (patch + scene.field.bias[row, column])
            weight[over] += GAUSS[..., None]
    assert found == pytest.approx(total / weight, abs=1e-4)

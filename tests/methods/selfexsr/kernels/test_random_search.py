"""Random search stays within the scales that are allowed."""

from __future__ import annotations

import numpy as np

from srbench.methods.selfexsr import kernels
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


def test_drawing_as_the_authors_do_keeps_matrices_and_starves_the_fronto_parallel_plane() -> None:
    # One plane is so likely that almost every draw takes it; all patches start without a plane at twice the step.
    taken = {}
    for as_authors in (False, True):
        scene = Scene(probability=(0.001, 0.998, 0.001), as_authors=as_authors)
        scene.begin()
        first = scene.field.cost.copy()
        kernels.search(0, scene.shape[0], scene.target, np.uint64(3), scene.field, scene.sources, scene.prior)
        fresh = scene.field.cost < first
        taken[as_authors] = (fresh & (scene.field.plane == 1)).sum() / fresh.sum()
    assert 1.5 < np.median(scene.field.matrix[fresh][:, 0]) < 2.5
    assert taken[True] > 0.9
    # Half of the draws stay where the patch is. The others translate along the plane, which is hardly tilted: a piece
    # that is no smaller there teaches nothing, and is refused.
    assert taken[False] < 0.1

"""Patch transforms are the paper's products of matrices, and take a patch where it should come from."""

from __future__ import annotations

import math

import numpy as np
import pytest

from srbench.methods.selfexsr import kernels
from srbench.methods.selfexsr.pyramid import Pyramid, scale_step
from tests.methods.selfexsr.scene import (
    Array,
    matrix_transform,
    photograph,
    plain_level,
    plain_scale,
)


def test_the_closed_form_of_a_patch_transform_is_the_papers_product_of_matrices() -> None:
    rng = np.random.default_rng(0)
    for _ in range(300):
        h7, h8 = rng.uniform(-0.004, 0.004, 2)
        p, t = rng.uniform(0, 100, (2, 2))
        a = rng.normal(0, 1, (2, 2)) + 2 * np.eye(2)
        whole = matrix_transform(h7, h8, p, t, a)
        found = kernels.transform(h7, h8, p[0], p[1], t[0], t[1], tuple(a.ravel()))
        assert found.valid
        product = np.array([[found.a, found.b, found.x], [found.c, found.d, found.y], [found.g, found.h, 1]])
        assert product == pytest.approx(whole, rel=1e-9, abs=1e-9)
        assert found.scale == pytest.approx(plain_scale(whole), rel=1e-9)


def test_the_scale_of_a_transform_is_the_growth_of_a_small_square() -> None:
    t = kernels.transform(0.003, -0.002, 20.0, 30.0, 60.0, 15.0, (1.5, 0.2, -0.1, 1.3))
    step = 1e-4
    corners = [
        np.array(kernels.apply(t, i, j)) for i, j in ((-step, -step), (step, -step), (step, step), (-step, step))
    ]
    across, along = corners[2] - corners[0], corners[3] - corners[1]
    area = abs(across[0] * along[1] - across[1] * along[0]) / 2
    assert t.scale == pytest.approx(math.sqrt(area) / (2 * step), rel=1e-5)


def test_a_transform_on_the_true_plane_takes_a_window_to_the_next_window() -> None:
    # A wall seen at an angle: texture (u, v) lies at ((a + b u) / (1 + c u), (d + e v) / (1 + c u)) in the picture.
    def place(u: float, v: float) -> Array:
        return np.array([(10 + 30 * u) / (1 + 0.2 * u), (20 + 25 * v + 3 * u) / (1 + 0.2 * u)])

    # Its vanishing line is where u becomes infinite: the picture's x there is 30 / 0.2 = 150 whatever v.
    h7, h8 = -1 / 150, 0.0
    p, t = place(1.3, 0.4), place(0.3, 0.4)
    found = kernels.transform(h7, h8, p[0], p[1], t[0], t[1], (1.0, 0.0, 0.0, 1.0))
    for u, v in ((1.35, 0.4), (1.3, 0.45), (1.2, 0.3)):
        i, j = place(u, v) - p
        assert kernels.apply(found, i, j) == pytest.approx(tuple(place(u - 1, v)), abs=1e-9)
    assert found.scale > 1


def test_there_is_no_transform_across_a_vanishing_line() -> None:
    identity = (1.0, 0.0, 0.0, 1.0)
    assert not kernels.transform(-0.02, 0.0, 20.0, 5.0, 80.0, 5.0, identity).valid
    assert not kernels.transform(-0.02, 0.0, 50.0, 5.0, 20.0, 5.0, identity).valid


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_the_source_level_is_the_one_that_makes_the_patch_life_size(scale: int) -> None:
    alpha, count = scale_step(scale)
    assert alpha**-count == pytest.approx(scale)
    sources = Pyramid(photograph((20, 20)), alpha).sources(-1)
    for s in np.exp(np.linspace(np.log(0.2), np.log(20), 200)):
        assert kernels.choose_level(float(s), sources) + 1 == plain_level(s, alpha)

"""Levels of the pyramid and their blurred twins."""

from __future__ import annotations

import math

import pytest

from srbench import resize
from srbench.methods.selfexsr.pyramid import Pyramid, scale_step
from tests.methods.selfexsr.scene import (
    photograph,
)


def test_the_twins_of_a_pyramid_are_one_step_blurrier_and_of_the_same_size() -> None:
    lr = photograph((33, 47))
    alpha, _ = scale_step(4)
    pyramid = Pyramid(lr, alpha)
    assert (pyramid.sharp[0] == lr).all()
    for level in range(10):
        size = tuple(max(1, math.floor(n * alpha**level + 0.5)) for n in (33, 47))
        assert pyramid.sharp[level].shape[:2] == pyramid.blurred[level].shape[:2] == size
        expected = resize.imresize(pyramid.sharp[level + 1], shape=size)
        assert pyramid.blurred[level] == pytest.approx(expected, abs=1e-6)
    assert pyramid.shape(-6) == (4 * 33, 4 * 47)

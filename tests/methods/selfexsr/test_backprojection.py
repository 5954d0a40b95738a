"""Back-projection is the plain loop, and brings the reduced result nearer to the LR image."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage

from srbench import resize
from srbench.methods.selfexsr.backprojection import back_project
from tests.methods.selfexsr.scene import (
    photograph,
)


def test_back_projection_is_the_plain_loop_and_brings_the_reduction_nearer() -> None:
    lr = photograph((11, 14), 3)
    start = np.clip(photograph((44, 56), 4) * 0.5 + 0.3, 0, 1)
    gauss = np.exp(-np.add.outer(np.arange(-2.0, 3) ** 2, np.arange(-2.0, 3) ** 2) / 2) ** 2
    gauss /= gauss.sum()
    expected = start.astype(np.float64)
    for _ in range(20):
        error = resize.imresize(lr - resize.imresize(expected, shape=(11, 14)), shape=(44, 56))
        step = np.stack([scipy.ndimage.correlate(error[..., c], gauss, mode="nearest") for c in range(3)], axis=-1)
        expected = np.clip(expected + step, 0, 1)
    found = back_project(start, lr)
    assert found == pytest.approx(expected, abs=2e-5)
    before, after = (np.abs(resize.imresize(x, shape=(11, 14)) - lr).mean() for x in (start, found))
    assert after < before / 20

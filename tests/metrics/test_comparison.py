"""Two images are checked, lose the protocol's border, and are shown to metrics as luma or as colour."""

from __future__ import annotations

import math

import numpy as np
import pytest

from srbench import images, metrics
from srbench.errors import MetricError
from srbench.images import Image
from srbench.metrics.comparison import compare


@pytest.mark.parametrize(
    ("sr", "hr", "message"),
    [
        (np.zeros((20, 20), np.uint8), np.zeros((20, 21), np.uint8), "equal shapes"),
        (np.zeros((20, 20), np.uint8), np.zeros((20, 20, 3), np.uint8), "equal shapes"),
        (np.zeros((20, 21, 3), np.uint8), np.zeros((20, 20), np.uint8), "equal shapes"),
        (np.zeros((20, 20)), np.zeros((20, 20)), "float64"),
        (np.zeros((20, 20, 4), np.uint8), np.zeros((20, 20, 4), np.uint8), "expected uint8"),
        (np.zeros((8, 40), np.uint8), np.zeros((8, 40), np.uint8), "too small for protocol 'matlab', which removes 4"),
        (np.zeros((18, 40), np.uint8), np.zeros((18, 40), np.uint8), "11x11 pixels after the border is removed; 32x10"),
    ],
)
def test_images_that_cannot_be_compared_are_refused(sr: Image, hr: Image, message: str) -> None:
    with pytest.raises(MetricError, match=message):
        metrics.evaluate(sr, hr, scale=4)


def test_small_images_have_a_psnr_and_a_daala_ssim() -> None:
    x = np.arange(81, dtype=np.uint8).reshape(9, 9)
    assert metrics.evaluate(x, x, scale=4, names=["psnr"]) == {"psnr": math.inf}
    assert metrics.evaluate(x, x, scale=4, protocol="daala") == {"psnr": math.inf, "ssim": 1.0}


PICTURE = np.random.default_rng(3).integers(0, 256, (30, 28, 3), dtype=np.uint8)


@pytest.mark.parametrize("protocol", ["matlab", "basicsr", "basicsr-rgb"])
def test_metrics_of_luma_get_8_bits_whatever_the_protocol_compares(protocol: str) -> None:
    both = compare(PICTURE, PICTURE, 4, metrics.find_protocol(protocol)).y
    for plane in both:
        np.testing.assert_array_equal(plane, images.luma(PICTURE[4:-4, 4:-4]))


@pytest.mark.parametrize("protocol", ["daala", "matlab", "basicsr"])
def test_the_colours_of_a_gray_image_are_three_equal_channels(protocol: str) -> None:
    gray = PICTURE[..., 0].copy()
    for image in compare(gray, gray, 4, metrics.find_protocol(protocol)).rgb:
        np.testing.assert_array_equal(image, gray[4:-4, 4:-4, None].repeat(3, axis=2))


def test_what_is_compared_does_not_share_memory_with_the_callers_images() -> None:
    both = compare(PICTURE, PICTURE, 4, metrics.find_protocol("matlab"))
    assert not np.shares_memory(both.sr, PICTURE)
    assert not np.shares_memory(both.hr, PICTURE)

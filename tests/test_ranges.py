"""Float output on the scale of networks is told from a dark picture by comparing it with its input."""

from __future__ import annotations

import numpy as np
import pytest

from srbench import datasets, images, resize
from srbench.errors import MethodError
from srbench.ranges import wrong_scale
from srbench.registry import to_8bit


def photographs() -> list[images.Image]:
    colour = [pair.lr() for pair in datasets.load("demo", 4)]
    return [*colour, *(np.ascontiguousarray(image[..., 1]) for image in colour if image.ndim == 3)]


def enlarged(lr: images.Image) -> np.ndarray:
    return resize.enlarge(lr, 4).astype(np.float32)


@pytest.mark.parametrize("lr", photographs())
def test_photographs_are_recognised_on_every_scale(lr: images.Image) -> None:
    sr = enlarged(lr)
    assert wrong_scale(sr, lr) is None
    assert wrong_scale(sr / 255, lr) == "255 * sr"
    assert wrong_scale(sr / 127.5 - 1, lr) == "127.5 * (sr + 1)"
    assert wrong_scale((sr * 1.1 - 12) / 255, lr) == "255 * sr"  # a network overshoots


def test_colour_for_a_gray_picture_is_recognised_as_well() -> None:
    lr = photographs()[0][..., 1].copy()
    sr = np.dstack([enlarged(lr)] * 3)
    assert wrong_scale(sr, lr) is None
    assert wrong_scale(sr / 255, lr) == "255 * sr"


@pytest.mark.parametrize("lr", photographs())
@pytest.mark.parametrize("brightest", [0, 1, 2, 3])
def test_a_picture_that_is_really_dark_passes(lr: images.Image, brightest: int) -> None:
    dark = np.floor(lr / 256 * (brightest + 1)).astype(np.uint8)
    sr = enlarged(dark) * 0.9
    assert sr.max() < 4
    assert wrong_scale(sr, dark) is None


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0, -1.0])
def test_output_that_has_nothing_of_its_input_is_bad_but_not_called_a_matter_of_scale(value: float) -> None:
    lr = photographs()[0]
    assert wrong_scale(np.full_like(enlarged(lr), value), lr) is None


def test_a_flat_gray_picture_is_recognised_and_a_flat_black_one_passes() -> None:
    for value, expected in ((128, "255 * sr"), (0, None)):
        lr = np.full((8, 8), value, np.uint8)
        assert wrong_scale(enlarged(lr) / 255, lr) == expected


def test_the_error_says_what_came_and_what_to_return() -> None:
    lr = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4
    sr = enlarged(lr) / 255
    message = (
        r"Method 'm' returned floats from .* for an LR image of 0 to 252; expected the 0\.\.255 scale. Return 255 "
    )
    with pytest.raises(MethodError, match=message):
        to_8bit("m", sr, sr.shape, lr)
    assert to_8bit("m", sr * 255, sr.shape, lr).max() > 240
    assert to_8bit("m", sr, sr.shape).max() == 1  # without the input nothing is known

"""What can be shown as RGB is converted, with the colours that a viewer shows; the rest is refused in one line."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL import ImageCms

from srbench import images
from srbench.errors import ImageError
from srbench.training.decoding import decode
from tests.training.conftest import picture


def saved(image: PillowImage.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def test_an_ordinary_photograph_is_what_the_bench_reads() -> None:
    data = saved(PillowImage.fromarray(picture(0)), "PNG")
    image, done = decode(data, "a.png")
    assert np.array_equal(image, images.decode(data))
    assert done == ""


def test_gray_becomes_three_equal_channels() -> None:
    gray = picture(0)[..., 0].copy()
    image, done = decode(saved(PillowImage.fromarray(gray), "PNG"), "a.png")
    assert np.array_equal(image, np.repeat(gray[..., None], 3, axis=2))
    assert done == ""


def test_cmyk_is_converted_and_said() -> None:
    cmyk = PillowImage.fromarray(picture(0)).convert("CMYK")
    image, done = decode(saved(cmyk, "JPEG", quality=95), "a.jpg")
    assert done == "CMYK"
    assert np.abs(image.astype(int) - picture(0)).mean() < 6


def test_a_profile_that_is_not_for_cmyk_does_no_harm() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    cmyk = PillowImage.fromarray(picture(0)).convert("CMYK")
    image, done = decode(saved(cmyk, "JPEG", quality=95, icc_profile=profile), "a.jpg")
    assert done == "CMYK"
    assert np.abs(image.astype(int) - picture(0)).mean() < 6


@pytest.mark.parametrize("depth", [8, 16])
def test_what_is_transparent_lies_on_white(depth: int) -> None:
    full = 2**depth - 1
    rgba = np.zeros((40, 50, 4), np.uint16 if depth == 16 else np.uint8)
    rgba[..., 0] = full  # pure red in OpenCV's blue channel
    rgba[:20, :, 3], rgba[20:, :, 3] = full, full // 2
    data = cv2.imencode(".png", rgba)[1].tobytes()
    image, done = decode(data, "a.png")
    assert done == "transparency on white"
    assert image[0, 0].tolist() == [0, 0, 255]
    assert image[30, 0].tolist() == [128, 128, 255]


def test_16_bit_values_are_rounded_as_the_bench_rounds_them() -> None:
    deep = picture(3).astype(np.uint16) * 257
    data = cv2.imencode(".png", deep[..., ::-1])[1].tobytes()
    assert np.array_equal(decode(data, "a.png")[0], picture(3))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF"])
def test_of_an_animation_the_first_picture_counts(kind: str) -> None:
    first, second = (PillowImage.fromarray(picture(seed)) for seed in (0, 1))
    options = {"lossless": True} if kind == "WEBP" else {}
    image, done = decode(saved(first, kind, save_all=True, append_images=[second], **options), "a")
    assert done == "first picture of an animation"
    # GIF has no more than 256 colours; the second picture differs by 60 a sample.
    assert np.abs(image.astype(int) - picture(0)).mean() < (12 if kind == "GIF" else 1e-9)


def test_what_is_no_picture_is_refused_in_one_line() -> None:
    good = saved(PillowImage.fromarray(picture(0)), "PNG")
    deep = PillowImage.fromarray(np.zeros((30, 30), np.float32))
    for name, data, message in (
        ("torn.png", good[: len(good) // 2], "damaged"),
        ("words.jpg", b"no picture at all", "damaged or is not an image"),
        ("._a.jpg", good, "what macOS notes about another file"),
        ("f.tif", saved(deep, "TIFF"), "mode F"),
    ):
        with pytest.raises(ImageError, match=message) as caught:
            decode(data, name)
        assert "\n" not in str(caught.value)

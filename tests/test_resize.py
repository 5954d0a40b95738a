"""imresize against a slow reference in exact fractions, against MATLAB's own pictures, and its errors."""

from __future__ import annotations

import hashlib
import json
import math
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from srbench import images, resize
from srbench.errors import ImageError
from srbench.resize import weights


def keys(t: Fraction) -> Fraction:
    t = abs(t)
    if t <= 1:
        return Fraction(3, 2) * t**3 - Fraction(5, 2) * t**2 + 1
    return -Fraction(1, 2) * t**3 + Fraction(5, 2) * t**2 - 4 * t + 2 if t <= 2 else Fraction(0)


def tent(t: Fraction) -> Fraction:
    return 1 - abs(t) if abs(t) <= 1 else Fraction(0)


KERNELS = {"bicubic": (keys, 2), "bilinear": (tent, 1)}


def slow_pass(line: list[Any], s: Fraction, kernel: str, boundary: str) -> list[Fraction]:
    function, support = KERNELS[kernel]
    n, q, out = len(line), min(s, Fraction(1)), []
    for i in range(math.ceil(n * s)):
        centre = (i + Fraction(1, 2)) / s - Fraction(1, 2)
        reach = support / q
        total, norm = Fraction(0), Fraction(0)
        for j in range(math.ceil(centre - reach), math.floor(centre + reach) + 1):
            if boundary == "replicate":
                e = min(max(j, 0), n - 1)
            else:
                e = j
                while not 0 <= e < n:
                    e = -1 - e if e < 0 else 2 * n - 1 - e
            weight = function(q * (centre - j))
            total += weight * Fraction(line[e])
            norm += weight
        out.append(total / norm)
    return out


def slow(image: np.ndarray, s: Fraction, kernel: str, boundary: str, rounding: bool = True) -> np.ndarray:
    def u8(value: Fraction) -> Fraction:
        return Fraction(min(max(math.floor(value + Fraction(1, 2)), 0), 255)) if rounding else value

    columns = [[u8(v) for v in slow_pass(list(column), s, kernel, boundary)] for column in image.T.tolist()]
    rows = [[u8(v) for v in slow_pass(list(row), s, kernel, boundary)] for row in zip(*columns, strict=True)]
    return np.array([[float(v) for v in row] for row in rows])


small = st.tuples(st.integers(1, 9), st.integers(1, 9))
bytes_images = small.flatmap(lambda shape: arrays(np.uint8, shape))
# 0, 1 and 255 make ties and overshoot far likelier than uniform bytes do.
harsh_images = small.flatmap(lambda shape: arrays(np.uint8, shape, elements=st.sampled_from([0, 1, 2, 128, 254, 255])))
factors = st.sampled_from(
    [Fraction(k) for k in (2, 3, 4, 8)] + [Fraction(1, k) for k in (2, 3, 4, 8)] + [Fraction(3, 2)]
)


@settings(max_examples=60, deadline=None)
@given(
    bytes_images | harsh_images,
    factors,
    st.sampled_from(["bicubic", "bilinear"]),
    st.sampled_from(["symmetric", "replicate"]),
)
def test_bytes_equal_the_exact_reference_pixel_by_pixel(
    image: np.ndarray, scale: Fraction, kernel: str, boundary: str
) -> None:
    got = resize.imresize(image, scale, kernel=kernel, boundary=boundary)
    assert got.dtype == np.uint8
    np.testing.assert_array_equal(got, slow(image, scale, kernel, boundary))


@settings(max_examples=15, deadline=None)
@given(bytes_images, factors)
def test_floats_are_neither_rounded_nor_clipped(image: np.ndarray, scale: Fraction) -> None:
    got = resize.imresize(image.astype(np.float64), scale)
    np.testing.assert_allclose(got, slow(image, scale, "bicubic", "symmetric", rounding=False), rtol=0, atol=1e-10)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 255),
    small,
    factors,
    st.sampled_from(["bicubic", "bilinear", "lanczos2", "lanczos3", "box", "nearest"]),
)
def test_a_constant_image_stays_constant(value: int, shape: tuple[int, int], scale: Fraction, kernel: str) -> None:
    assert set(resize.imresize(np.full(shape, value, np.uint8), scale, kernel=kernel).flat) == {value}


@settings(max_examples=15, deadline=None)
@given(small.flatmap(lambda shape: arrays(np.uint8, (*shape, 3))), factors)
def test_colours_are_resized_one_by_one(image: np.ndarray, scale: Fraction) -> None:
    each = [resize.imresize(image[..., c], scale) for c in range(3)]
    np.testing.assert_array_equal(resize.imresize(image, scale), np.stack(each, axis=2))


def test_the_weights_of_x4_are_those_of_matlab() -> None:
    taps = weights.resize_taps(100, 400, Fraction(4), "bicubic", True, "symmetric")
    phases = {tuple(row * 1024 / taps.divisor) for row in taps.weights.tolist() for row in [np.array(row)]}
    assert phases == {(-45, 399, 745, -75), (-7, 93, 987, -49), (-49, 987, 93, -7), (-75, 745, 399, -45)}


def test_the_weights_of_a_quarter_are_those_of_matlab() -> None:
    taps = weights.resize_taps(400, 100, Fraction(1, 4), "bicubic", True, "symmetric")
    half = [-7, -45, -75, -49, 93, 399, 745, 987]
    assert (taps.weights[50] * 4096 / taps.divisor).tolist() == half + half[::-1]
    assert taps.index[50].tolist() == list(range(4 * 50 - 6, 4 * 50 + 10))


def test_halves_are_rounded_up_in_each_pass() -> None:
    stripes = np.array([[0, 1]], np.uint8)
    assert resize.imresize(stripes, shape=(1, 1), kernel="box").tolist() == [[1]]
    board = np.array([[0, 1], [0, 0]], np.uint8)  # 1/4 in one go would be 0; rounded twice it is 1
    assert resize.imresize(board, Fraction(1, 2), kernel="box").tolist() == [[1]]


def test_the_axis_with_the_smaller_scale_goes_first() -> None:
    image = np.random.default_rng(3).integers(0, 256, (16, 16), dtype=np.uint8)
    widened = resize.imresize(resize.imresize(image, shape=(16, 4)), shape=(8, 4))
    np.testing.assert_array_equal(resize.imresize(image, shape=(8, 4)), widened)


def test_a_float_scale_means_the_fraction_it_stands_for() -> None:
    image = np.random.default_rng(4).integers(0, 256, (27, 30, 3), dtype=np.uint8)
    np.testing.assert_array_equal(resize.imresize(image, 1 / 3), resize.reduce(image, 3))


def test_nearest_repeats_pixels() -> None:
    image = np.random.default_rng(5).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    np.testing.assert_array_equal(resize.enlarge(image, 3, kernel="nearest"), image.repeat(3, 0).repeat(3, 1))


def test_lanczos_is_the_windowed_sinc() -> None:
    image = np.random.default_rng(6).random((1, 12))
    got = resize.imresize(image, shape=(1, 24), kernel="lanczos3")[0, 11]
    t = (11.5 / 2 - 0.5) - np.arange(3, 9)
    expected = np.sinc(t) * np.sinc(t / 3)
    assert got == pytest.approx((expected * image[0, 3:9]).sum() / expected.sum(), abs=1e-12)


def test_without_antialiasing_shrinking_interpolates() -> None:
    line = np.arange(12, dtype=np.float64)[None] ** 2
    assert resize.imresize(line, shape=(1, 4), kernel="bilinear", antialias=False)[0, 1] == 16.0


def test_the_layout_in_memory_does_not_matter() -> None:
    image = np.random.default_rng(7).integers(0, 256, (20, 24, 3), dtype=np.uint8)
    expected = resize.reduce(image, 4)
    frozen = image.copy()
    frozen.flags.writeable = False
    for other in (np.asfortranarray(image), image[::-1][::-1], frozen):
        np.testing.assert_array_equal(resize.reduce(other, 4), expected)


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
@pytest.mark.parametrize("boundary", ["symmetric", "replicate"])
def test_blur_and_decimation_equal_the_direct_sum(scale: int, boundary: str) -> None:
    image = np.random.default_rng(scale).integers(0, 256, (2 * scale, 3 * scale), dtype=np.uint8)
    sigma, pad = 0.4 * scale, 2 * scale + 8
    padded = np.pad(image.astype(float), pad, mode="symmetric" if boundary == "symmetric" else "edge")
    expected = np.empty((2, 3))
    for i, j in np.ndindex(2, 3):
        y, x = ((k + 0.5) * scale - 0.5 + pad for k in (i, j))
        a, b = (
            np.exp(-((np.arange(size) - c) ** 2) / (2 * sigma**2)) for size, c in zip(padded.shape, (y, x), strict=True)
        )
        window = np.outer(a, b)
        expected[i, j] = (window * padded).sum() / window.sum()
    got = resize.blur_decimate(image.astype(float), scale, boundary=boundary)
    np.testing.assert_allclose(got, expected, atol=0.15)  # the tail beyond 4 sigma is cut off
    np.testing.assert_array_equal(resize.blur_decimate(image, scale, boundary=boundary), np.floor(got + 0.5))


@pytest.mark.parametrize("scale", resize.SCALES)
def test_a_blurred_lr_image_lies_where_the_bicubic_one_lies(scale: int) -> None:
    ramp = np.tile(np.arange(16.0 * scale), (8 * scale, 1))
    middle = np.s_[3:-3, 5:-5]
    np.testing.assert_allclose(resize.blur_decimate(ramp, scale)[middle], resize.reduce(ramp, scale)[middle], atol=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: resize.imresize(x), "exactly one of them"),
        (lambda x: resize.imresize(x, 2, shape=(3, 3)), "exactly one of them"),
        (lambda x: resize.imresize(x, 0), "above 0"),
        (lambda x: resize.imresize(x, math.nan), "above 0"),
        (lambda x: resize.imresize(x, shape=(0, 3)), "one pixel or more"),
        (lambda x: resize.imresize(x, 2, kernel="bicubik"), "Did you mean 'bicubic'"),
        (lambda x: resize.imresize(x, 2, boundary="symetric"), "Did you mean 'symmetric'"),
        (lambda x: resize.imresize(x.astype(np.int32), 2), "int32"),
        (lambda x: resize.imresize(x[None, None], 2), "shape"),
        (lambda x: resize.imresize(x[:0], 2), "shape"),
        (lambda x: resize.reduce(x, 0), "from 1 on"),
        (lambda x: resize.blur_decimate(x, 2, sigma=0), "sigma"),
        (lambda x: resize.blur_decimate(x, 2, sigma=math.inf), "sigma"),
    ],
)
def test_wrong_arguments_are_named(call: Any, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        call(np.zeros((4, 4), np.uint8))


def test_importing_resize_and_metrics_loads_nothing_heavy() -> None:
    code = (
        "import sys, srbench.resize, srbench.metrics as m; m.metrics(); m.fingerprint('psnr');"
        "print([n for n in ('numba', 'torch', 'scipy', 'pandas', 'piq') if n in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_every_shipped_lr_image_is_reproduced(data_root: Path) -> None:
    count = 0
    for dataset in ("set5", "set14", "bsd100"):
        for path in sorted((data_root / dataset / "HR").glob("*.png")):
            shipped = images.read(data_root / dataset / "LR_bicubic_x4" / path.name)
            np.testing.assert_array_equal(resize.reduce(images.read(path), 4, boundary="replicate"), shipped, str(path))
            count += 1
    assert count == 119


def test_bicubic_images_have_the_golden_hashes(data_root: Path, golden: Path) -> None:
    for dataset, rows in json.loads((golden / "protocol.json").read_text())["images"].items():
        for row in rows:
            lr = images.read(data_root / dataset.lower() / "LR_bicubic_x4" / f"{row['image']}.png")
            digest = hashlib.sha256(resize.enlarge(lr, 4).tobytes()).hexdigest()
            assert digest.startswith(row["bicubic"]["sha_sr"]), (dataset, row["image"])

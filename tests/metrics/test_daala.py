"""The paper's luma and SSIM against a literal transcription of their description in plain Python integers."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from srbench import images
from srbench.images import Image
from srbench.metrics import daala

MASK = 2**32 - 1


def kiss99() -> Iterator[int]:
    z, w, j, c = 362436069, 521288629, 123456789, 380116160
    while True:
        z = (36969 * (z % 65536) + z // 65536) & MASK
        w = (18000 * (w % 65536) + w // 65536) & MASK
        j ^= (j << 17) & MASK
        j ^= j >> 13
        j ^= (j << 5) & MASK
        c = (69069 * c + 1234567) & MASK
        yield ((((z << 16) + w & MASK) ^ c) + j) & MASK


def triangular(draws: Iterator[int], reach: int) -> int:
    m = reach + 1
    limit = MASK // m * m
    a = next(v for v in draws if v < limit)
    b = next(v for v in draws if v < limit)
    return a % m - b % m


def div(x: int, y: int) -> int:
    q = (2 * abs(x) + y) // (2 * y)
    return q if x >= 0 else -q


def clip(x: int, low: int, high: int) -> int:
    return min(max(x, low), high)


def int32(x: int) -> int:
    return (x + 2**31) % 2**32 - 2**31


def slow_luma(image: Image, *, wrap: bool = True) -> np.ndarray:
    height, width = image.shape[:2]
    draws, out = kiss99(), np.zeros((height, width), np.uint8)
    unit, step = 9745792000, 2916394880000
    for top in range(0, height, 2):
        for left in range(0, width, 2):
            noise = [tuple(triangular(draws, r) for r in (1223320000, 1479548743, 1255654969)) for _ in range(4)]
            _, cb0, cr0 = noise[0]
            block: list[list[int]] = []
            for k in range(4):
                i, j, y = top + k // 2, left + k % 2, noise[k][0]
                if i >= height:
                    block.append(block[k - 2])
                elif j >= width:
                    block.append(block[k - 1])
                else:
                    r, g, b = (257 * int(v) for v in np.broadcast_to(image[i, j], 3))
                    block.append(
                        [
                            r + div(2 * y + 3 * cr0, 8176000),
                            g + div(2384 * y + 361 * cb0 + 1063 * cr0, 9745792000),
                            b + div(2 * y + 3 * cb0, 8176000),
                        ]
                    )
            sr, sg, sb = (sum(pixel[c] for pixel in block) for c in range(3))
            cb = clip(div(-29764 * sr - 100128 * sg + 129892 * sb, 304016865) + 128, 0, 255) - 128
            cr = clip(div(110236 * sr - 100128 * sg - 10108 * sb, 258011295) + 128, 0, 255) - 128
            shifts = [4490222169144 * cr, -534117096223 * cb - 1334761232047 * cr, 5290866304968 * cb]
            for k, pixel in enumerate(block):
                i, j = top + k // 2, left + k % 2
                if i >= height or j >= width:
                    continue
                e = [(unit * x - a + 4096) // 8192 for x, a in zip(pixel, shifts, strict=True)]
                y0 = clip((1063 * e[0] + 3576 * e[1] + 361 * e[2]) // 1780026171875, -16, 238)
                errors = [
                    (int32 if wrap else int)(
                        sum(
                            (x - clip(div(step * y + a, unit), 0, 65535)) ** 2
                            for x, a in zip(pixel, shifts, strict=True)
                        )
                    )
                    for y in (y0, y0 + 1)
                ]
                even = y0 if y0 % 2 == 0 else y0 + 1
                chosen = even if errors[0] == errors[1] else y0 + (errors[1] < errors[0])
                out[i, j] = chosen + 16
    return out


def slow_ssim(x: Image, y: Image) -> float:
    height, width = x.shape
    sigma = 1.5 * height / 256
    t = math.sqrt(math.pi / 2) * sigma / 256
    radius = 0 if t >= 1 else min(math.floor(sigma * math.sqrt(-2 * math.log(t))), min(height, width) - 1)
    side = [
        math.floor(256 * math.exp(-(i**2) / (2 * sigma**2)) / (math.sqrt(2 * math.pi) * sigma) + 0.5)
        for i in range(1, radius + 1)
    ]
    kernel = [*side[::-1], 256 - 2 * sum(side), *side]
    total = weights = 0.0
    for i in range(height):
        for j in range(width):
            n = sx = sy = sxx = syy = sxy = 0
            for di, dj in np.ndindex(2 * radius + 1, 2 * radius + 1):
                a, b = i + di - radius, j + dj - radius
                if 0 <= a < height and 0 <= b < width:
                    w, p, q = kernel[di] * kernel[dj], int(x[a, b]), int(y[a, b])
                    n, sx, sy = n + w, sx + w * p, sy + w * q
                    sxx, syy, sxy = sxx + w * p * p, syy + w * q * q, sxy + w * p * q
            c1, c2 = 255**2 * 0.01**2 * n**2, 255**2 * 0.03**2 * n**2
            s = (2 * sx * sy + c1) * (2 * (n * sxy - sx * sy) + c2)
            s /= (sx**2 + sy**2 + c1) * (n * sxx - sx**2 + n * syy - sy**2 + c2)
            total, weights = total + n * s, weights + n
    return total / weights


shapes = st.tuples(st.integers(1, 9), st.integers(1, 9))
wild = st.sampled_from([0, 255, 1, 254, 128])
colour = shapes.flatmap(
    lambda s: arrays(np.uint8, (*s, 3)) | arrays(np.uint8, (*s, 3), elements=wild) | arrays(np.uint8, s)
)


@settings(max_examples=150, deadline=None)
@given(colour)
@example(np.array([[[255, 0, 255]]], np.uint8))
def test_luma_equals_the_plain_integers(image: Image) -> None:
    np.testing.assert_array_equal(daala.luma(image), slow_luma(image))


@pytest.mark.parametrize("shape", [(40, 40, 3), (61, 79, 3)])
def test_luma_wraps_around_on_wild_colours_as_the_c_program_does(shape: tuple[int, ...]) -> None:
    image = np.random.default_rng(0).choice(np.array([0, 255], np.uint8), shape)
    expected = slow_luma(image)
    assert (expected != slow_luma(image, wrap=False)).any(), "nothing wraps around: this test shows nothing"
    np.testing.assert_array_equal(daala.luma(image), expected)


def test_the_first_random_numbers_are_those_of_the_program() -> None:
    draws = kiss99()
    assert [next(draws) for _ in range(5)] == [769445856, 742012328, 2121196314, 2805620942, 3214428071]
    draws = kiss99()
    assert [triangular(draws, r) for r in (1223320000, 1479548743, 1255654969)] == [27433528, -684424628, -547676870]


def test_the_dither_sequence_grows_without_changing() -> None:
    short = daala.noise(10)[..., :10].copy()
    np.testing.assert_array_equal(daala.noise(daala.noise(0).shape[2] + 500)[..., :10], short)


@pytest.mark.parametrize(
    ("height", "start"),
    [
        (504, [1, 2, 4, 8, 14, 21, 27, 33, 36, 33]),
        (472, [1, 2, 4, 7, 13, 21, 28, 35, 34, 35]),
        (312, [1, 5, 15, 31, 48, 56, 48]),
        (248, [2, 8, 27, 55, 72, 55]),
    ],
)
def test_the_window_grows_with_the_height(height: int, start: list[int]) -> None:
    half = daala.window(height, 600)
    assert [*half[:0:-1], *half][: len(start)] == start
    assert half[0] + 2 * half[1:].sum() == 256


pairs = st.tuples(st.integers(1, 60), st.integers(1, 12)).flatmap(
    lambda s: st.tuples(arrays(np.uint8, s) | arrays(np.uint8, s, elements=wild), arrays(np.uint8, s))
)


@settings(max_examples=40, deadline=None)
@given(pairs)
def test_ssim_equals_the_plain_integers(pair: tuple[Image, Image]) -> None:
    assert daala.ssim(*pair) == pytest.approx(slow_ssim(*pair), abs=1e-12, rel=0)


def test_ssim_with_a_wide_window_equals_the_plain_integers() -> None:
    x = np.random.default_rng(2).integers(0, 256, (300, 7), dtype=np.uint8)
    y = np.random.default_rng(3).integers(0, 256, (300, 7), dtype=np.uint8)
    assert daala.window(300, 7).size > 4
    assert daala.ssim(x, y) == pytest.approx(slow_ssim(x, y), abs=1e-12, rel=0)


def test_luma_planes_have_the_golden_hashes(data_root: Path, golden: Path) -> None:
    for dataset, rows in json.loads((golden / "protocol.json").read_text())["images"].items():
        for row in rows:
            hr = images.read(data_root / dataset.lower() / "HR" / f"{row['image']}.png")
            digest = hashlib.sha256(daala.luma(images.shave(hr, 4).copy()).tobytes()).hexdigest()
            assert digest.startswith(row["sha_hr_daala_y"]), (dataset, row["image"])

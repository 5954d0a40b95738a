"""Luma, PSNR and SSIM of planes: direct references on small images."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from srbench import images
from srbench.errors import MetricError
from srbench.images import Image
from srbench.metrics import planes


def direct_ssim(x: Image, y: Image) -> float:
    """Wang's SSIM from its definition: an 11x11 window at each place where it fits, in float64."""
    d = np.arange(-5.0, 6.0)
    window = np.exp(-(d[:, None] ** 2 + d**2) / (2 * 1.5**2))
    window /= window.sum()
    a, b = (np.lib.stride_tricks.sliding_window_view(p.astype(np.float64), (11, 11)) for p in (x, y))

    def mean(values: np.ndarray) -> np.ndarray:
        return (values * window).sum(axis=(2, 3))

    mx, my = mean(a), mean(b)
    vx = mean((a - mx[..., None, None]) ** 2)
    vy = mean((b - my[..., None, None]) ** 2)
    cxy = mean((a - mx[..., None, None]) * (b - my[..., None, None]))
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    return float(np.mean((2 * mx * my + c1) * (2 * cxy + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))))


sizes = st.tuples(st.integers(11, 26), st.integers(11, 26))
harsh = st.sampled_from([0, 1, 127, 254, 255])
pairs = sizes.flatmap(
    lambda s: st.tuples(
        arrays(np.uint8, s) | arrays(np.uint8, s, elements=harsh),
        arrays(np.uint8, s) | arrays(np.uint8, s, elements=harsh),
    )
)


@settings(max_examples=60, deadline=None)
@given(pairs)
def test_ssim_equals_the_direct_sum_over_windows(pair: tuple[Image, Image]) -> None:
    assert planes.ssim(*pair) == pytest.approx(direct_ssim(*pair), abs=1e-10, rel=0)


def test_ssim_of_flat_against_stripes_keeps_ten_digits() -> None:
    flat = np.full((40, 41), 255, np.uint8)
    stripes = flat.copy()
    stripes[:, ::2] = 254
    assert planes.ssim(flat, stripes) == pytest.approx(direct_ssim(flat, stripes), abs=1e-10, rel=0)


@settings(max_examples=100, deadline=None)
@given(arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3))))
def test_compiled_luma_equals_the_plain_one(image: Image) -> None:
    np.testing.assert_array_equal(planes.luma(image), images.luma(image))
    np.testing.assert_array_equal(planes.exact_luma(image), images.exact_luma(image))


floats = sizes.flatmap(lambda s: arrays(np.float64, (2, *s), elements=st.floats(0, 255)))


@settings(max_examples=40, deadline=None)
@given(floats)
def test_planes_that_are_not_rounded_are_scored_as_they_are(pair: np.ndarray) -> None:
    x, y = np.ascontiguousarray(pair[0]), np.ascontiguousarray(pair[1])
    assert planes.ssim(x, y) == pytest.approx(direct_ssim(x, y), abs=1e-10, rel=0)
    error = float(np.mean((x - y) ** 2))
    expected = 10 * math.log10(255**2 / error) if error else math.inf
    assert planes.psnr(x, y) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_channels_are_pooled_by_psnr_and_averaged_by_ssim(dtype: type) -> None:
    x, y = np.random.default_rng(6).integers(0, 256, (2, 20, 24, 3)).astype(dtype)
    assert planes.psnr(x, y) == pytest.approx(10 * math.log10(255**2 / np.mean((x.astype(float) - y) ** 2)), abs=1e-9)
    assert planes.ssim(x, y) == pytest.approx(np.mean([direct_ssim(x[..., c], y[..., c]) for c in range(3)]), abs=1e-10)


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_equal_planes_have_an_infinite_psnr(dtype: type) -> None:
    x = np.arange(400).reshape(20, 20).astype(dtype)
    assert planes.psnr(x, x.copy()) == math.inf


@pytest.mark.parametrize("shape", [(10, 40), (40, 10), (10, 40, 3)])
def test_ssim_of_less_than_a_window_says_what_it_needs(shape: tuple[int, ...]) -> None:
    x = np.zeros(shape, np.uint8)
    with pytest.raises(MetricError, match=f"SSIM needs 11x11 pixels .* {shape[1]}x{shape[0]} are left"):
        planes.ssim(x, x)

"""The compiled sums of windows are those of direct loops, for every shape that is allowed."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from srbench.metrics import windows

Array = NDArray[np.float64]
C1, C2 = 6.5025, 58.5225


def planes(shape: tuple[int, int], seed: int = 0) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 256, shape, dtype=np.uint8)
    return x, np.clip(x + rng.normal(0, 20, shape), 0, 255).astype(np.uint8)


def half_of(radius: int) -> Array:
    """A window from its centre outward, of sum 1."""
    half = np.exp(-(np.arange(radius + 1.0) ** 2) / 4)
    return half / (half[0] + 2 * half[1:].sum())


def square(half: Array) -> Array:
    line = np.concatenate([half[:0:-1], half])
    return np.outer(line, line)


def index(x: Array, y: Array, weight: Array, c1: float = C1, c2: float = C2) -> float:
    """SSIM of one window, with moments about its own mean."""
    total = weight.sum()
    mx, my = (x * weight).sum() / total, (y * weight).sum() / total
    vx, vy = ((x - mx) ** 2 * weight).sum() / total, ((y - my) ** 2 * weight).sum() / total
    cxy = ((x - mx) * (y - my) * weight).sum() / total
    return float((2 * mx * my + c1) * (2 * cxy + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2)))


@pytest.mark.parametrize("radius", [1, 2, 3, 5])
@pytest.mark.parametrize("more", [(0, 0), (1, 0), (0, 3), (7, 4)])
def test_ssim_of_whole_windows_is_the_mean_over_all_of_them(radius: int, more: tuple[int, int]) -> None:
    size = 2 * radius + 1
    x, y = planes((size + more[0], size + more[1]))
    half = half_of(radius)
    found = windows.wang(x, y, half, C1, C2)
    expected = [
        index(x[i : i + size, j : j + size].astype(float), y[i : i + size, j : j + size].astype(float), square(half))
        for i in range(more[0] + 1)
        for j in range(more[1] + 1)
    ]
    assert found == pytest.approx(np.mean(expected), abs=1e-12)


@pytest.mark.parametrize("shape", [(1, 1), (2, 5), (6, 3), (9, 11)])
@pytest.mark.parametrize("half", [[3.0, 1.0], [10.0, 6.0, 2.0], [20.0, 15.0, 6.0, 1.0]])
def test_ssim_of_windows_that_the_border_cuts_is_weighted_by_what_is_left_of_them(
    shape: tuple[int, int], half: list[float]
) -> None:
    x, y = planes(shape, 1)
    radius = len(half) - 1
    line = np.array([*half[:0:-1], *half])
    inside = [np.array([line[max(0, radius - i) : radius + n - i].sum() for i in range(n)]) for n in shape]
    found = windows.weighted(x, y, np.array(half), *inside, C1, C2)
    total = weights = 0.0
    for i in range(shape[0]):
        for j in range(shape[1]):
            rows, columns = slice(max(0, i - radius), i + radius + 1), slice(max(0, j - radius), j + radius + 1)
            window = np.outer(
                line[max(0, radius - i) : radius + shape[0] - i], line[max(0, radius - j) : radius + shape[1] - j]
            )[: x[rows, columns].shape[0], : x[rows, columns].shape[1]]
            weight = window.sum()
            total += weight * index(x[rows, columns].astype(float), y[rows, columns].astype(float), window)
            weights += weight
    assert found == pytest.approx(total / weights, abs=1e-12)


def test_squared_errors_are_exact_whatever_the_size() -> None:
    x, y = planes((301, 407), 2)
    expected = int(((x.astype(int) - y) ** 2).sum())
    assert windows.squared_error(x, y) == expected
    assert windows.squared_difference(x.astype(float), y.astype(float)) == expected
    assert windows.squared_error(np.zeros((3000, 2000), np.uint8), np.full((3000, 2000), 255, np.uint8)) == 255**2 * 6e6


def test_luma_is_the_sum_in_the_order_that_is_written() -> None:
    image = np.random.default_rng(3).integers(0, 256, (17, 19, 3), dtype=np.uint8)
    factors = (65.481 / 255, 128.553 / 255, 24.966 / 255)
    exact, rounded = np.empty((17, 19)), np.empty((17, 19), np.uint8)
    windows.exact_luma(image, *factors, exact)
    windows.luma(image, *factors, rounded)
    expected = image[..., 0] * factors[0] + image[..., 1] * factors[1] + image[..., 2] * factors[2] + 16.0
    np.testing.assert_array_equal(exact, expected)
    np.testing.assert_array_equal(rounded, np.floor(expected + 0.5))

"""The compiled core of both SSIMs: symmetric separable windows over the four planes x, y, x^2 + y^2 and x y.

Each row is filtered along itself once, when it enters a ring of rows; the ring is then summed across. Sums are
float64. Inner loops run over contiguous slices, two pairs of taps at a time: that is what compilers vectorise.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Plane = NDArray[Any]  # uint8 or float64: numba compiles for each


@njit(cache=True, nogil=True)
def squared_error(x: Plane, y: Plane) -> np.int64:
    """Return the sum of (x - y)^2 over two planes (H, W)."""
    total = np.int64(0)
    for i in range(x.shape[0]):
        a, b = x[i], y[i]
        line = np.int64(0)
        for j in range(a.size):
            difference = np.int32(a[j]) - np.int32(b[j])
            line += difference * difference
        total += line
    return total


@njit(cache=True, nogil=True)
def squared_difference(x: Floats, y: Floats) -> float:
    """Return the sum of (x - y)^2 over two planes (H, W) of float64."""
    total = 0.0
    for i in range(x.shape[0]):
        a, b = x[i], y[i]
        line = 0.0  # a sum for each row: rounding errors stay small
        for j in range(a.size):
            difference = a[j] - b[j]
            line += difference * difference
        total += line
    return total


@njit(cache=True, nogil=True)
def _along(line: Floats, half: Floats, out: Floats) -> None:
    # out[x] = sum over d of half[|d|] line[x + radius + d]
    radius, n = half.size - 1, out.size
    centre = line[radius : radius + n]
    weight = half[0]
    for x in range(n):
        out[x] = weight * centre[x]
    d = 1
    while d < radius:
        a, b = line[radius - d : radius - d + n], line[radius + d : radius + d + n]
        e, f = line[radius - d - 1 : radius - d - 1 + n], line[radius + d + 1 : radius + d + 1 + n]
        first, second = half[d], half[d + 1]
        for x in range(n):
            out[x] += first * (a[x] + b[x]) + second * (e[x] + f[x])
        d += 2
    if d == radius:
        a, b = line[:n], line[2 * radius : 2 * radius + n]
        weight = half[d]
        for x in range(n):
            out[x] += weight * (a[x] + b[x])


@njit(cache=True, nogil=True)
def _across(ring: Floats, oldest: int, half: Floats, out: Floats) -> None:
    # The same over the rows of a ring, the first of which is `oldest`.
    radius, n = half.size - 1, out.size
    size = 2 * radius + 1
    centre = ring[(oldest + radius) % size]
    weight = half[0]
    for x in range(n):
        out[x] = weight * centre[x]
    d = 1
    while d < radius:
        a, b = ring[(oldest + radius - d) % size], ring[(oldest + radius + d) % size]
        e, f = ring[(oldest + radius - d - 1) % size], ring[(oldest + radius + d + 1) % size]
        first, second = half[d], half[d + 1]
        for x in range(n):
            out[x] += first * (a[x] + b[x]) + second * (e[x] + f[x])
        d += 2
    if d == radius:
        a, b = ring[oldest], ring[(oldest + 2 * radius) % size]
        weight = half[d]
        for x in range(n):
            out[x] += weight * (a[x] + b[x])


@njit(cache=True, nogil=True)
def _enter(x: Plane, y: Plane, pad: int, half: Floats, lines: Floats, ring: Floats, slot: int) -> None:
    # Expands one row of each image to the four planes and puts them, filtered along, into the ring.
    n = x.size
    a, b = lines[0, pad : pad + n], lines[1, pad : pad + n]
    squares, products = lines[2, pad : pad + n], lines[3, pad : pad + n]
    for j in range(n):
        a[j] = x[j]
        b[j] = y[j]
    for j in range(n):
        squares[j] = a[j] * a[j] + b[j] * b[j]
        products[j] = a[j] * b[j]
    for p in range(4):
        _along(lines[p], half, ring[p, slot])


@njit(cache=True, nogil=True)
def wang(x: Plane, y: Plane, half: Floats, c1: float, c2: float) -> float:
    """Return the mean SSIM over all windows wholly inside; `half` is the window from its centre outward, of sum 1."""
    height, width = x.shape
    radius = half.size - 1
    size, n = 2 * radius + 1, width - 2 * radius
    lines = np.empty((4, width))
    ring = np.empty((4, size, n))
    sums = np.empty((4, n))
    scores = np.zeros(n)
    for i in range(height):
        _enter(x[i], y[i], 0, half, lines, ring, i % size)
        if i + 1 < size:
            continue
        for p in range(4):
            _across(ring[p], (i + 1) % size, half, sums[p])
        mx, my, squares, products = sums[0], sums[1], sums[2], sums[3]
        for j in range(n):
            product = mx[j] * my[j]
            power = mx[j] * mx[j] + my[j] * my[j]
            top = (2.0 * product + c1) * (2.0 * (products[j] - product) + c2)
            scores[j] += top / ((power + c1) * (squares[j] - power + c2))
    mean: float = scores.sum() / ((height - size + 1) * n)
    return mean


@njit(cache=True, nogil=True)
def weighted(x: Plane, y: Plane, half: Floats, rows: Floats, columns: Floats, c1: float, c2: float) -> float:
    """Return the SSIM over windows cut off at the border, weighted by the part of each that lies inside.

    All sums are whole numbers below 2^53, hence exact.

    Args:
        x: Shape (H, W).
        y: Shape (H, W).
        half: The integer window from its centre outward.
        rows: Sum of the window's part that lies inside, for each row, shape (H,).
        columns: The same for each column, shape (W,).
        c1: The first constant for windows of weight 1.
        c2: The second constant for windows of weight 1.
    """
    height, width = x.shape
    radius = half.size - 1
    size = 2 * radius + 1
    lines = np.zeros((4, width + 2 * radius))
    ring = np.zeros((4, size, width))
    sums = np.empty((4, width))
    total = np.zeros(width)
    for i in range(height + radius):
        if i < height:
            _enter(x[i], y[i], radius, half, lines, ring, i % size)
        else:
            ring[:, i % size] = 0.0
        if i < radius:
            continue
        for p in range(4):
            _across(ring[p], (i + 1) % size, half, sums[p])
        sx, sy, squares, products = sums[0], sums[1], sums[2], sums[3]
        row = rows[i - radius]
        for j in range(width):
            weight = row * columns[j]
            product = sx[j] * sy[j]
            power = sx[j] * sx[j] + sy[j] * sy[j]
            k1, k2 = c1 * (weight * weight), c2 * (weight * weight)
            top = (2.0 * product + k1) * (2.0 * (weight * products[j] - product) + k2)
            total[j] += weight * (top / ((power + k1) * (weight * squares[j] - power + k2)))
    mean: float = total.sum() / (rows.sum() * columns.sum())
    return mean


@njit(cache=True, nogil=True)
def luma(image: NDArray[Any], red: float, green: float, blue: float, out: Plane) -> None:
    """Write round(red R + green G + blue B + 16), summed in this order, of `image` (H, W, 3) to `out` (H, W)."""
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            value = image[i, j, 0] * red + image[i, j, 1] * green + image[i, j, 2] * blue + 16.0
            out[i, j] = np.uint8(value + 0.5)


@njit(cache=True, nogil=True)
def exact_luma(image: NDArray[Any], red: float, green: float, blue: float, out: Floats) -> None:
    """Write red R + green G + blue B + 16, summed in this order, of `image` (H, W, 3) to `out` (H, W)."""
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            out[i, j] = image[i, j, 0] * red + image[i, j, 1] * green + image[i, j, 2] * blue + 16.0

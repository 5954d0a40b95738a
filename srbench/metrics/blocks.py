"""The compiled core of NIQE: local normalisation, moments of blocks and of neighbours' products, and half the size."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Plane = NDArray[np.float32]

# Products with the pixel to the left, above, above to the left and above to the right, around the block's border.
_SHIFTS = ((0, 1), (1, 0), (1, 1), (1, -1))


@njit(cache=True, nogil=True)
def _blur(plane: Plane, window: NDArray[np.float64], out: Plane) -> None:
    # The separable window with repeated edges; sums are float64, the result float32.
    height, width = plane.shape
    radius = window.size // 2
    line = np.empty(width + 2 * radius)
    for i in range(height):
        line[:] = 0.0
        inner = line[radius : radius + width]
        for k in range(window.size):
            row = plane[min(max(i + k - radius, 0), height - 1)]
            weight = window[k]
            for x in range(width):
                inner[x] += weight * np.float64(row[x])
        line[:radius] = line[radius]
        line[radius + width :] = line[radius + width - 1]
        for x in range(width):
            total = 0.0
            for k in range(window.size):
                total += window[k] * line[x + k]
            out[i, x] = np.float32(total)


@njit(cache=True, nogil=True)
def normalise(plane: Plane, window: NDArray[np.float64], out: Plane) -> None:
    """Write (x - mean) / (deviation + 1) of a local window to `out`, both of shape (H, W).

    Planes are float32 on purpose: where a picture is flat, the mean then is the pixel itself and the result is 0. In
    float64 rounding errors of 1e-14 remain, and a fit that counts pixels above and below 0 takes them for texture.
    """
    squares = plane * plane
    mean, power = np.empty_like(plane), np.empty_like(plane)
    _blur(plane, window, mean)
    _blur(squares, window, power)
    for i in range(plane.shape[0]):
        for x in range(plane.shape[1]):
            deviation = np.sqrt(np.abs(power[i, x] - mean[i, x] * mean[i, x]))
            out[i, x] = (plane[i, x] - mean[i, x]) / (deviation + np.float32(1.0))


@njit(cache=True, nogil=True)
def halve(plane: Plane, taps: NDArray[np.float64], out: Plane) -> None:
    """Write `plane` at half its size, by MATLAB's antialiased bicubic kernel, rows before columns.

    Values are shares of 255 on the way, and every partial sum is rounded to float32 from the first tap to the last, as
    in BasicSR, whose values are the published ones: in the flat parts of a picture the last bit is all there is.

    Args:
        plane: (2 h, 2 w), at least 4 pixels each way; outside it is mirrored.
        taps: The kernel's 8 weights.
        out: (h, w).
    """
    height, width = plane.shape
    line = np.empty(width, np.float32)
    for i in range(out.shape[0]):
        line[:] = np.float32(0.0)
        for k in range(taps.size):
            row = plane[_mirror(2 * i - 3 + k, height)]
            for x in range(width):
                line[x] = np.float32(line[x] + taps[k] * np.float64(row[x] / np.float32(255.0)))
        for j in range(out.shape[1]):
            total = np.float32(0.0)
            for k in range(taps.size):
                total = np.float32(total + taps[k] * np.float64(line[_mirror(2 * j - 3 + k, width)]))
            out[i, j] = total * np.float32(255.0)


@njit(cache=True, nogil=True)
def _mirror(place: int, size: int) -> int:
    if place < 0:
        return -1 - place
    return place if place < size else 2 * size - 1 - place


@njit(cache=True, nogil=True)
def _collect(block: Plane, other: Plane, down: int, right: int, single: bool, out: NDArray[np.float64]) -> None:
    # out: number and sum of squares below 0, the same above 0, and the sum of magnitudes
    high, wide = block.shape
    for i in range(high):
        a, b = block[i], other[(i - down) % high]
        for x in range(wide):
            value = np.float64(a[x]) if single else np.float64(a[x]) * np.float64(b[(x - right) % wide])
            low, up = min(value, 0.0), max(value, 0.0)
            out[0] += value < 0.0
            out[1] += low * low
            out[2] += value > 0.0
            out[3] += up * up
            out[4] += up - low


@njit(cache=True, nogil=True)
def moments(plane: Plane, size: int, out: NDArray[np.float64]) -> None:
    """Add up what the fits need of each block of size x size pixels of `plane`.

    Args:
        plane: From `normalise`, (rows * size, columns * size).
        size: Of a block.
        out: Zeros (rows, columns, 5, 5). The pixels themselves and their products with four neighbours; of each, the
            number and the sum of squares of values below 0, the same above 0, and the sum of magnitudes.
    """
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            block = plane[i * size : (i + 1) * size, j * size : (j + 1) * size]
            _collect(block, block, 0, 0, True, out[i, j, 0])
            for k in range(4):
                down, right = _SHIFTS[k]
                _collect(block, block, down, right, False, out[i, j, k + 1])

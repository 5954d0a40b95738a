"""The compiled inner loops of resampling: one pass along the first axis that swaps the first two."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def _accumulate(lines: NDArray[Any], index: NDArray[np.int64], weights: NDArray[Any], total: NDArray[Any]) -> None:
    total[:] = 0
    kind = total.dtype.type
    for k in range(0, index.size, 4):
        # Four rows at a time, as slices: the compiler then vectorises and keeps the sums in registers.
        a, b, c, d = lines[index[k]], lines[index[k + 1]], lines[index[k + 2]], lines[index[k + 3]]
        wa, wb, wc, wd = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
        for x in range(total.size):
            total[x] += (wa * kind(a[x]) + wb * kind(b[x])) + (wc * kind(c[x]) + wd * kind(d[x]))


@njit(cache=True, nogil=True)
def resample_bytes(
    lines: NDArray[np.uint8],
    index: NDArray[np.int64],
    weights: NDArray[Any],
    divisor: float,
    out: NDArray[np.uint8],
) -> None:
    """Write the weighted sums of `lines` (n, A*C) to `out` (A, m, C), rounded to nearest, halves up."""
    across, count, channels = out.shape
    total = np.empty(across * channels, weights.dtype)
    line = np.empty(across * channels, np.uint8)
    half, most = 0.5 * divisor, 255.0 * divisor
    for i in range(count):
        _accumulate(lines, index[i], weights[i], total)
        for x in range(total.size):
            value = min(max(np.float64(total[x]), 0.0), most)
            line[x] = np.uint8((value + half) / divisor)
        for a in range(across):
            for c in range(channels):
                out[a, i, c] = line[a * channels + c]


@njit(cache=True, nogil=True)
def resample_floats(
    lines: NDArray[Any],
    index: NDArray[np.int64],
    weights: NDArray[np.float64],
    divisor: float,
    out: NDArray[Any],
) -> None:
    """Write the weighted sums of `lines` (n, A*C) to `out` (A, m, C), as they are."""
    across, count, channels = out.shape
    total = np.empty(across * channels, np.float64)
    for i in range(count):
        _accumulate(lines, index[i], weights[i], total)
        for a in range(across):
            for c in range(channels):
                out[a, i, c] = total[a * channels + c] / divisor

"""The compiled core of png2y4m's luma: its random numbers, its dithered pixels and its search for Y'.

Whole numbers are held in float64 where they stay below 2^53, because that can be vectorised: each quotient below
is at least 1/(2 divisor) away from the next rounding boundary, or on it, and float64 keeps it on its side.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

_MASK = 0xFFFFFFFF
_UNIT = 9745792000.0  # one step of a 16-bit channel, in the program's fixed-point numbers
_STEP = 2916394880000.0  # one step of Y': _UNIT * 65535 / 219
_WRAP = 4294967296.0


@njit(cache=True, nogil=True)
def _kiss99(state: NDArray[np.uint64]) -> Any:
    mask = np.uint64(_MASK)
    z, w, j, c = state[0], state[1], state[2], state[3]
    z = np.uint64(36969) * (z & np.uint64(65535)) + (z >> np.uint64(16))
    w = np.uint64(18000) * (w & np.uint64(65535)) + (w >> np.uint64(16))
    j ^= (j << np.uint64(17)) & mask
    j ^= j >> np.uint64(13)
    j ^= (j << np.uint64(5)) & mask
    c = (np.uint64(69069) * c + np.uint64(1234567)) & mask
    state[0], state[1], state[2], state[3] = z & mask, w & mask, j, c
    return np.int64(((((z << np.uint64(16)) + w) & mask ^ c) + j) & mask)


@njit(cache=True, nogil=True)
def _triangular(state: NDArray[np.uint64], reach: int) -> Any:
    m = reach + 1
    limit = _MASK // m * m
    a = _kiss99(state)
    while a >= limit:
        a = _kiss99(state)
    b = _kiss99(state)
    while b >= limit:
        b = _kiss99(state)
    return a % m - b % m


@njit(cache=True, nogil=True)
def _divide(x: int, y: int) -> int:
    # To nearest, halves away from zero.
    return (x + y // 2) // y if x >= 0 else -((y // 2 - x) // y)


@njit(cache=True, nogil=True)
def noise(state: NDArray[np.uint64], out: NDArray[np.int16]) -> None:
    """Write what dithering adds to R, G and B of the pixels 0..3 of each block to `out` (3, 4, blocks)."""
    y = np.empty(4, np.int64)
    for n in range(out.shape[2]):
        cb, cr = 0, 0
        for k in range(4):
            y[k] = _triangular(state, 1223320000)
            blue = _triangular(state, 1479548743)
            red = _triangular(state, 1255654969)
            if k == 0:  # at 4:2:0 the four pixels share the first pair
                cb, cr = blue, red
        for k in range(4):
            out[0, k, n] = _divide(2 * y[k] + 3 * cr, 8176000)
            out[1, k, n] = _divide(2384 * y[k] + 361 * cb + 1063 * cr, 9745792000)
            out[2, k, n] = _divide(2 * y[k] + 3 * cb, 8176000)


@njit(cache=True, nogil=True)
def _chroma(pixels: NDArray[np.float64], shifts: NDArray[np.float64], n: int) -> None:
    # From the four dithered pixels of each block, pixels (3, 4, n), the chroma part of decoded R, G and B.
    r, g, b = pixels[0], pixels[1], pixels[2]
    red, green, blue = shifts[0], shifts[1], shifts[2]
    for x in range(n):
        sr = r[0, x] + r[1, x] + r[2, x] + r[3, x]
        sg = g[0, x] + g[1, x] + g[2, x] + g[3, x]
        sb = b[0, x] + b[1, x] + b[2, x] + b[3, x]
        cb = np.floor((129892.0 * sb - 29764.0 * sr - 100128.0 * sg) / 304016865.0 + 0.5)
        cr = np.floor((110236.0 * sr - 100128.0 * sg - 10108.0 * sb) / 258011295.0 + 0.5)
        cb = min(max(cb, -128.0), 127.0)
        cr = min(max(cr, -128.0), 127.0)
        red[x] = 4490222169144.0 * cr
        green[x] = -534117096223.0 * cb - 1334761232047.0 * cr
        blue[x] = 5290866304968.0 * cb


@njit(cache=True, nogil=True)
def _miss(x: float, y: float, shift: float) -> float:
    decoded = np.floor((_STEP * y + shift) / _UNIT + 0.5)
    difference = x - min(max(decoded, 0.0), 65535.0)
    squared: float = difference * difference
    return squared


@njit(cache=True, nogil=True)
def _search(
    r: NDArray[Any], g: NDArray[Any], b: NDArray[Any], shifts: NDArray[Any], chosen: NDArray[Any], n: int
) -> None:
    red, green, blue = shifts[0], shifts[1], shifts[2]
    for x in range(n):
        er = np.floor((_UNIT * r[x] - red[x] + 4096.0) / 8192.0)
        eg = np.floor((_UNIT * g[x] - green[x] + 4096.0) / 8192.0)
        eb = np.floor((_UNIT * b[x] - blue[x] + 4096.0) / 8192.0)
        y = np.floor((1063.0 * er + 3576.0 * eg + 361.0 * eb) / 1780026171875.0)
        y = min(max(y, -16.0), 238.0)
        low = _miss(r[x], y, red[x]) + _miss(g[x], y, green[x]) + _miss(b[x], y, blue[x])
        high = _miss(r[x], y + 1.0, red[x]) + _miss(g[x], y + 1.0, green[x]) + _miss(b[x], y + 1.0, blue[x])
        # The program sums into 32 signed bits, which overflow on wildly coloured blocks.
        low -= _WRAP * np.floor(low / _WRAP + 0.5)
        high -= _WRAP * np.floor(high / _WRAP + 0.5)
        odd = y - 2.0 * np.floor(0.5 * y)
        up = 1.0 if high < low else 0.0
        chosen[x] = y + 16.0 + (odd if high == low else up)


@njit(cache=True, nogil=True)
def luma(image: NDArray[np.uint8], noise: NDArray[np.int16], out: NDArray[np.uint8]) -> None:
    """Write png2y4m's Y' of `image` (H, W, 3) to `out` (H, W); `noise` as made by the function of that name."""
    height, width = out.shape
    blocks = (width + 1) // 2
    pixels = np.empty((3, 4, blocks))
    shifts = np.empty((3, blocks))
    chosen = np.empty((4, blocks))
    for top in range(0, height, 2):
        start = top // 2 * blocks
        for c in range(3):
            for k in range(4):
                row, left = top + k // 2, k % 2
                line = pixels[c, k]
                added = noise[c, k, start : start + blocks]
                if row == height:
                    line[:] = pixels[c, k - 2]
                    continue
                for x in range((width - left + 1) // 2):
                    line[x] = 257.0 * image[row, 2 * x + left, c] + added[x]
                if left == 1 and width % 2 == 1:
                    line[blocks - 1] = pixels[c, k - 1, blocks - 1]
        _chroma(pixels, shifts, blocks)
        for k in range(4):
            row, left = top + k // 2, k % 2
            if row == height:
                continue
            _search(pixels[0, k], pixels[1, k], pixels[2, k], shifts, chosen[k], blocks)
            for x in range((width - left + 1) // 2):
                out[row, 2 * x + left] = np.uint8(chosen[k, x])

"""The weights of one resampling pass, as whole numbers over a common divisor wherever that is possible."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srbench.errors import ImageError, unknown

_HALF = Fraction(1, 2)
_LARGEST_EXACT = 1 << 40  # divisors up to here leave float64 sums of 8-bit pixels exact
_MOST_PHASES = 64  # more distinct sets of weights than this are computed in float64


@dataclass(frozen=True, slots=True)
class Taps:
    """One pass: output i is sum_k weights[i, k] x[index[i, k]] / divisor.

    Attributes:
        index: Input positions, shape (m, taps), already brought inside the image; taps is a multiple of 4.
        weights: Shape (m, taps); float32 where sums over 8-bit pixels are exact in it, else float64.
        divisor: What the sums are divided by.
    """

    index: NDArray[np.int64]
    weights: NDArray[Any]
    divisor: float


def cubic(t: Fraction) -> Fraction:
    """Keys' kernel with a = -1/2, exactly."""
    t = abs(t)
    if t <= 1:
        return (3 * t - 5) * t * t / 2 + 1
    return ((5 - t) * t - 8) * t / 2 + 2 if t < 2 else Fraction(0)


def triangle(t: Fraction) -> Fraction:
    """The kernel of linear interpolation."""
    return max(1 - abs(t), Fraction(0))


def box(t: Fraction) -> Fraction:
    """One on [-1/2, 1/2), as in MATLAB: between two equally near samples the right one wins."""
    return Fraction(-_HALF <= t < _HALF)


def lanczos(lobes: int) -> Callable[[Fraction], float]:
    """Return the Lanczos kernel with `lobes` lobes on each side."""
    return lambda t: float(np.sinc(float(t)) * np.sinc(float(t) / lobes)) if abs(t) < lobes else 0.0


_KERNELS: dict[str, tuple[Callable[[Fraction], Fraction | float], Fraction]] = {
    "bicubic": (cubic, Fraction(2)),
    "bilinear": (triangle, Fraction(1)),
    "box": (box, _HALF),
    "nearest": (box, _HALF),
    "lanczos2": (lanczos(2), Fraction(2)),
    "lanczos3": (lanczos(3), Fraction(3)),
}
_BOUNDARIES = ("replicate", "symmetric")


@functools.lru_cache(maxsize=64)
def resize_taps(n: int, m: int, scale: Fraction, kernel: str, antialias: bool, boundary: str) -> Taps:
    """Return the pass that makes `m` samples out of `n` with MATLAB's geometry.

    Raises:
        ImageError: The kernel or the boundary is unknown.
    """
    if kernel not in _KERNELS:
        raise ImageError(unknown("kernel", kernel, _KERNELS))
    function, support = _KERNELS[kernel]
    q = min(scale, Fraction(1)) if antialias else Fraction(1)
    reach = support / q
    return _taps(n, m, 1 / scale, reach, lambda t: function(q * t), boundary)


@functools.lru_cache(maxsize=64)
def blur_taps(n: int, m: int, scale: int, sigma: float, boundary: str) -> Taps:
    """Return the pass that samples a Gaussian-blurred line at the centres of blocks of `scale` samples.

    Raises:
        ImageError: The boundary is unknown.
    """

    def gaussian(t: Fraction) -> float:
        return math.exp(-0.5 * (float(t) / sigma) ** 2) if abs(t) <= 4 * sigma else 0.0

    return _taps(n, m, Fraction(scale), Fraction(math.ceil(4 * sigma)), gaussian, boundary)


def _taps(
    n: int, m: int, step: Fraction, reach: Fraction, kernel: Callable[[Fraction], Fraction | float], boundary: str
) -> Taps:
    # Output i is centred at c_i = (i + 1/2) step - 1/2; its weights depend only on the fraction after the point.
    if boundary not in _BOUNDARIES:
        raise ImageError(unknown("boundary", boundary, _BOUNDARIES))
    first_offset = math.floor(-reach)
    offsets = range(first_offset, math.ceil(reach) + 2)
    count = -(-len(offsets) // 4) * 4
    phases: dict[Fraction, list[Fraction | float]] = {}
    base = np.empty(m, np.int64)
    order: list[Fraction] = []
    exact = step.denominator <= _MOST_PHASES
    for i in range(m):
        centre = (i + _HALF) * step - _HALF
        whole = math.floor(centre)
        base[i] = whole
        phase = centre - whole
        if phase not in phases:
            phases[phase] = _normalised([kernel(phase - j) for j in offsets])
        order.append(phase)
    divisor = _divisor(phases) if exact else 1
    table = {p: np.array([float(w * divisor) for w in ws] + [0.0] * (count - len(ws))) for p, ws in phases.items()}
    weights = np.stack([table[phase] for phase in order])
    kept = np.flatnonzero(np.any(weights != 0, axis=0))
    low = min(int(kept[0]), count - 4) if kept.size else 0
    width = -(-(int(kept[-1]) + 1 - low) // 4) * 4
    low = min(low, count - width)
    weights = weights[:, low : low + width]
    position = base[:, None] + first_offset + low + np.arange(width)
    small = divisor > 1 and float(np.abs(weights).sum(axis=1).max()) * 255 < 1 << 24
    return Taps(
        _inside(position, n, boundary),
        np.ascontiguousarray(weights, np.float32 if small else np.float64),
        float(divisor),
    )


def _normalised(weights: list[Fraction | float]) -> list[Fraction | float]:
    total = sum(weights)
    return [w / total for w in weights]


def _divisor(phases: dict[Fraction, list[Fraction | float]]) -> int:
    weights = [w for ws in phases.values() for w in ws]
    if not all(isinstance(w, Fraction) for w in weights):
        return 1
    divisor = math.lcm(*(w.denominator for w in weights if isinstance(w, Fraction)))
    return divisor if divisor <= _LARGEST_EXACT else 1


def _inside(position: NDArray[np.int64], n: int, boundary: str) -> NDArray[np.int64]:
    if boundary == "replicate":
        return np.clip(position, 0, n - 1)
    folded = position % (2 * n)
    return np.minimum(folded, 2 * n - 1 - folded)

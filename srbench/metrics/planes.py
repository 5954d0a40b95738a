"""What most protocols compute from two planes: luma, PSNR with peak 255, and Wang's SSIM, compiled."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srbench import images
from srbench.errors import MetricError
from srbench.images import Image

Planes = NDArray[Any]
"""What is compared: (H, W) or (H, W, C), uint8 or float64 on the 0..255 scale."""

_PEAK = 255.0
_C1, _C2 = 0.01 * _PEAK * (0.01 * _PEAK), 0.03 * _PEAK * (0.03 * _PEAK)
_RADIUS = 5


def luma(image: Image) -> Image:
    """Return `images.luma(image)`, compiled."""
    if image.ndim == 2:
        return image
    from srbench.metrics import windows  # here, as everywhere below, because numba is slow to import

    plane = np.empty(image.shape[:2], np.uint8)
    red, green, blue = images.LUMA
    windows.luma(image, red, green, blue, plane)
    return plane


def exact_luma(image: Image) -> NDArray[np.float64]:
    """Return `images.exact_luma(image)` of a colour image (H, W, 3), compiled."""
    from srbench.metrics import windows

    plane = np.empty(image.shape[:2])
    red, green, blue = images.LUMA
    windows.exact_luma(image, red, green, blue, plane)
    return plane


def psnr(x: Planes, y: Planes) -> float:
    """Return 10 log10(255^2 / MSE) in dB, the mean taken over all pixels and channels; infinite for equal planes."""
    from srbench.metrics import windows

    wide = (x.shape[0], x.size // x.shape[0])
    measure = windows.squared_error if x.dtype == np.uint8 else windows.squared_difference
    error = float(measure(x.reshape(wide), y.reshape(wide)))
    return 10.0 * math.log10(_PEAK * _PEAK / (error / x.size)) if error else math.inf


def ssim(x: Planes, y: Planes) -> float:
    """Return Wang's SSIM (2004) over all 11x11 windows that lie wholly inside; the mean over channels.

    Raises:
        MetricError: The planes are smaller than one window.
    """
    size = 2 * _RADIUS + 1
    if min(x.shape[:2]) < size:
        raise MetricError(
            f"SSIM needs {size}x{size} pixels after the border is removed; {x.shape[1]}x{x.shape[0]} are left."
        )
    from srbench.metrics import windows

    half = _gaussian()
    if x.ndim == 2:
        return float(windows.wang(x, y, half, _C1, _C2))
    channels = [(np.ascontiguousarray(x[..., c]), np.ascontiguousarray(y[..., c])) for c in range(x.shape[2])]
    return sum(float(windows.wang(a, b, half, _C1, _C2)) for a, b in channels) / len(channels)


def _gaussian() -> NDArray[np.float64]:
    half = np.exp(-(np.arange(_RADIUS + 1.0) ** 2) / (2 * 1.5**2))
    return np.asarray(half / (half[0] + 2 * half[1:].sum()))

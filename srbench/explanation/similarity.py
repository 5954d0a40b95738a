"""The SSIMs that programs compute beside Wang's own: other windows, other edges, other sizes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d, uniform_filter

from srbench.metrics import planes
from srbench.metrics.planes import Planes

WANG = "11x11 Gauss, whole windows"
_C1, _C2 = (0.01 * 255.0) ** 2, (0.03 * 255.0) ** 2
_SIDE = 256

Floats = NDArray[np.float64]


def uniform(x: Planes, y: Planes) -> float:
    """Return SSIM over uniform windows of 7x7 with sample covariances: scikit-image's defaults."""
    from skimage import metrics

    compute: Callable[..., float] = metrics.structural_similarity
    channels = 2 if x.ndim == 3 else None
    return float(compute(x, y, data_range=255.0, channel_axis=channels))


def padded(x: Planes, y: Planes) -> float:
    """Return Wang's SSIM over a window at every pixel, zeros around the image: many ports to PyTorch."""
    weights = np.exp(-(np.arange(-5.0, 6.0) ** 2) / (2 * 1.5**2))
    weights /= weights.sum()

    def mean(plane: Floats) -> Floats:
        rows = correlate1d(plane, weights, axis=0, mode="constant")
        return np.asarray(correlate1d(rows, weights, axis=1, mode="constant"))

    a, b = x.astype(np.float64), y.astype(np.float64)
    mx, my = mean(a), mean(b)
    vx, vy, covariance = mean(a * a) - mx * mx, mean(b * b) - my * my, mean(a * b) - mx * my
    index = (2 * mx * my + _C1) * (2 * covariance + _C2) / ((mx**2 + my**2 + _C1) * (vx + vy + _C2))
    return float(index.mean())


def reduced(x: Planes, y: Planes) -> float:
    """Return Wang's SSIM of both images reduced to about 256 pixels, as the usage notes of his ssim.m ask for."""
    factor = max(1, round(min(x.shape[:2]) / _SIDE))
    return planes.ssim(*(np.ascontiguousarray(_reduce(plane.astype(np.float64), factor)) for plane in (x, y)))


def _reduce(plane: Floats, factor: int) -> Floats:
    if factor == 1:
        return plane
    # MATLAB's imfilter puts the centre of an even window to the left of its middle, SciPy to the right.
    shift = -1 if factor % 2 == 0 else 0
    size, origin = (factor, factor, 1)[: plane.ndim], (shift, shift, 0)[: plane.ndim]
    mean = uniform_filter(plane, size=size, origin=origin, mode="reflect")
    return np.asarray(mean[::factor, ::factor])


SIMILARITIES: dict[str, Callable[[Planes, Planes], float]] = {
    WANG: planes.ssim,
    "7x7 uniform": uniform,
    "11x11 Gauss, zeros around": padded,
    "11x11 Gauss, reduced to 256": reduced,
}
"""The variants by name, the usual one first."""

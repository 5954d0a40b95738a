"""The SRGAN paper's measures: what daala's png2y4m, dump_psnr -y and dump_ssim -r -y compute, bit for bit."""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

from srbench import images
from srbench.images import Image

_SEED = (362436069, 521288629, 123456789, 380116160)
_C1, _C2 = 255.0**2 * 0.01**2, 255.0**2 * 0.03**2

_noise: NDArray[np.int16] = np.empty((3, 4, 0), np.int16)


def luma(image: Image) -> Image:
    """Return the dithered 8-bit luma that png2y4m writes by default (BT.709, 16..235, 4:2:0).

    It depends on the position of each pixel and on the 2x2 block around it, so crop first.

    Args:
        image: Shape (H, W), taken as three equal channels, or (H, W, 3).

    Returns:
        Shape (H, W).
    """
    from srbench.metrics import dither  # here, because numba is slow to import

    height, width = image.shape[:2]
    plane = np.empty((height, width), np.uint8)
    dither.luma(images.as_rgb(image), noise(-(-height // 2) * -(-width // 2)), plane)
    return plane


def noise(blocks: int) -> NDArray[np.int16]:
    """Return what dithering adds to R, G and B of the four pixels of each block, shape (3, 4, >= `blocks`).

    The generator starts anew with each image and goes from block to block in raster order: every image uses the
    beginning of one and the same sequence, of which the longest piece that was needed is kept.
    """
    global _noise
    if _noise.shape[2] < blocks:
        from srbench.metrics import dither

        made = np.empty((3, 4, blocks), np.int16)
        dither.noise(np.array(_SEED, np.uint64), made)
        _noise = made
    return _noise


def psnr(x: Image, y: Image) -> float:
    """Return the PSNR in dB with peak 255, infinite for equal planes."""
    from srbench.metrics import windows

    error = int(windows.squared_error(x, y))
    if not error:
        return math.inf
    return 10.0 * (math.log10(255.0**2) + math.log10(x.size) - math.log10(error))


def ssim(x: Image, y: Image) -> float:
    """Return the linear SSIM of dump_ssim: the window grows with the height and is cut off at the border."""
    from srbench.metrics import windows

    height, width = x.shape
    half = window(height, width)
    rows, columns = _inside(half, height), _inside(half, width)
    return float(windows.weighted(x, y, half, rows, columns, _C1, _C2))


@functools.lru_cache(maxsize=64)
def window(height: int, width: int) -> NDArray[np.float64]:
    """Return the integer window of dump_ssim for planes of this size, from its centre outward, of sum 256."""
    sigma = 1.5 * height / 256
    threshold = math.sqrt(math.pi / 2) * sigma / 256
    radius = math.floor(sigma * math.sqrt(-2 * math.log(threshold))) if threshold < 1 else 0
    radius = min(radius, min(height, width) - 1)
    scale = 256 / (math.sqrt(2 * math.pi) * sigma)
    tail = [math.floor(scale * math.exp(-(i * i) / (2 * sigma * sigma)) + 0.5) for i in range(1, radius + 1)]
    return np.array([256 - 2 * sum(tail), *tail], np.float64)


def _inside(half: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    # Sum of the part of the window that lies inside 0..n-1, for each centre: a difference of running sums.
    running = np.concatenate([[0.0], np.cumsum(np.concatenate([half[:0:-1], half]))])
    radius, centre = half.size - 1, np.arange(n)
    low, high = np.maximum(radius - centre, 0), np.minimum(radius + n - centre, 2 * radius + 1)
    return np.asarray(running[high] - running[low])

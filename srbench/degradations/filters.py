"""The filters, resizings and noises that degradations are made of, drawn at random where they need to be."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SIZES = (7, 9, 11, 13, 15, 17, 19, 21)
_KINDS = ("gaussian", "generalised", "plateau")
_KIND_SHARES = (0.70, 0.15, 0.15)
_TURNED = {"gaussian": 0.25 / 0.70, "generalised": 0.03 / 0.15, "plateau": 0.03 / 0.15}
_BETAS = {"generalised": (0.5, 4.0), "plateau": (1.0, 2.0)}
_SINC = 0.1
_POISSON, _GRAY_NOISE = 0.5, 0.4


def convolved(image: Floats, kernel: Floats) -> Floats:
    """Return an image (H, W) or (H, W, C) filtered by a kernel, with its edges mirrored."""
    import cv2

    filtered = cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REFLECT)
    return np.asarray(filtered, dtype=np.float64).reshape(image.shape)


def gaussian(sigma: float) -> Floats:
    """Return an isotropic Gaussian kernel, cut off at 4 sigma, whose sum is 1."""
    reach = max(1, int(np.ceil(4 * sigma)))
    line = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel: Floats = np.outer(line, line)
    return np.asarray(kernel / kernel.sum())


def random_kernel(sigmas: tuple[float, float], random: Generator) -> Floats:
    """Return one of Real-ESRGAN's blurs: a Gaussian, a generalised one, a plateau, or a sinc filter.

    Args:
        sigmas: Least and largest standard deviation, in pixels.
        random: Where random numbers come from.
    """
    if random.uniform() < _SINC:
        return sinc_of(random)
    kind = _KINDS[random.choice(len(_KINDS), p=_KIND_SHARES)]
    size = int(random.choice(_SIZES))
    first = random.uniform(*sigmas)
    turned = random.uniform() < _TURNED[kind]
    second, angle = (random.uniform(*sigmas), random.uniform(-np.pi, np.pi)) if turned else (first, 0.0)
    distance = _distance(size, first, second, angle)
    if kind == "gaussian":
        kernel = np.exp(-0.5 * distance)
    else:
        low, high = _BETAS[kind]
        # Half of the shapes are on each side of the Gaussian's.
        beta = random.uniform(low, 1.0) if random.uniform() < 0.5 else random.uniform(1.0, high)
        kernel = np.exp(-0.5 * distance**beta) if kind == "generalised" else 1 / (distance**beta + 1)
    return np.asarray(kernel / kernel.sum(), dtype=np.float64)


def _distance(size: int, first: float, second: float, angle: float) -> Floats:
    """Return the squared distance of each place from the middle, in standard deviations along two turned axes."""
    reach = size // 2
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float64)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    return np.asarray((along / first) ** 2 + (across / second) ** 2)


def sinc_of(random: Generator) -> Floats:
    """Return an ideal low-pass filter of a random size and cut-off, which makes rings and overshoots."""
    size = int(random.choice(_SIZES))
    return sinc(size, float(random.uniform(np.pi / 3 if size < 13 else np.pi / 5, np.pi)))


def sinc(size: int, cutoff: float) -> Floats:
    """Return the two-dimensional low-pass filter of a cut-off in radians a pixel, in `size` x `size` taps, of sum 1."""
    from scipy.special import j1  # here, because it is slow to import and rarely needed

    reach = size // 2
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    radius = np.hypot(x, y)
    radius[reach, reach] = 1.0
    kernel = cutoff * j1(cutoff * radius) / (2 * np.pi * radius)
    kernel[reach, reach] = cutoff**2 / (4 * np.pi)
    return np.asarray(kernel / kernel.sum())


def resized(image: Floats, size: tuple[int, int], random: Generator) -> Floats:
    """Return an image of another size, by area, bilinear or bicubic interpolation, one as likely as the others."""
    import cv2

    way = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)[random.integers(3)]
    changed = cv2.resize(image, (size[1], size[0]), interpolation=way)
    return np.asarray(changed, dtype=np.float64).reshape(*size, *image.shape[2:])


def noisy(image: Floats, sigmas: tuple[float, float], scales: tuple[float, float], random: Generator) -> Floats:
    """Return an image with Gaussian or Poisson noise, equal in all channels or each its own, within 0..255.

    Args:
        image: On the 0..255 scale.
        sigmas: Least and largest standard deviation of Gaussian noise.
        scales: Least and largest factor of Poisson noise; at 1 it is what a sensor that counts up to 255 has.
        random: Where random numbers come from.
    """
    poisson, gray = random.uniform() < _POISSON, random.uniform() < _GRAY_NOISE
    alike = gray and image.ndim == 3
    clean = np.clip(image, 0, 255)
    if not poisson:
        shape = (*image.shape[:2], 1) if alike else image.shape
        return np.clip(clean + random.normal(0.0, random.uniform(*sigmas), shape), 0, 255)
    light = clean.mean(axis=2, keepdims=True) if alike else clean
    return np.clip(clean + (random.poisson(light) - light) * random.uniform(*scales), 0, 255)

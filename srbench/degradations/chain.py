"""Makes LR images by a degradation, and Real-ESRGAN's chain of two rounds of blur, resizing, noise and JPEG."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image as PillowImage

from srbench import images, resize
from srbench.degradations import filters
from srbench.degradations.specs import Degradation, Range
from srbench.images import Image

Floats = NDArray[np.float64]


def generator(degradation: Degradation, key: str) -> Generator:
    """Return the random numbers of one image, which depend on the seed and on its `key` alone."""
    digest = hashlib.sha256(f"{degradation.seed}|{key}".encode()).digest()
    return np.random.default_rng(np.frombuffer(digest, np.uint32))


def degrade(hr: Image, scale: int, degradation: Degradation, random: Generator) -> Image:
    """Return the LR image of `hr`, (H / scale, W / scale), gray or in colour as `hr` is.

    Args:
        hr: Original, whose sides are multiples of `scale`.
        scale: The reduction factor.
        degradation: What happens to it.
        random: Where random numbers come from; see `generator`.
    """
    if degradation.name == "bicubic":
        return resize.reduce(hr, scale)
    if degradation.name == "gaussian":
        return resize.blur_decimate(hr, scale)
    if degradation.name == "real-esrgan":
        return _real_esrgan(hr, scale, random)
    image = hr.astype(np.float64)
    if degradation.blur is not None and (sigma := _drawn(degradation.blur, random)) > 0:
        image = filters.convolved(image, filters.gaussian(sigma))
    image = resize.reduce(image, scale) if degradation.blur else resize.reduce(hr, scale).astype(np.float64)
    if degradation.noise is not None:
        image = image + random.normal(0.0, 1.0, image.shape) * _drawn(degradation.noise, random)
    lr = images.to_8bit(image)
    return lr if degradation.jpeg is None else jpeg(lr, round(_drawn(degradation.jpeg, random)))


def _drawn(values: Range, random: Generator) -> float:
    return values.low if values.low == values.high else float(random.uniform(values.low, values.high))


def jpeg(image: Image, quality: int) -> Image:
    """Return an image as JPEG of a quality from 1 to 100 gives it back, its colour at half the resolution."""
    buffer = io.BytesIO()
    PillowImage.fromarray(image).save(buffer, "JPEG", quality=quality, subsampling="4:2:0")
    return np.asarray(PillowImage.open(buffer))


# Section 4.1 of Wang et al., "Real-ESRGAN: training real-world blind super-resolution with pure synthetic data"
# (ICCV workshops 2021, arXiv 2107.10833), and the settings that its authors published with it.
_SIGMAS = ((0.2, 3.0), (0.2, 1.5))
_SECOND_BLUR = 0.8
_RESIZES = (((0.2, 0.7, 0.1), (0.15, 1.5)), ((0.3, 0.4, 0.3), (0.3, 1.2)))
_NOISES = (((1.0, 30.0), (0.05, 3.0)), ((1.0, 25.0), (0.05, 2.5)))
_QUALITY = (30, 95)
_FINAL_SINC = 0.8


def _real_esrgan(hr: Image, scale: int, random: Generator) -> Image:
    size = (hr.shape[0] // scale, hr.shape[1] // scale)
    image = _round(hr.astype(np.float64), hr.shape[:2], 0, random)
    image = jpeg(images.to_8bit(image), int(random.integers(*_QUALITY, endpoint=True))).astype(np.float64)
    image = _round(image, size, 1, random)
    quality = int(random.integers(*_QUALITY, endpoint=True))

    def compressed(one: Floats) -> Floats:
        return jpeg(images.to_8bit(one), quality).astype(np.float64)

    def sized(one: Floats) -> Floats:
        one = filters.resized(one, size, random)
        kernel = filters.sinc_of(random) if random.uniform() < _FINAL_SINC else None
        return one if kernel is None else filters.convolved(one, kernel)

    # Either order leaves other traces: rings around JPEG's blocks, or JPEG's blocks over rings.
    steps: list[Callable[[Floats], Floats]] = [sized, compressed] if random.uniform() < 0.5 else [compressed, sized]
    for step in steps:
        image = step(image)
    return images.to_8bit(image)


def _round(image: Floats, size: tuple[int, ...], number: int, random: Generator) -> Floats:
    """Return an image after one round of blur, resizing relative to `size`, and noise, each drawn at random."""
    if number == 0 or random.uniform() < _SECOND_BLUR:
        image = filters.convolved(image, filters.random_kernel(_SIGMAS[number], random))
    shares, (low, high) = _RESIZES[number]
    way = random.choice(3, p=shares)
    factor = float((random.uniform(1.0, high), random.uniform(low, 1.0), 1.0)[way])
    target = (max(1, round(size[0] * factor)), max(1, round(size[1] * factor)))
    image = filters.resized(image, target, random)
    return filters.noisy(image, *_NOISES[number], random)

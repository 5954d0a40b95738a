"""NIQE, the natural image quality evaluator: how far a picture's local statistics are from those of good photographs.

A. Mittal, R. Soundararajan, A. C. Bovik, "Making a 'Completely Blind' Image Quality Analyzer", IEEE Signal Processing
Letters 20(3), 2013. `niqe_pris_params.npz` holds the numbers of the authors' release (Laboratory for Image and Video
Engineering, The University of Texas at Austin): mean and covariance of 36 features of 125 photographs, and the window.
"""

from __future__ import annotations

import functools
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from srbench import images
from srbench.errors import MetricError
from srbench.images import Image
from srbench.metrics.comparison import ComparedImages
from srbench.metrics.table import Metric, add

BLOCK = 96
PARAMETERS = Path(__file__).with_name("niqe_pris_params.npz")

Floats = NDArray[np.float64]

HALF = np.array([-3, -9, 29, 111, 111, 29, -9, -3]) / 256
"""The bicubic kernel (a = -1/2) stretched to twice its width, at the eight pixels around the middle between two."""


def niqe(image: Image) -> float:
    """Return NIQE of a picture; lower is more natural, and photographs have 2 to 6.

    Args:
        image: uint8, (H, W, 3), or (H, W), which is taken as three equal channels. Border pixels are yours to remove.

    Raises:
        MetricError: The picture holds less than two blocks of 96x96 pixels, or less than two that are not flat.
    """
    from srbench.metrics import blocks  # here, because numba is slow to import

    rows, columns = (side // BLOCK for side in image.shape[:2])
    if rows * columns < 2:
        raise MetricError(
            f"NIQE needs two blocks of {BLOCK}x{BLOCK} pixels or more after the border is removed; "
            f"{image.shape[1]}x{image.shape[0]} pixels are left."
        )
    plane = _luma(images.as_rgb(image)[: rows * BLOCK, : columns * BLOCK])
    window = _parameters()["gaussian_window"].sum(axis=0)
    features = []
    for size in (BLOCK, BLOCK // 2):
        normalised = np.empty_like(plane)
        blocks.normalise(plane, window, normalised)
        moments = np.zeros((rows, columns, 5, 5))
        blocks.moments(normalised, size, moments)
        features.append(_features(moments.reshape(-1, 5, 5), size * size))
        if size == BLOCK:
            half = np.empty((rows * BLOCK // 2, columns * BLOCK // 2), np.float32)
            blocks.halve(plane, HALF, half)
            plane = half
    return _distance(np.concatenate(features, axis=1))


def _luma(image: Image) -> NDArray[np.float32]:
    """Return Y of MATLAB's `rgb2ycbcr`, rounded, with the few halves of a picture rounded as BasicSR's float32 does it.

    A half decides which of two shapes is taken, and that up to 2e-3 of the result: published values are BasicSR's.
    """
    shares = (image[..., ::-1].astype(np.float32) / np.float32(255)).astype(np.float64)
    exact = shares @ np.array([24.966, 128.553, 65.481]) + 16
    return np.asarray(((exact / 255).astype(np.float32) * np.float32(255)).round())


def _distance(features: Floats) -> float:
    # Between the Gaussians of the picture's features (blocks, 36) and of the photographs' (the paper's equation 10).
    valid = features[~np.isnan(features).any(axis=1)]
    if len(valid) < 2:
        raise MetricError(f"NIQE needs two blocks of {BLOCK}x{BLOCK} pixels that are not flat; {len(valid)} are not.")
    parameters = _parameters()
    away = np.nanmean(features, axis=0) - parameters["mu_pris_param"].ravel()
    spread = (parameters["cov_pris_param"] + np.cov(valid, rowvar=False)) / 2
    return math.sqrt(away @ np.linalg.pinv(spread) @ away)


def _features(moments: Floats, pixels: int) -> Floats:
    """Return 18 features of each block: shape and scale of its pixels, and four numbers of each product."""
    below, low, above, high, magnitude = np.moveaxis(moments, 2, 0)
    # A block without values on one side has no fit there. As in the authors' program its features are NaN, its shapes
    # are the smallest of the table, and those count in the means.
    with np.errstate(divide="ignore", invalid="ignore"):
        left, right = np.sqrt(low / below), np.sqrt(high / above)
        ratio = left / right
        sharpness = (magnitude / pixels) ** 2 / ((low + high) / pixels)
        wanted = sharpness * (ratio**3 + 1) * (ratio + 1) / (ratio**2 + 1) ** 2
        shapes, sharpnesses, scales, means = _table()
        place = _nearest(sharpnesses, wanted)
        left, right = left * scales[place], right * scales[place]
        mean = (right - left) * means[place]
    shape = shapes[place]
    own = np.stack([shape[:, 0], (left[:, 0] + right[:, 0]) / 2], axis=1)
    products = np.stack([shape, mean, left, right], axis=2)[:, 1:]
    return np.concatenate([own, products.reshape(len(own), -1)], axis=1)


def _nearest(table: Floats, wanted: Floats) -> NDArray[np.intp]:
    # The table rises; NaN takes its first entry.
    after = np.searchsorted(table, np.nan_to_num(wanted, nan=0.0)).clip(1, table.size - 1)
    return np.asarray(after - (wanted - table[after - 1] <= table[after] - wanted) * 1)


@functools.cache
def _table() -> tuple[Floats, Floats, Floats, Floats]:
    """Return the shapes of the asymmetric generalised Gaussian that are tried, and what follows from each.

    Returns:
        The shapes 0.2, 0.201, ... 10; E|x|^2 / E x^2 of the symmetric distribution; the factors from the root mean
        square of one side to its scale, and from the difference of the scales to the mean.
    """
    shapes = np.arange(0.2, 10.001, 0.001)
    one, two, three = (np.array([math.gamma(k / shape) for shape in shapes]) for k in (1, 2, 3))
    return shapes, two**2 / (one * three), np.sqrt(one / three), two / one


@functools.cache
def _parameters() -> dict[str, Floats]:
    with np.load(PARAMETERS) as file:
        return dict(file)


def _of_sr(comparison: ComparedImages) -> float:
    return niqe(comparison.sr)


add(
    Metric(
        "niqe",
        "NIQE",
        False,
        _of_sr,
        order=80,
        range="about 2..20",
        source="Mittal et al. 2013",
        settings="Y of SR, rounded; blocks of 96, the authors' parameters",
        files=(PARAMETERS,),
        module=__name__,
    )
)

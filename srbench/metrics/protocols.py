"""The evaluation protocols: which border is removed, which luma is compared, and which PSNR and SSIM are meant."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from srbench import images
from srbench.errors import MetricError, unknown
from srbench.images import Image
from srbench.metrics import daala

_PEAK = 255.0
_C1, _C2 = 0.01 * _PEAK * (0.01 * _PEAK), 0.03 * _PEAK * (0.03 * _PEAK)
_RADIUS = 5

Score = Callable[[Image, Image], float]


@dataclass(frozen=True, slots=True)
class Protocol:
    """How two images become PSNR and SSIM.

    Attributes:
        name: What users type.
        version: Changes whenever any score would; stored in every row.
        title: What tables print.
        description: One sentence.
        shave: From the scale to the number of pixels that are removed from each side.
        luma: From a shaved image (H, W) or (H, W, 3) to the plane (H, W) that is compared.
        psnr: From two planes to dB.
        ssim: From two planes to the mean index.
    """

    name: str
    version: str
    title: str
    description: str
    shave: Callable[[int], int]
    luma: Callable[[Image], Image]
    psnr: Score
    ssim: Score


def matlab_luma(image: Image) -> Image:
    """Return `images.luma(image)`, compiled."""
    if image.ndim == 2:
        return image
    from srbench.metrics import windows  # here, as everywhere below, because numba is slow to import

    plane = np.empty(image.shape[:2], np.uint8)
    red, green, blue = images.LUMA
    windows.luma(image, red, green, blue, plane)
    return plane


def matlab_psnr(x: Image, y: Image) -> float:
    """Return 10 log10(255^2 / MSE) in dB, infinite for equal planes."""
    from srbench.metrics import windows

    error = int(windows.squared_error(x, y))
    return 10.0 * math.log10(_PEAK * _PEAK / (error / x.size)) if error else math.inf


def matlab_ssim(x: Image, y: Image) -> float:
    """Return Wang's SSIM (2004) over all 11x11 windows that lie wholly inside.

    Raises:
        MetricError: The planes are smaller than one window.
    """
    size = 2 * _RADIUS + 1
    if min(x.shape) < size:
        raise MetricError(
            f"SSIM of protocol 'matlab' needs {size}x{size} pixels after the border is removed; "
            f"{x.shape[1]}x{x.shape[0]} are left."
        )
    from srbench.metrics import windows

    return float(windows.wang(x, y, _gaussian(), _C1, _C2))


def _gaussian() -> NDArray[np.float64]:
    half = np.exp(-(np.arange(_RADIUS + 1.0) ** 2) / (2 * 1.5**2))
    return np.asarray(half / (half[0] + 2 * half[1:].sum()))


def _as_scale(scale: int) -> int:
    return scale


def _four(scale: int) -> int:  # noqa: ARG001 - the paper's border does not depend on the scale
    return 4


PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        Protocol(
            "daala",
            "1",
            "The SRGAN paper's",
            "4 pixels removed from each side; dithered BT.709 luma of png2y4m; dump_psnr -y and dump_ssim -r -y "
            "of the daala tools.",
            _four,
            daala.luma,
            daala.psnr,
            daala.ssim,
        ),
        Protocol(
            "matlab",
            "1",
            "The community's",
            "As many pixels as the scale removed from each side; rounded Y of MATLAB's rgb2ycbcr; Wang's SSIM "
            "over whole windows.",
            _as_scale,
            matlab_luma,
            matlab_psnr,
            matlab_ssim,
        ),
    )
}
"""The protocols by name."""


def find_protocol(name: str) -> Protocol:
    """Return the protocol called `name`.

    Raises:
        MetricError: There is none.
    """
    if name not in PROTOCOLS:
        raise MetricError(unknown("protocol", name, PROTOCOLS))
    return PROTOCOLS[name]

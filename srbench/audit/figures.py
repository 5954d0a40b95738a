"""Figures of one picture: how much fine detail it has, whether it lies where it should, and whether a grid is in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from srbench import images, resize
from srbench.errors import MetricError
from srbench.images import Image

Plane = NDArray[np.float64]
BLOCK = 16
FREQUENCY = 1 / 8  # cycles per pixel: at x4 the LR image knows nothing above it
WINDOW = 64
PERIOD = 4
_BESIDE = [11, 12, 13, 19, 20, 21]  # bins of a window on both sides of the period's, 64 / 4 = 16
_NOTHING = 1e-6  # far below the power of rounding to 8 bits, which is 2


def texture(sr: Image, hr: Image, scale: int = 4) -> float:
    """Return the energy of fine detail in `sr` over that in `hr`: 1 is as textured as the photograph."""
    return float((_detail(sr, scale) ** 2).sum() / (_detail(hr, scale) ** 2).sum())


def correlation(sr: Image, hr: Image, scale: int = 4) -> float:
    """Return how well the places of fine detail agree: Pearson's r of log energies in 16x16 blocks, or 0.

    It is 0 where one of the images has the same energy everywhere, as flat ones have.
    """
    a, b = (np.log(_block_energy(_detail(image, scale)) + 1e-3).ravel() for image in (sr, hr))
    if a.std() < 1e-9 or b.std() < 1e-9:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def consistency(sr: Image, lr: Image, scale: int = 4) -> float:
    """Return the PSNR in dB of luma between `sr` reduced to LR size and the LR image it was made from."""
    again = resize.reduce(images.exact_luma(sr), scale)
    error = float(np.mean((again - images.exact_luma(lr)) ** 2))
    return 10 * float(np.log10(255**2 / max(error, 1e-9)))


def grid(image: Image) -> float:
    """Return how much a picture repeats every four pixels: the power there over the power beside it.

    An x4 network whose upsampling leaves a pattern of 4x4 pixels in flat areas is far above photographs, which have
    0.85 on Set14. Luma without 4 pixels at each border is cut along rows and along columns into windows of 64 pixels,
    each under a Hann window. For each direction this is the power of bin 16 over the mean power of bins 11 to 13 and
    19 to 21, all summed over the picture; the two directions are averaged.

    Args:
        image: uint8, (H, W) or (H, W, 3); an SR image of x4, or an original.

    Raises:
        MetricError: It is smaller than one window in both directions.
    """
    plane = images.exact_luma(images.shave(image, PERIOD))
    ratios = [_ratio(lines) for lines in (plane, plane.T) if lines.shape[1] >= WINDOW]
    if not ratios:
        raise MetricError(
            f"The grid figure needs {WINDOW} pixels one way after {PERIOD} are removed from each side; "
            f"{plane.shape[1]}x{plane.shape[0]} are left."
        )
    return float(np.mean(ratios))


def _ratio(lines: Plane) -> float:
    count = lines.shape[1] // WINDOW
    windows = lines[:, : count * WINDOW].reshape(-1, WINDOW)
    # One period of a cosine from zero, whose spectrum is three bins: the mean does not leak into any other.
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    power = (np.abs(np.fft.rfft(windows * hann, axis=1)) ** 2).mean(axis=0)
    return float(power[WINDOW // PERIOD] / (power[_BESIDE].mean() + _NOTHING))


def _detail(image: Image, border: int) -> Plane:
    plane = images.exact_luma(images.shave(image, border))
    spectrum = np.fft.fft2(plane - plane.mean())
    rows, columns = np.fft.fftfreq(plane.shape[0])[:, None], np.fft.fftfreq(plane.shape[1])
    detail: Plane = np.fft.ifft2(spectrum * (np.hypot(rows, columns) > FREQUENCY)).real
    return detail


def _block_energy(detail: Plane) -> Plane:
    high, wide = (size // BLOCK for size in detail.shape)
    blocks = detail[: high * BLOCK, : wide * BLOCK].reshape(high, BLOCK, wide, BLOCK)
    energy: Plane = (blocks**2).mean((1, 3))
    return energy

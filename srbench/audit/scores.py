"""What an audit measures of one method, as means over a data set's images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

import srbench.metrics as metrics
from srbench import images
from srbench.audit import figures
from srbench.errors import MetricError
from srbench.images import Image
from srbench.registry import ImagePair

Upscale = Callable[[ImagePair], Image]


@dataclass(frozen=True, slots=True)
class AuditScores:
    """What was measured of one method, as means over a data set's images.

    Attributes:
        method: Its name.
        psnr: In dB, protocol `matlab`.
        texture: Energy of luma above 1/8 cycle per pixel, relative to the original's.
        correlation: Of the logarithms of that energy in blocks of 16x16 pixels, with the original's.
        consistency: PSNR in dB of the output, reduced again, against the LR image.
        grid: Power at a period of four pixels over the power beside it.
        niqe: Naturalness (lower is better).
        bsd100_niqe: The same on BSD100.
        judge: Accuracy of a discriminator trained against this method alone.
        missing: By name of a figure that is None, why it was not measured.
    """

    method: str
    psnr: float
    texture: float
    correlation: float
    consistency: float
    grid: float | None = None
    niqe: float | None = None
    bsd100_niqe: float | None = None
    judge: float | None = None
    missing: dict[str, str] = field(default_factory=dict)


def measure(name: str, upscale: Upscale, pairs: Sequence[ImagePair], scale: int = 4) -> AuditScores:
    """Measure all that needs one data set and no learning.

    Args:
        name: The method, for tables.
        upscale: Makes the 8-bit SR image of a pair. It is called once for each.
        pairs: Test images.
        scale: Upscaling factor; as many pixels at each side are left out.
    """
    found: dict[str, list[float]] = {}
    missing: dict[str, str] = {}
    for pair in pairs:
        hr = pair.hr()
        sr = _as_gray(upscale(pair)) if hr.ndim == 2 else upscale(pair)
        values = {
            "psnr": metrics.evaluate(sr, hr, scale=scale, protocol="matlab", names=("psnr",))["psnr"],
            "texture": figures.texture(sr, hr, scale),
            "correlation": figures.correlation(sr, hr, scale),
            "consistency": figures.consistency(sr, pair.lr(), scale),
        }
        for figure, function in (("grid", figures.grid), ("niqe", _niqe(scale))):
            try:
                values[figure] = function(sr)
            except MetricError as error:  # a picture too small for it: the mean would be one over other pictures
                missing[figure] = f"{pair.name}: {error}"
        for figure, value in values.items():
            found.setdefault(figure, []).append(value)
    mean = {figure: float(np.mean(every)) for figure, every in found.items() if figure not in missing}
    return AuditScores(
        name,
        psnr=mean["psnr"],
        texture=mean["texture"],
        correlation=mean["correlation"],
        consistency=mean["consistency"],
        grid=mean.get("grid"),
        niqe=mean.get("niqe"),
        missing=missing,
    )


def niqe(upscale: Upscale, pairs: Sequence[ImagePair], scale: int = 4) -> float:
    """Return the mean of NIQE alone.

    Raises:
        MetricError: An image is too small for it.
    """
    return float(np.mean([_niqe(scale)(upscale(pair)) for pair in pairs]))


def _niqe(scale: int) -> Callable[[Image], float]:
    return lambda image: metrics.niqe(images.shave(image, scale))


def _as_gray(image: Image) -> Image:
    # As protocol `matlab` has it: the mean of the channels beside a gray original.
    return image if image.ndim == 2 else images.to_8bit(image.mean(axis=2))

"""PSNR and SSIM, as the protocol defines them."""

from __future__ import annotations

from srbench.metrics.comparison import ComparedImages
from srbench.metrics.table import Metric, add


def psnr(comparison: ComparedImages) -> float:
    """Return the protocol's PSNR in dB, infinite for equal planes."""
    return comparison.protocol.psnr(*comparison.planes)


def ssim(comparison: ComparedImages) -> float:
    """Return the protocol's SSIM."""
    return comparison.protocol.ssim(*comparison.planes)


add(
    Metric(
        "psnr",
        "PSNR",
        True,
        psnr,
        "protocol",
        unit="dB",
        order=10,
        range="0..inf",
        source="mean squared error",
        settings="the protocol's",
        module=__name__,
    )
)
add(
    Metric(
        "ssim",
        "SSIM",
        True,
        ssim,
        "protocol",
        order=20,
        range="-1..1",
        source="Wang et al. 2004",
        settings="the protocol's",
        module=__name__,
    )
)

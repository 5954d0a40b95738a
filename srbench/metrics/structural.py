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


add(Metric("psnr", "PSNR", True, psnr, "protocol", unit="dB", order=10, module=__name__))
add(Metric("ssim", "SSIM", True, ssim, "protocol", order=20, module=__name__))

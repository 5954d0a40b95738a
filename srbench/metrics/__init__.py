"""Image quality: pure functions on arrays under named, versioned protocols, in a table that users extend."""

from __future__ import annotations

from collections.abc import Sequence

from srbench.images import Image
from srbench.metrics import libraries, structural
from srbench.metrics.protocols import PROTOCOLS, Protocol, find_protocol
from srbench.metrics.table import (
    Metric,
    broken,
    compare,
    find,
    fingerprint,
    metrics,
    register_metric,
    why_not,
)

__all__ = [
    "PROTOCOLS",
    "Metric",
    "Protocol",
    "broken",
    "evaluate",
    "find",
    "find_protocol",
    "fingerprint",
    "libraries",
    "metrics",
    "register_metric",
    "structural",
    "why_not",
]


def evaluate(
    sr: Image, hr: Image, *, scale: int, protocol: str = "matlab", names: Sequence[str] = ("psnr", "ssim")
) -> dict[str, float]:
    """Score an SR image against its original.

    Args:
        sr: uint8, shape (H, W) or (H, W, 3).
        hr: The original, of the same shape.
        scale: The upscaling factor; protocols remove a border that may depend on it.
        protocol: `daala` (the SRGAN paper's) or `matlab` (the community's).
        names: The metrics.

    Returns:
        The score of each metric by name; PSNR of equal images is infinite.

    Raises:
        MetricError: A name is unknown, the images are of unequal shape or too small, or a metric failed.

    >>> import numpy as np
    >>> hr = np.full((32, 32), 100, np.uint8)
    >>> round(evaluate(hr + np.uint8(10), hr, scale=4)["psnr"], 4)
    28.1308
    """
    rule = find_protocol(protocol)
    chosen = {name: find(name) for name in names}
    comparison = compare(sr, hr, scale, rule)
    return {name: metric.value(comparison) for name, metric in chosen.items()}

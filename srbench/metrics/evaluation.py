"""Scores an SR image against its original: all metrics or an error, or each metric for itself."""

from __future__ import annotations

from collections.abc import Sequence

from srbench.errors import ImageError, MetricError
from srbench.images import Image
from srbench.metrics.comparison import compare
from srbench.metrics.protocol import find_protocol
from srbench.metrics.table import find


def evaluate(
    sr: Image, hr: Image, *, scale: int, protocol: str = "matlab", names: Sequence[str] = ("psnr", "ssim")
) -> dict[str, float]:
    """Score an SR image against its original.

    Args:
        sr: uint8, shape (H, W) or (H, W, 3).
        hr: The original, of the same shape; or gray beside a colour SR image.
        scale: The upscaling factor; protocols remove a border that may depend on it.
        protocol: `daala` (the SRGAN paper's), `matlab` (the community's), `basicsr`, or another of `protocols()`.
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


def evaluate_each(
    sr: Image, hr: Image, *, scale: int, protocol: str = "matlab", names: Sequence[str] = ("psnr", "ssim")
) -> dict[str, float | str]:
    """Score an SR image against its original; a metric that fails costs only its own score.

    Args:
        sr: As in `evaluate`, and so the following.
        hr: The original.
        scale: The upscaling factor.
        protocol: The protocol.
        names: The metrics.

    Returns:
        By name, in the order of `names`, the score, or the sentence that says why there is none: the metric is unknown,
        raised an error, exited or returned no number, or the images do not fit it (or each other: then all say so).

    Raises:
        MetricError: The protocol is unknown.

    >>> import numpy as np
    >>> image = np.zeros((16, 16), np.uint8)
    >>> scores = evaluate_each(image, image, scale=4)
    >>> scores["psnr"]
    inf
    >>> scores["ssim"]
    'SSIM needs 11x11 pixels after the border is removed; 8x8 are left.'
    """
    rule = find_protocol(protocol)
    try:
        comparison = compare(sr, hr, scale, rule)
    except (MetricError, ImageError) as error:
        return dict.fromkeys(names, str(error))
    scores: dict[str, float | str] = {}
    for name in names:
        try:
            scores[name] = find(name).value(comparison)
        except (MetricError, ImageError) as error:
            scores[name] = " ".join(str(error).split())
    return scores

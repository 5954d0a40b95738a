"""Tells float output on the 0..1 or -1..1 scale of networks from output on the 0..255 scale of images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from srbench.images import Image

# Networks overshoot; no image on the 0..255 scale stays this small unless its input is as good as black.
_LARGEST = 2.0
# An SR image is close to its LR image, and on a wrong scale far from it. Without likeness nothing is claimed.
_CLOSER = 0.25


def wrong_scale(output: NDArray[Any], lr: Image) -> str | None:
    """Return how float output should be computed instead, or None when it is on the scale of `lr`.

    The output is averaged down to the size of `lr` and compared with it under each reading, so that a picture that
    is really dark is left alone.

    Args:
        output: Shape (H, W) or (H, W, 3), finite.
        lr: What it was made from, (h, w) or (h, w, 3) with H and W the same multiple of h and w.
    """
    if output.dtype == np.uint8 or np.abs(output).max() > _LARGEST:
        return None
    if output.ndim == 3 and lr.ndim == 2:
        output = output.mean(axis=2, dtype=np.float64)
    if output.shape[2:] != lr.shape[2:]:
        return None
    scale = output.shape[0] // lr.shape[0]
    if scale < 1 or output.shape[:2] != (lr.shape[0] * scale, lr.shape[1] * scale):
        return None
    blocks = output.astype(np.float64).reshape(lr.shape[0], scale, lr.shape[1], scale, *lr.shape[2:])
    reduced = blocks.mean(axis=(1, 3))
    error = {
        hint: float(np.sqrt(np.mean((reading - lr) ** 2)))
        for hint, reading in (
            ("", reduced),
            ("255 * sr", reduced * 255.0),
            ("127.5 * (sr + 1)", (reduced + 1.0) * 127.5),
        )
    }
    best = min(error, key=lambda hint: error[hint])
    return best if best and error[best] < _CLOSER * error[""] else None

"""Back-projection: makes an enlarged image reduce to nearly the image it was enlarged from."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from srbench.methods.selfexsr.pyramid import resize

ROUNDS = 20

# A squared Gaussian of sigma 1 is a Gaussian of sigma 1/sqrt(2), hence separable.
_line = np.exp(-(np.arange(-2.0, 3.0) ** 2))
FILTER = (_line / _line.sum()).astype(np.float32)


def back_project(image: NDArray[np.float32], lr: NDArray[np.float32], rounds: int = ROUNDS) -> NDArray[np.float32]:
    """Return `image` corrected so that its bicubic reduction comes near `lr`; both RGB in 0..1.

    Each round adds f * up(lr - down(image)), f a squared 5x5 Gaussian of sigma 1, and clips.
    """
    for _ in range(rounds):
        error = resize(lr - resize(image, lr.shape[:2]), image.shape[:2])
        image = np.clip(image + spread(error), 0, 1)
    return image


def spread(error: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return f * error, the edges replicated."""
    return np.asarray(cv2.sepFilter2D(error, -1, FILTER, FILTER, borderType=cv2.BORDER_REPLICATE), np.float32).reshape(
        error.shape
    )

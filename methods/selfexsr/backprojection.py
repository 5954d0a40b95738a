"""Back-projection: makes an enlarged image reduce to exactly the image it was enlarged from."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from srbench.methods.selfexsr.pyramid import resize

ROUNDS = 20


def _kernel() -> NDArray[np.float32]:
    # A squared Gaussian of sigma 1 is a Gaussian of sigma 1/sqrt(2), hence separable.
    line = np.exp(-(np.arange(-2.0, 3.0) ** 2))
    return (line / line.sum()).astype(np.float32)


def back_project(image: NDArray[np.float32], lr: NDArray[np.float32], rounds: int = ROUNDS) -> NDArray[np.float32]:
    """Return `image` corrected so that its bicubic reduction comes near `lr`; both RGB in 0..1.

    Each round adds f * up(lr - down(image)), f a squared 5x5 Gaussian of sigma 1, and clips.
    """
    kernel = _kernel()
    for _ in range(rounds):
        error = resize(lr - resize(image, lr.shape[:2]), image.shape[:2])
        image = np.clip(image + cv2.sepFilter2D(error, -1, kernel, kernel, borderType=cv2.BORDER_REPLICATE), 0, 1)
    return image

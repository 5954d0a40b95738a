"""The levels of an image: smaller copies of the LR image below it, and the ones made so far above it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from srbench.methods.selfexsr.state import MARGIN, Sources
from srbench.resize import imresize

SMALLEST = 10
"""The coarsest level that is made."""

REACH = 9
"""How many levels below its own a patch may come from: alpha^-9 is 8, the largest scale of a patch."""


def scale_step(scale: int) -> tuple[float, int]:
    """Return alpha and the number of levels it takes to reach `scale`: alpha^-levels = scale.

    >>> scale_step(4)[1], scale_step(2)[1], scale_step(8)[1], scale_step(3)[1]
    (6, 3, 9, 5)
    """
    levels = {2: 3, 3: 5, 4: 6, 8: 9}[scale]
    return float(scale ** (-1.0 / levels)), levels


def level_shape(shape: tuple[int, int], alpha: float, level: int) -> tuple[int, int]:
    """Return height and width of a level: alpha^level times those of the LR image, halves away from zero."""
    factor = alpha**level
    return max(1, int(shape[0] * factor + 0.5)), max(1, int(shape[1] * factor + 0.5))


def resize(image: NDArray[np.float32], shape: tuple[int, int]) -> NDArray[np.float32]:
    """Return a bicubic, antialiased resize of an image in 0..1."""
    if image.shape[:2] == shape:
        return image
    return imresize(image, shape=shape).astype(np.float32)


class Pyramid:
    """The sharp levels H_e and their blurred twins L_e, by level: 0 is the LR image, negative ones are larger.

    A twin has lost what one more scale step loses: it relates to its level as the target of a new level, which
    is the one below it enlarged, relates to what that level is to become.
    """

    def __init__(self, lr: NDArray[np.float32], alpha: float) -> None:
        self.lr = lr
        self.alpha = alpha
        self.sharp = {level: resize(lr, self.shape(level)) for level in range(SMALLEST + 1)}
        self.blurred = {e: resize(self.sharp[e + 1], self.sharp[e].shape[:2]) for e in range(SMALLEST)}

    def shape(self, level: int) -> tuple[int, int]:
        """Return height and width of a level."""
        return level_shape(self.lr.shape[:2], self.alpha, level)

    def target(self, level: int) -> NDArray[np.float32]:
        """Return the blurred guess of a level that is still to be made."""
        return resize(self.sharp[level + 1], self.shape(level))

    def add(self, level: int, image: NDArray[np.float32]) -> None:
        """Take a finished level in: larger ones may then copy from it."""
        self.sharp[level] = image
        self.blurred[level] = resize(resize(image, self.shape(level + 1)), image.shape[:2])

    def sources(self, level: int) -> Sources:
        """Return what the patches of `level` may be made of: the nine levels below it."""
        height, width = self.shape(level)
        below = range(level + 1, level + REACH + 1)
        sizes = np.array([self.shape(e) for e in below], np.int64)
        padded = sizes + 2 * MARGIN
        counts = padded.prod(axis=1)
        return Sources(
            np.concatenate([_pad(self.blurred[e]) for e in below]),
            np.concatenate([_pad(self.sharp[e]) for e in below]),
            np.concatenate([[0], counts.cumsum()[:-1]]).astype(np.int64),
            np.ascontiguousarray(padded[:, 1]),
            sizes,
            sizes / np.array([height, width], np.float64),
            self.alpha,
        )


def _pad(image: NDArray[np.float32]) -> NDArray[np.float32]:
    padded = np.pad(image, ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)), mode="edge")
    four = np.zeros((padded.shape[0] * padded.shape[1], 4), np.float32)
    four[:, :3] = padded.reshape(-1, 3)
    return four

"""A method that is ready to run: made once, then run, checked and rounded to 8 bits on image after image."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srbench import registry
from srbench.errors import MethodError
from srbench.guarded import GuardedUpscaler
from srbench.images import Image
from srbench.registry import ImagePair, Method, Setup, Upscaler

ORIENTATIONS = 8
"""How many orientations a rectangle of pixels has, turned and mirrored."""


@dataclass(frozen=True, slots=True)
class ReadyMethod:
    """A method with its upscaler.

    Attributes:
        method: Its row in the registry.
        setup: What it was made with.
        upscaler: What it made of that.
    """

    method: Method
    setup: Setup
    upscaler: Upscaler

    @classmethod
    def of(cls, method: Method, setup: Setup) -> ReadyMethod:
        """Make a method ready that the registry need not know.

        Raises:
            MethodError: It cannot do the scale.
            WeightsError: Its weights are missing.
        """
        method.check(setup.scale)
        full = replace(setup, weights=method.weights.get(setup.scale))
        return cls(method, full, GuardedUpscaler(method, full))

    def source(self, pair: ImagePair) -> Any:
        """Return what the method is given of a pair: the pair itself, or its LR image.

        Raises:
            ImageError: The LR image cannot be read.
        """
        return pair if self.method.takes_pair else pair.lr()

    def enlarge(
        self, source: Any, shape: tuple[int, ...], measured: AbstractContextManager[Any] | None = None
    ) -> Image:
        """Return the SR image of what `source` returned.

        Args:
            source: An LR image, or a pair for a method that takes one.
            shape: The shape expected of the SR image.
            measured: Entered while the method itself computes, and not for checking and rounding.

        Raises:
            MethodError: The method returned no image of that shape.
        """
        with measured or contextlib.nullcontext():
            output = self.upscaler(source)
        return self.rounded(output, source, shape)

    @property
    def can_batch(self) -> bool:
        """Whether the method takes several images at once."""
        return isinstance(self.upscaler, GuardedUpscaler) and self.upscaler.can_batch

    def batch(self, sources: Sequence[Any]) -> Sequence[Any]:
        """Return what the method returns for several LR images of equal size, not rounded yet: see `rounded`."""
        if isinstance(self.upscaler, GuardedUpscaler):
            return self.upscaler.batch(sources)
        return [self.upscaler(source) for source in sources]

    def rounded(self, output: Any, source: Any, shape: tuple[int, ...]) -> Image:
        """Return what the upscaler returned for `source` as the 8-bit SR image; see `enlarge`."""
        # Only floats need the LR image: it tells which scale they are on.
        is_float = getattr(getattr(output, "dtype", None), "kind", "") == "f"
        lr = (source.lr() if self.method.takes_pair else source) if is_float else None
        return registry.to_8bit(self.method.name, output, shape, lr)

    def on_pair(self, pair: ImagePair) -> Image:
        """Return the SR image of a pair, which may be the original itself or a stored picture.

        Raises:
            MethodError: The method returned no image of the size of the original.
            ImageError: An image of the pair cannot be read.
        """
        if self.method.takes_pair:
            return self.enlarge(pair, pair.hr().shape)
        return self.on_image(pair.lr())

    def on_image(self, lr: Image, orientations: int = 1) -> Image:
        """Return the SR image of any image.

        Args:
            lr: The image.
            orientations: Above 1, the mean of what the method makes of the image in so many of its eight orientations,
                turned and mirrored, which for a network is nearer to the original than each of them: the "+" of EDSR+
                (Timofte et al., "Seven ways to improve example-based single image super resolution", 2016).

        Raises:
            MethodError: The method needs a whole pair, or returned no image of `scale` times the size.
        """
        if not 1 <= orientations <= ORIENTATIONS:
            raise MethodError(f"Expected 1 to {ORIENTATIONS} orientations, but got {orientations}.")
        if self.method.takes_pair:
            raise MethodError(
                f"Method '{self.method.name}' needs the original and cannot enlarge a picture. Choose another one."
            )
        if orientations == 1:
            return self.enlarge(lr, self._enlarged(lr))
        total: Any = 0
        for orientation in range(orientations):
            seen = np.ascontiguousarray(_turned(lr, orientation))
            output = self.upscaler(seen)
            self.rounded(output, seen, self._enlarged(seen))  # refuses what is no such image
            total = total + _turned_back(output, orientation).astype(np.float64)
        return self.rounded(total / orientations, lr, self._enlarged(lr))

    def _enlarged(self, lr: Image) -> tuple[int, ...]:
        height, width = lr.shape[:2]
        return (height * self.setup.scale, width * self.setup.scale, *lr.shape[2:])


def _turned(image: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Return (H, W) or (H, W, C) in an orientation, 0..7: that many quarter turns, from 4 on mirrored before."""
    return np.rot90(image[:, ::-1] if orientation & 4 else image, orientation & 3)


def _turned_back(image: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Return what `_turned` was given."""
    upright = np.rot90(image, -(orientation & 3))
    return upright[:, ::-1] if orientation & 4 else upright


def ready(name: str, setup: Setup | None = None) -> ReadyMethod:
    """Make the method `name` ready, such as `bicubic` or `results:DIR`.

    >>> import numpy as np
    >>> ready("nearest", Setup(scale=2)).on_image(np.array([[1, 2]], np.uint8))
    array([[1, 1, 2, 2],
           [1, 1, 2, 2]], dtype=uint8)

    Raises:
        MethodError: It is unknown, or cannot do the scale.
        WeightsError: Its weights are missing or damaged.
    """
    setup = setup or Setup()
    method, _ = registry.find(name)
    return ReadyMethod(method, setup, registry.create(name, setup))

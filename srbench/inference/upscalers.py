"""Upscalers around an engine: from 8-bit images to planes that networks take, and back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from srbench.images import Image
from srbench.inference import operations
from srbench.inference.tiles import Stage
from srbench.resize import enlarge

# Rec. 601 with 8-bit ranges, as MATLAB's rgb2ycbcr: Y in 16..235, Cb and Cr in 16..240.
_YCBCR = np.array([[65.481, 128.553, 24.966], [-37.797, -74.203, 112.0], [112.0, -93.786, -18.214]]) / 255
_OFFSET = np.array([16.0, 128.0, 128.0])
_RGB = np.linalg.inv(_YCBCR)

WARM_UP = 16
"""Height and width of the image that warms a network up; all kernels of a large one run on it."""


class Runner(Protocol):
    """What an upscaler computes with, such as `Engine`."""

    path: str

    @property
    def stages(self) -> Sequence[Stage]:
        """What it computes, in order."""

    def __call__(self, image: Tensor) -> Tensor:
        """Return (N, C, scale*H, scale*W) of (N, C, H, W), float32 on the CPU."""


class RgbUpscaler:
    """Enlarges with a network that takes and gives RGB.

    A gray image runs as three equal channels, and the mean of the three that come out is the result.

    Args:
        engine: (N, 3, H, W) in, (N, 3, scale*H, scale*W) out, both on the 0..255 scale.

    Attributes:
        path: The way of computing, stored in every row of a run.
    """

    def __init__(self, engine: Runner) -> None:
        self.engine = engine
        self.path = engine.path

    def __call__(self, lr: Image) -> NDArray[Any]:
        """Return the SR image of `lr` as float32 on the 0..255 scale, (H, W) or (H, W, 3) as `lr` is."""
        return self.batch([lr])[0]

    def warm_up(self) -> None:
        """Enlarge a small image, so that what is loaded and compiled on first use is not in the time of the next."""
        self(np.zeros((WARM_UP, WARM_UP, 3), np.uint8))

    def multiply_accumulates(self, height: int, width: int) -> int | None:
        """Return how many products are added up for an LR image of that size; None where torch cannot say."""
        return operations.count(self._compute, self._shape(height, width))

    def _shape(self, height: int, width: int) -> tuple[int, ...]:
        return 1, 3, height, width

    def _compute(self, planes: Tensor) -> Tensor:
        for stage in self.engine.stages:
            planes = stage.compute(planes)
        return planes

    def batch(self, lr: Sequence[Image], size: int | None = None) -> list[NDArray[Any]]:
        """Return the SR images of many LR images, computing those of equal size at once, `size` at most.

        Worth it on CUDA only; on the CPU one after the other is as fast and needs less memory.
        """
        results: dict[int, NDArray[Any]] = {}
        for group in _groups(lr, size or len(lr)):
            planes = torch.from_numpy(np.stack([self._planes(lr[i]) for i in group]))
            for i, sr in zip(group, self.engine(planes).numpy(), strict=True):
                results[i] = self._image(lr[i], sr)
        return [results[i] for i in range(len(lr))]

    def _planes(self, lr: Image) -> NDArray[np.float32]:
        colour = np.stack([lr] * 3, axis=-1) if lr.ndim == 2 else lr
        return np.ascontiguousarray(colour.transpose(2, 0, 1), dtype=np.float32)

    def _image(self, lr: Image, sr: NDArray[np.float32]) -> NDArray[Any]:
        return sr.mean(axis=0) if lr.ndim == 2 else np.ascontiguousarray(sr.transpose(1, 2, 0))


class LumaUpscaler(RgbUpscaler):
    """Enlarges luma with a network, and the two colour differences with MATLAB's bicubic interpolation.

    Nothing is rounded on the way. A gray image is its own luma: its values go in as they are, 0..255.

    Args:
        engine: (N, 1, H, W) in, (N, 1, H', W') out, both on the 0..255 scale.
        scale: The upscaling factor.
        enlarged: Whether the engine wants luma that bicubic interpolation has enlarged already.
    """

    def __init__(self, engine: Runner, scale: int, enlarged: bool) -> None:
        super().__init__(engine)
        self.scale = scale
        self.enlarged = enlarged

    def _shape(self, height: int, width: int) -> tuple[int, ...]:
        factor = self.scale if self.enlarged else 1
        return 1, 1, factor * height, factor * width

    def _planes(self, lr: Image) -> NDArray[np.float32]:
        luma: NDArray[np.float64] = lr.astype(np.float64) if lr.ndim == 2 else lr @ _YCBCR[0] + _OFFSET[0]
        return (enlarge(luma, self.scale) if self.enlarged else luma)[None].astype(np.float32)

    def _image(self, lr: Image, sr: NDArray[np.float32]) -> NDArray[Any]:
        luma: NDArray[np.float32] = sr[0]
        if lr.ndim == 2:
            return luma
        differences = enlarge(lr @ _YCBCR[1:].T, self.scale)
        rgb: NDArray[np.float64] = np.dstack([luma - _OFFSET[0], differences]) @ _RGB.T
        return rgb


def _groups(lr: Sequence[Image], size: int) -> list[list[int]]:
    """Return the positions of images of equal height and width, at most `size` together."""
    alike: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for i, image in enumerate(lr):
        alike[image.shape[:2]].append(i)
    return [same[i : i + size] for same in alike.values() for i in range(0, len(same), size)]

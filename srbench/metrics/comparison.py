"""Two images under one protocol, checked and without its border, with each form of them made once."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from srbench import images
from srbench.errors import MetricError
from srbench.images import Image
from srbench.metrics.planes import Planes
from srbench.metrics.protocol import Protocol, compared


@dataclass(frozen=True)
class ComparedImages:
    """An SR and an HR image under one protocol, with each form of them made once, when it is asked for.

    Attributes:
        sr: Shaved, shape (H, W) or (H, W, 3).
        hr: Shaved, of the same shape, or (H, W) beside a colour SR image.
        protocol: The protocol that shaved them.
    """

    sr: Image
    hr: Image
    protocol: Protocol

    @functools.cached_property
    def planes(self) -> tuple[Planes, Planes]:
        """What the protocol compares: (H, W) or (H, W, C), uint8 or float64."""
        return compared(self.protocol, self.sr, self.hr)

    @functools.cached_property
    def y(self) -> tuple[Image, Image]:
        """The protocol's luma, (H, W), rounded to 8 bits; that of `matlab` where the protocol compares colours."""
        x, y = self.planes
        if x.ndim == 3:
            x, y = (images.luma(image) for image in self.rgb)
        return _as_8bit(x), _as_8bit(y)

    @functools.cached_property
    def rgb(self) -> tuple[Image, Image]:
        """SR and HR as (H, W, 3); a gray image as three equal channels."""
        return images.as_rgb(self.sr), images.as_rgb(self.hr)


def compare(sr: Image, hr: Image, scale: int, protocol: Protocol) -> ComparedImages:
    """Check two images and remove the protocol's border.

    Raises:
        MetricError: They are no 8-bit images of one shape, or nothing would be left.
    """
    for name, image in (("SR", sr), ("HR", hr)):
        if image.dtype != np.uint8 or not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)):
            raise MetricError(
                f"The {name} image is {image.dtype} of shape {image.shape}; expected uint8 (H, W) or (H, W, 3)."
            )
    if sr.shape[: hr.ndim] != hr.shape:
        raise MetricError(f"The SR image has shape {sr.shape}, the HR image {hr.shape}; expected equal shapes.")
    border = protocol.shave(scale)
    if min(hr.shape[:2]) <= 2 * border:
        raise MetricError(
            f"A {hr.shape[1]}x{hr.shape[0]} image is too small for protocol '{protocol.name}', which removes "
            f"{border} pixels from each side at x{scale}."
        )
    # Copies, for a plugin's own sake and because numba compiles anew for each memory layout.
    return ComparedImages(images.shave(sr, border).copy(), images.shave(hr, border).copy(), protocol)


def _as_8bit(plane: Planes) -> Image:
    return plane if plane.dtype == np.uint8 else images.to_8bit(plane)

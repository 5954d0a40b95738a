"""Which LR images pictures were made from: reduced again, results come near to their input and not to others."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image as PillowImage

from srbench import images, resize
from srbench.errors import ImageError
from srbench.images import Image
from srbench.pairing import ScoredPicture

_CONSISTENT = 40.0
_LEAD = 0.5

SHIPPED = "the LR files of the set"
KINDS: dict[str, Callable[[Image, int], Image]] = {
    "MATLAB's imresize": lambda hr, scale: resize.reduce(hr, scale),
    "MATLAB's imresize, edges repeated": lambda hr, scale: resize.reduce(hr, scale, boundary="replicate"),
    "MATLAB's imresize without antialiasing": lambda hr, scale: resize.imresize(
        hr, shape=_size(hr, scale), antialias=False
    ),
    "OpenCV's INTER_CUBIC": lambda hr, scale: _by_opencv(hr, scale, cv2.INTER_CUBIC),
    "OpenCV's INTER_AREA": lambda hr, scale: _by_opencv(hr, scale, cv2.INTER_AREA),
    "Pillow's BICUBIC": lambda hr, scale: np.asarray(
        PillowImage.fromarray(hr).resize(_size(hr, scale)[::-1], PillowImage.Resampling.BICUBIC)
    ),
    "a Gaussian filter and every n-th pixel": lambda hr, scale: resize.blur_decimate(hr, scale),
    "every n-th pixel alone": lambda hr, scale: hr[::scale, ::scale],
}
"""The ways of making LR images that are compared, by what they are called."""


@dataclass(frozen=True, slots=True)
class LikelyInput:
    """How near the results, reduced by MATLAB's imresize, come to LR images of each kind.

    Attributes:
        consistency: PSNR in dB over all pictures, by kind, the nearest first; empty where results lack a border.
    """

    consistency: dict[str, float]

    @property
    def alike(self) -> list[str]:
        """The kinds that come within 0.5 dB of the nearest; none where even that is further away than 40 dB."""
        best = max(self.consistency.values(), default=-math.inf)
        if best < _CONSISTENT:
            return []
        return [kind for kind, value in self.consistency.items() if value > best - _LEAD or value == best]

    @property
    def sentence(self) -> str:
        """What can be said, in one sentence."""
        if not self.consistency:
            return "Which LR images the results were made from cannot be told: they lack a border."
        (kind, best), *others = self.consistency.items()
        if not self.alike:
            return (
                f"Which LR images the results were made from cannot be told: reduced again, they are no nearer than "
                f"{best:.1f} dB to any ({kind}); {_CONSISTENT:.0f} dB are needed."
            )
        following = next(((name, value) for name, value in others if name not in self.alike), None)
        after = f"; next, with {following[1]:.1f} dB, {following[0]}" if following else ""
        if len(self.alike) == 1:
            return f"The results were most likely made from LR images by {kind}: reduced again, {best:.1f} dB{after}."
        names = ", ".join(self.alike)
        return (
            "The results were made from LR images by one of these, which cannot be told apart: "
            f"{names} ({best:.1f} dB{after})."
        )


def likely_input(pictures: Sequence[ScoredPicture], scale: int) -> LikelyInput:
    """Compare the results, reduced, with LR images of all kinds.

    A network gives back its input when what it made is reduced by what it was trained with, which nearly always is
    MATLAB's imresize: far nearer than to other LR images of the same original.

    Args:
        pictures: Results and originals.
        scale: The factor.
    """
    if pictures[0].removed:
        return LikelyInput({})
    errors: dict[str, list[float]] = {}
    for picture in pictures:
        sr, hr = images.as_rgb(picture.sr), images.as_rgb(picture.hr)
        try:
            hr, sr = images.crop_to_multiple(hr, scale), images.crop_to_multiple(sr, scale)
        except ImageError:  # smaller than the factor
            return LikelyInput({})
        hr, reduced = np.ascontiguousarray(hr), resize.reduce(sr.astype(np.float64), scale)
        made = {kind: make(hr, scale) for kind, make in KINDS.items()}
        if picture.lr is not None and picture.lr.shape[:2] == reduced.shape[:2]:
            made[SHIPPED] = images.as_rgb(picture.lr)
        for kind, lr in made.items():
            errors.setdefault(kind, []).append(float(np.mean((reduced - lr) ** 2)))
    errors = {kind: values for kind, values in errors.items() if len(values) == len(pictures)}
    found = {kind: _decibels(float(np.mean(values))) for kind, values in errors.items()}
    return LikelyInput(dict(sorted(found.items(), key=lambda item: -item[1])))


def _by_opencv(hr: Image, scale: int, interpolation: int) -> Image:
    return np.asarray(cv2.resize(hr, _size(hr, scale)[::-1], interpolation=interpolation), np.uint8)


def _decibels(error: float) -> float:
    return 10 * math.log10(255**2 / error) if error else math.inf


def _size(hr: Image, scale: int) -> tuple[int, int]:
    return hr.shape[0] // scale, hr.shape[1] // scale

"""What two pictures become before they are compared: what protocols do, and what else programs are known to do."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srbench import images
from srbench.images import Image
from srbench.metrics import planes, protocols
from srbench.metrics.planes import Planes
from srbench.metrics.protocol import Protocol, compared

AS_COLOUR, OWN, MIXED = "as colour", "own values", "SR's luma against own values"
"""What becomes of a gray original: three equal channels; its values beside SR's mean; or SR alone is converted."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """One way to make what is compared.

    Attributes:
        title: What is compared, in words.
        gray: What becomes of gray originals; empty where a user's protocol decides it.
        function: From SR and HR of one size to the two arrays.
        pointwise: Whether each pixel is converted by itself, so that the border may be removed afterwards.
        protocol: The protocol that does this; None where none does.
    """

    title: str
    gray: str
    function: Callable[[Image, Image], tuple[Planes, Planes]]
    pointwise: bool = True
    protocol: Protocol | None = None

    def without_borders(self, sr: Image, hr: Image, borders: list[int]) -> Iterator[tuple[int, Planes, Planes]]:
        """Yield each border with the two arrays that are compared without it."""
        whole = self.function(sr, hr) if self.pointwise else None
        for border in borders:
            if whole is not None:
                x, y = (np.ascontiguousarray(images.shave(plane, border)) for plane in whole)
            else:
                x, y = self.function(images.shave(sr, border).copy(), images.shave(hr, border).copy())
            yield border, x, y


def conversions(with_gray: bool) -> list[Conversion]:
    """Return all that are tried: those of all protocols first, a user's own included, then the others.

    Args:
        with_gray: Whether any original is gray; else the ways with gray ones are one, and only that is tried.
    """
    rules = protocols()
    known = {_PROTOCOLS[rule.name] for rule in rules if rule.name in _PROTOCOLS}
    others = [
        Conversion(title, gray, functools.partial(_convert, convert, gray))
        for title, convert in _CONVERSIONS.items()
        for gray in ((AS_COLOUR, OWN, MIXED) if with_gray else (AS_COLOUR,))
        if (title, gray) not in known and not (title == _RGB and gray == MIXED)
    ]
    return [*map(_of_protocol, rules), *others]


def _of_protocol(rule: Protocol) -> Conversion:
    title, gray = _PROTOCOLS.get(rule.name, (rule.title, ""))
    pointwise = rule.name in _PROTOCOLS and rule.name != "daala"  # dithering depends on where a pixel stands
    return Conversion(title, gray, functools.partial(compared, rule), pointwise, rule)


def _convert(
    convert: Callable[[Image], Planes], gray: str, sr: Image, hr: Image
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if hr.ndim == 3 or gray == AS_COLOUR:
        x, y = convert(images.as_rgb(sr)), convert(images.as_rgb(hr))
    else:
        # Thirds are left as they are where luma would be; the protocol that rounds them has an entry of its own.
        mean = sr if sr.ndim == 2 else sr.mean(axis=2)
        x, y = (convert(images.as_rgb(sr)) if gray == MIXED else mean), hr
    return x.astype(np.float64), y.astype(np.float64)


def _weighted(image: Image, red: float, green: float, blue: float) -> NDArray[Any]:
    return np.asarray(image[..., 0] * red + image[..., 1] * green + image[..., 2] * blue)


def _bt601(image: Image) -> NDArray[Any]:
    return _weighted(image, 0.299, 0.587, 0.114)


_RGB = "RGB"
_CONVERSIONS: dict[str, Callable[[Image], Planes]] = {
    "Y, rounded": planes.luma,
    "Y, not rounded": planes.exact_luma,
    "Y, digits cut off": lambda image: np.floor(planes.exact_luma(image)),
    "Y with red and blue exchanged, rounded": lambda image: planes.luma(np.ascontiguousarray(image[..., ::-1])),
    "gray 0..255 of BT.601, rounded": lambda image: images.to_8bit(_bt601(image)),
    "gray 0..255 of BT.601, not rounded": _bt601,
    "gray 0..255 of BT.709, not rounded": lambda image: _weighted(image, 0.2125, 0.7154, 0.0721),
    _RGB: lambda image: image,
}
_PROTOCOLS = {
    "daala": ("dithered luma of png2y4m", AS_COLOUR),
    "matlab": ("Y, rounded", OWN),
    "matlab-gray-rgb": ("Y, rounded", AS_COLOUR),
    "basicsr": ("Y, not rounded", AS_COLOUR),
    "basicsr-rgb": (_RGB, AS_COLOUR),
}

"""Plates for a test of colour vision: dots whose digit differs from its ground in one kind of cone alone.

Colours differ in the response of the L cones (protan plates) or of the M cones (deutan plates), and in nothing else; to
somebody without these cones digit and ground are the same colour (Vienot, Brettel and Mollon, Color Research and
Application 24, 1999). Every dot has a lightness of its own, so that brightness gives nothing away. The plates look for
red-green deficiency on an ordinary sRGB screen; they are no diagnosis.
"""

from __future__ import annotations

import io
from functools import lru_cache
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from srbench.mos.design.screening import NOTHING

Kind: TypeAlias = Literal["control", "protan", "deutan", "blank"]
Array: TypeAlias = NDArray[np.float64]

SIZE = 320
"""Width and height of a plate in pixels."""
LMS_OF_RGB: Array = np.array([[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]])
"""Responses of the cones to linear sRGB (Vienot et al. 1999, equation 4)."""

_GROUND_RGB: Array = np.array([0.26, 0.22, 0.10])  # linear: a dull yellow, from which both differences lie in the gamut
_CONTRAST = {"control": 0.0, "protan": 0.16, "deutan": 0.16, "blank": 0.0}  # of the one kind of cone
_LIGHTER = 1.9  # the digit of the control plate, which everybody sees
_LIGHTNESS = np.array([0.6, 0.75, 0.9, 1.05, 1.2])
_PITCH, _MOVED, _RADII = 12, 1.2, (3.2, 5.2)


def colours(kind: Kind) -> tuple[Array, Array]:
    """Return linear sRGB of ground and digit at medium lightness, shape (3,) each."""
    ground = LMS_OF_RGB @ _GROUND_RGB
    digit = ground.copy()
    if kind in ("protan", "deutan"):
        cone = 0 if kind == "protan" else 1
        digit[cone] *= 1.0 + _CONTRAST[kind]
        ground[cone] *= 1.0 - _CONTRAST[kind]
    inverse = np.linalg.inv(LMS_OF_RGB)
    scale = _LIGHTER if kind == "control" else 1.0
    return inverse @ ground, scale * (inverse @ digit)


@lru_cache(maxsize=64)
def draw(kind: Kind, digit: int, seed: int) -> bytes:
    """Return a plate as PNG.

    Args:
        kind: What the digit differs in.
        digit: From 0 to 9, or `NOTHING`.
        seed: Decides the places of the dots and their lightness.
    """
    source = np.random.default_rng(seed)
    mask = _mask(digit)
    ground, other = colours(kind)
    palette = [np.full(3, 128, np.uint8)]
    palette += [_srgb(colour * lightness) for colour in (ground, other) for lightness in _LIGHTNESS]
    image = Image.new("P", (SIZE, SIZE), 0)
    image.putpalette(bytes(np.concatenate(palette)))
    pen = ImageDraw.Draw(image)
    for x, y, radius in _dots(source):
        inside = bool(mask[int(y), int(x)])
        index = 1 + int(source.integers(len(_LIGHTNESS))) + len(_LIGHTNESS) * inside
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=index)
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def _mask(digit: int) -> NDArray[np.bool_]:
    canvas = Image.new("L", (SIZE, SIZE), 0)
    if digit != NOTHING:
        font = ImageFont.load_default(size=290)
        ImageDraw.Draw(canvas).text((SIZE / 2, SIZE / 2), str(digit), 255, font, anchor="mm", stroke_width=3)
    found: NDArray[np.bool_] = np.asarray(canvas) > 127
    return found


def _dots(source: np.random.Generator) -> list[tuple[float, float, float]]:
    """Return centres and radii of dots in a disc: a hexagonal lattice whose dots are moved, and grow, a little."""
    steps = np.arange(-SIZE // _PITCH, SIZE // _PITCH + 1)
    column, row = (each.ravel() for each in np.meshgrid(steps, steps))
    x = SIZE / 2 + _PITCH * (column + 0.5 * (row % 2))
    y = SIZE / 2 + _PITCH * np.sqrt(0.75) * row
    places = np.stack([x, y], axis=1) + source.uniform(-_MOVED, _MOVED, (x.size, 2))
    radii = source.uniform(*_RADII, x.size)
    inside = np.hypot(*(places - SIZE / 2).T) + radii < SIZE / 2
    return [(float(x), float(y), float(r)) for (x, y), r in zip(places[inside], radii[inside], strict=True)]


def _srgb(linear: Array) -> NDArray[np.uint8]:
    inside = np.clip(linear, 0.0, 1.0)
    curved = np.where(inside <= 0.0031308, 12.92 * inside, 1.055 * inside ** (1 / 2.4) - 0.055)
    found: NDArray[np.uint8] = np.rint(255 * curved).astype(np.uint8)
    return found

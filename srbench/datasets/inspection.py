"""A quick look at an image file: is it whole, and of a kind that srbench can use?"""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass
from pathlib import Path

from PIL import Image as PillowImage

from srbench import images
from srbench.errors import ImageError

_JPEG_END = b"\xff\xd9"
# Where a PNG may say which way up it is to be shown, which Pillow finds only by decoding it.
_PNG_NOTES = (b"eXIf", b"profile type exif", b"profile type APP1", b"tiff:Orientation")


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at a file told: its SHA-256, and its size in pixels as `images.read` returns it."""

    sha256: str
    height: int
    width: int


def inspect(path: Path, smallest: int = 1) -> Look:
    """Check that an image can be used and return what the bench must know before it computes anything.

    PNG and JPEG files that are plainly whole are not decoded here, which makes this fast for large sets; what the
    look at their structure cannot see is found when they are read.

    Raises:
        AnimationError: The file holds several pictures.
        ImageError: The image is damaged, of an unsupported kind, or has less than `smallest` pixels a side.
    """
    data = images.read_bytes(path)
    height, width = _plain_size(data) or images.decode(data, path).shape[:2]
    if min(height, width) < smallest:
        raise ImageError(f"Image {path} has {width}x{height} pixels, too few for scale {smallest}.")
    return Look(hashlib.sha256(data).hexdigest(), height, width)


def is_animation(path: Path) -> bool:
    """Whether a file holds several pictures; False as well when it cannot be opened, which reading it will say."""
    try:
        with warnings.catch_warnings(action="ignore"), PillowImage.open(path) as picture:
            return images.frame_count(picture) > 1
    except Exception:
        return False


def _plain_size(data: bytes) -> tuple[int, int] | None:
    """Return (height, width) of a whole opaque PNG or JPEG; None when only decoding can tell."""
    try:
        with warnings.catch_warnings(action="ignore"):
            picture = PillowImage.open(io.BytesIO(data))
        width, height = picture.size
        if picture.mode not in {"L", "RGB"} or "transparency" in picture.info or width * height > images.MAX_PIXELS:
            return None
        if images.frame_count(picture) > 1:
            return None
        if picture.format == "PNG" and not any(note in data for note in _PNG_NOTES):
            picture.verify()  # the checksums of all chunks
            return height, width
        if picture.format == "JPEG" and data.endswith(_JPEG_END):
            return (width, height) if images.orientation(picture) >= 5 else (height, width)
        return None
    except Exception:  # whatever it is, decoding says it better
        return None

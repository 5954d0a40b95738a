"""A quick look at an image file: is it whole, and of a kind that srbench can use?"""

from __future__ import annotations

import hashlib
import io
import warnings
from pathlib import Path

from PIL import Image as PillowImage

from srbench import images
from srbench.errors import ImageError

_JPEG_END = b"\xff\xd9"


def inspect(path: Path, smallest: int = 1) -> str:
    """Check that an image can be used and return the SHA-256 of its file.

    PNG and JPEG files that are plainly whole are not decoded here, which makes this fast for large sets; what the
    look at their structure cannot see is found when they are read.

    Raises:
        ImageError: The image is damaged, of an unsupported kind, or has less than `smallest` pixels a side.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImageError(f"Cannot read image {path}: {error.strerror or error}.") from None
    height, width = _plain_size(data) or images.decode(data, path).shape[:2]
    if min(height, width) < smallest:
        raise ImageError(f"Image {path} has {width}x{height} pixels, too few for scale {smallest}.")
    return hashlib.sha256(data).hexdigest()


def _plain_size(data: bytes) -> tuple[int, int] | None:
    """Return (height, width) of a whole opaque 8-bit PNG or JPEG; None when only decoding can tell."""
    try:
        with warnings.catch_warnings(action="ignore"):
            picture = PillowImage.open(io.BytesIO(data))
        width, height = picture.size
        if picture.mode not in {"L", "RGB"} or "transparency" in picture.info or width * height > images.MAX_PIXELS:
            return None
        if picture.format == "PNG":
            picture.verify()  # the checksums of all chunks
            return height, width
        return (height, width) if picture.format == "JPEG" and data.endswith(_JPEG_END) else None
    except Exception:  # whatever it is, decoding says it better
        return None

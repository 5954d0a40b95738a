"""Decodes a photograph for training: what can be shown as RGB is converted, where the bench would refuse it."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageCms, ImageOps

from srbench import images
from srbench.errors import ImageError
from srbench.images import Image

_WHITE = 255


def decode(data: bytes, name: str) -> tuple[Image, str]:
    """Return an (H, W, 3) image, and what had to be done to it; nothing for an ordinary one.

    The bench refuses what it cannot score without a decision. For training the usual decision is good enough: CMYK
    goes through its own profile where it has one, what is transparent lies on white, of an animation the first picture
    counts.

    Args:
        data: The bytes of the file.
        name: Of the file, for messages.

    Raises:
        ImageError: It is no picture, damaged, too large, or of a kind whose colours are not known.
    """
    if name.startswith("._"):
        raise ImageError(f"{name} is what macOS notes about another file, no picture.")
    try:
        return images.as_rgb(images.decode(data, name)), ""
    except ImageError as error:
        refusal = error
    try:
        with warnings.catch_warnings(action="ignore"):
            picture = PillowImage.open(io.BytesIO(data))
            if picture.width * picture.height > images.MAX_PIXELS:
                raise refusal
            first = "first picture of an animation" if images.frame_count(picture) > 1 else ""
            picture.load()
            upright = ImageOps.exif_transpose(picture)
            image, done = _converted(upright, data)
    except ImageError:
        raise
    except Exception:  # whatever a damaged file makes Pillow raise, the first refusal has said it
        raise refusal from None
    return np.ascontiguousarray(image), ", ".join(part for part in (first, done) if part)


def _converted(picture: PillowImage.Image, data: bytes) -> tuple[Image, str]:
    if picture.mode == "CMYK":
        return np.asarray(_from_cmyk(picture)), "CMYK"
    deep = _deep_values(data)
    if deep is not None:
        return _flattened(deep, 65535), "transparency on white"
    if "transparency" in picture.info or picture.mode in {"RGBA", "LA", "PA", "La", "RGBa"}:
        return _flattened(np.asarray(picture.convert("RGBA")), 255), "transparency on white"
    if picture.mode in {"P", "L", "1", "RGB", "YCbCr", "HSV"}:
        return np.asarray(picture.convert("RGB")), "" if picture.mode in {"P", "L", "1", "RGB"} else picture.mode
    raise ValueError(picture.mode)


def _from_cmyk(picture: PillowImage.Image) -> PillowImage.Image:
    profile = picture.info.get("icc_profile")
    if profile:
        try:
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(picture, own, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):  # a profile for something else
            return picture.convert("RGB")
        if converted is not None:
            return converted
    return picture.convert("RGB")


def _deep_values(data: bytes) -> NDArray[np.uint16] | None:
    """Return the RGBA values of a 16-bit image, whose lower halves Pillow would cut off; None for any other."""
    import cv2  # here, because nearly no photograph needs it

    values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16 or values.shape[2:] != (4,):
        return None
    return np.ascontiguousarray(values[..., [2, 1, 0, 3]], dtype=np.uint16)


def _flattened(values: NDArray[Any], full: int) -> Image:
    """Return RGBA of any depth, 0..`full`, on white, with 8 bits a channel."""
    opacity = values[..., 3:].astype(np.float64) / full
    return images.to_8bit(values[..., :3] * (255 / full) * opacity + _WHITE * (1 - opacity))

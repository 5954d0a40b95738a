"""The image type of the whole package, and reading and writing it without changing a single value."""

from __future__ import annotations

import hashlib
import io
import os
import warnings
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import UnidentifiedImageError

from srbench.errors import ImageError

Image: TypeAlias = NDArray[np.uint8]
"""An 8-bit image: shape (H, W) when it is gray, (H, W, 3) in RGB order otherwise."""

EXTENSIONS = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm"})
MAX_PIXELS = 200_000_000


def read(path: str | Path) -> Image:
    """Read an 8-bit gray or colour image exactly as it is stored.

    Gray files stay gray. Palette images are expanded, bilevel ones become 0 and 255, and an alpha channel is
    dropped where it is opaque everywhere; all of this keeps every visible value.

    Returns:
        A C-contiguous array of shape (H, W) or (H, W, 3).

    Raises:
        ImageError: The file is missing, damaged, too large, or holds something that is no 8-bit gray or RGB.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ImageError(f"Cannot read image {path}: {error.strerror or error}.") from None
    return decode(data, path)


def decode(data: bytes, path: str | Path = "<memory>") -> Image:
    """Decode the bytes of an image file; `path` only names it in messages. See `read`."""
    try:
        with warnings.catch_warnings():
            # Pillow's own limit is a warning; ours is the error below, raised before any pixel is decoded.
            warnings.simplefilter("ignore")
            picture = PillowImage.open(io.BytesIO(data))
            width, height = picture.size
            if width * height > MAX_PIXELS:
                raise ImageError(
                    f"Image {path} has {width}x{height} pixels, more than the {MAX_PIXELS:,} that srbench "
                    "accepts. Crop it or split it."
                )
            return _to_array(picture, path)
    except ImageError:
        raise
    except PillowImage.DecompressionBombError:
        raise ImageError(
            f"Image {path} claims more pixels than srbench accepts ({MAX_PIXELS:,}). Crop it or split it."
        ) from None
    except UnidentifiedImageError:
        raise ImageError(f"Cannot decode image {path}: the file is damaged or is not an image.") from None
    except Exception as error:  # Pillow raises a dozen types on damaged files, SyntaxError among them
        raise ImageError(
            f"Cannot decode image {path}: {type(error).__name__}: {error}. The file is damaged or is not an image."
        ) from None


def _to_array(picture: PillowImage.Image, path: str | Path) -> Image:
    mode = picture.mode
    transparent = "transparency" in picture.info
    if mode == "P":
        picture = picture.convert("RGBA" if transparent else "RGB")
    elif mode == "1":
        picture = picture.convert("L")
    elif mode in {"L", "RGB"} and transparent:
        picture = picture.convert("RGBA")
    if picture.mode in {"RGBA", "LA"}:
        if np.asarray(picture.getchannel("A")).min() < 255:
            raise ImageError(
                f"Image {path} is partly transparent; srbench expects opaque gray or RGB. Flatten it first."
            )
        gray = picture.mode == "LA" or mode in {"L", "LA"}
        picture = picture.convert("L" if gray else "RGB")
    if picture.mode not in {"L", "RGB"}:
        raise ImageError(f"Image {path} has mode {mode}; srbench expects 8-bit gray or RGB. Convert it first.")
    return np.ascontiguousarray(np.asarray(picture, dtype=np.uint8))


def encode(image: Image) -> bytes:
    """Return `image` as PNG bytes, compressed at level 1: a quarter of the time of Pillow's default."""
    buffer = io.BytesIO()
    PillowImage.fromarray(image).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def write(path: Path, image: Image) -> str:
    """Write `image` as PNG so that the file is either absent or complete, and return its SHA-256."""
    data = encode(image)
    write_atomically(path, data)
    return hashlib.sha256(data).hexdigest()


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file under a temporary name, flush it to the disk and rename it: a crash leaves old or new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


# MATLAB's coefficients are products with the reciprocal of 255, which decides ties: divided ones differ.
LUMA = (65.481 * (1.0 / 255.0), 128.553 * (1.0 / 255.0), 24.966 * (1.0 / 255.0))


def luma(image: Image) -> Image:
    """Return Y of MATLAB's `rgb2ycbcr`, 16..235, halves rounded up; a gray image as it is.

    Args:
        image: Shape (H, W) or (H, W, 3).

    Returns:
        Shape (H, W). Equal to MATLAB on exact ties, because it sums in the same order.
    """
    return image if image.ndim == 2 else to_8bit(exact_luma(image))


def exact_luma(image: NDArray[Any]) -> NDArray[np.float64]:
    """Return Y as `luma` does, before it is rounded.

    Args:
        image: Shape (H, W) or (H, W, 3), on the 0..255 scale.
    """
    if image.ndim == 2:
        return image.astype(np.float64)
    return image[..., 0] * LUMA[0] + image[..., 1] * LUMA[1] + image[..., 2] * LUMA[2] + 16.0


def to_8bit(values: NDArray[Any]) -> Image:
    """Return finite values on the 0..255 scale as 8-bit ones: clipped, and rounded with halves up.

    >>> to_8bit(np.array([-3.0, 0.5, 254.49, 300.0]))
    array([  0,   1, 254, 255], dtype=uint8)
    """
    clipped = np.clip(values.astype(np.float64), 0.0, 255.0)
    return np.floor(clipped + 0.5).astype(np.uint8)


def as_rgb(image: Image) -> Image:
    """Return a gray image as three equal channels, (H, W, 3), and a colour image as it is."""
    return image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)


def shave(image: NDArray[Any], border: int) -> NDArray[Any]:
    """Return `image` without `border` pixels on each side, as a view.

    Raises:
        ImageError: Nothing would be left.
    """
    height, width = image.shape[:2]
    if height <= 2 * border or width <= 2 * border:
        raise ImageError(f"Cannot shave {border} pixels from each side of a {width}x{height} image.")
    return image[border : height - border, border : width - border] if border else image


def crop_to_multiple(image: Image, scale: int) -> Image:
    """Return the upper left part of `image` whose height and width are multiples of `scale`.

    Raises:
        ImageError: The image is smaller than `scale` in one direction.
    """
    height, width = image.shape[:2]
    if height < scale or width < scale:
        raise ImageError(f"A {width}x{height} image is too small for scale {scale}: expected {scale}x{scale} or more.")
    return image[: height - height % scale, : width - width % scale]


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

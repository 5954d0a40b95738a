"""The image type of the whole package, and reading and writing it without changing a visible value."""

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

from srbench.errors import AnimationError, ImageError

Image: TypeAlias = NDArray[np.uint8]
"""An 8-bit image: shape (H, W) when it is gray, (H, W, 3) in RGB order otherwise."""

EXTENSIONS = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm"})
MAX_PIXELS = 200_000_000

# Tags of TIFF, the first of EXIF as well.
_ORIENTATION, _BITS_PER_SAMPLE, _PLANES, _WHITE_IS_ZERO, _SAMPLES = 274, 258, 284, 262, 339


def read(path: str | Path) -> Image:
    """Read a gray or colour image as viewers show it, with 8 bits a channel.

    8-bit values are those of the file. 16-bit ones are rounded, `v / 257`, which gives back exactly what was 8-bit
    before. An orientation that EXIF asks for is applied. Gray files stay gray; palette images are expanded, bilevel
    ones become 0 and 255, and an alpha channel is dropped where it is opaque everywhere.

    Returns:
        A C-contiguous array of shape (H, W) or (H, W, 3).

    Raises:
        ImageError: The file is missing, damaged, too large, or holds something that is no single opaque gray or RGB
            picture of 8 or 16 bits.
    """
    return decode(read_bytes(path), path)


def read_bytes(path: str | Path) -> bytes:
    """Return the bytes of an image file.

    Raises:
        ImageError: The file cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ImageError(f"Cannot read image {path}: {error.strerror or error}.") from None


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
            frames = frame_count(picture)
            if frames > 1:
                raise AnimationError(
                    f"Image {path} holds {frames} frames; srbench expects one picture. Save one of them."
                )
            deep = _is_16bit(picture)
            picture.load()  # finds damage, which OpenCV would pass over
            array = _from_16bit(data, picture, path) if deep else _to_array(picture, path)
            return np.ascontiguousarray(_upright(array, orientation(picture)))
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


def frame_count(picture: PillowImage.Image) -> int:
    """Return the number of pictures in an open file; the second one in a telephone's JPEG (MPO) does not count."""
    return 1 if picture.format in {"JPEG", "MPO"} else int(getattr(picture, "n_frames", 1))


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
            raise _transparent(path)
        gray = picture.mode == "LA" or mode in {"L", "LA"}
        picture = picture.convert("L" if gray else "RGB")
    if picture.mode not in {"L", "RGB"}:
        raise ImageError(
            f"Image {path} has mode {mode}; srbench expects gray or RGB of 8 or 16 bits. Convert it first."
        )
    return np.asarray(picture, dtype=np.uint8)


def _transparent(path: str | Path) -> ImageError:
    return ImageError(f"Image {path} is partly transparent; srbench expects opaque gray or RGB. Flatten it first.")


def _is_16bit(picture: PillowImage.Image) -> bool:
    # Pillow opens 16-bit colour as 8-bit and cuts the lower half of every value off, without a word.
    if picture.format == "PNG":
        return any("16" in str(tile.args) for tile in picture.tile)  # type: ignore[attr-defined]
    if picture.format == "TIFF":
        return 16 in picture.tag_v2.get(_BITS_PER_SAMPLE, ())  # type: ignore[attr-defined]
    return picture.format == "PPM" and picture.mode == "I"  # deep PPM colour is rounded by Pillow itself


def _from_16bit(data: bytes, picture: PillowImage.Image, path: str | Path) -> Image:
    """Return the 8-bit values of a 16-bit image, each rounded; no value lies in the middle between two."""
    values = _values_of_16bit(data, picture)
    if values is None:
        raise ImageError(f"Image {path} holds 16-bit values in a form that srbench cannot read. Save it as PNG.")
    if values.shape[2:] == (4,):
        see_through = values[..., 3].min() < 65535
        values = values[..., :3]
    else:
        key = picture.info.get("transparency")
        see_through = key is not None and (values.reshape(*values.shape[:2], -1) == key).all(axis=2).any()
    if see_through:
        raise _transparent(path)
    rounded: Image = ((values + 128) // 257).astype(np.uint8)
    return rounded


def _values_of_16bit(data: bytes, picture: PillowImage.Image) -> NDArray[np.uint32] | None:
    """Return the values as stored, (H, W), (H, W, 3) or (H, W, 4), or None where no library is known to read them."""
    if picture.format == "TIFF":
        tags = picture.tag_v2  # type: ignore[attr-defined]
        if tags.get(_PLANES, 1) != 1 or tags.get(_WHITE_IS_ZERO) == 0 or set(tags.get(_SAMPLES, (1,))) != {1}:
            return None
    if picture.mode.startswith("I"):
        return np.asarray(picture).astype(np.uint32)
    import cv2  # here, because Pillow reads everything else

    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None or decoded.dtype != np.uint16 or decoded.ndim != 3:
        return None
    return decoded[..., [2, 1, 0, 3][: decoded.shape[2]]].astype(np.uint32)


def orientation(picture: PillowImage.Image) -> int:
    """Return which way up an open file says that it is to be shown, 1..8 as EXIF counts; 1 when it does not say."""
    try:
        return int(picture.getexif().get(_ORIENTATION, 1))
    except Exception:  # a damaged note about the picture is no damage to the picture
        return 1


def _upright(array: Image, turn: int) -> Image:
    """Turn an array the way that EXIF's orientation 1..8 asks for, as every viewer does."""
    if turn >= 5:
        array = array.swapaxes(0, 1)
    if turn in {3, 4, 7, 8}:
        array = array[::-1]
    return array[:, ::-1] if turn in {2, 3, 6, 7} else array


def colour_profile(data: bytes) -> bytes | None:
    """Return the ICC profile that an image file carries, None when it has none or cannot be opened."""
    try:
        with warnings.catch_warnings(action="ignore"):
            return PillowImage.open(io.BytesIO(data)).info.get("icc_profile")
    except Exception:  # `decode` says what is wrong with it
        return None


def encode(image: Image, profile: bytes | None = None) -> bytes:
    """Return `image` as PNG bytes, compressed at level 1: a quarter of the time of Pillow's default.

    An ICC `profile` is kept where it is made for images of this kind, gray or RGB.
    """
    kind = b"GRAY" if image.ndim == 2 else b"RGB "
    fits = profile is not None and profile[16:20] == kind
    buffer = io.BytesIO()
    PillowImage.fromarray(image).save(buffer, "PNG", compress_level=1, icc_profile=profile if fits else None)
    return buffer.getvalue()


def write(path: Path, image: Image, profile: bytes | None = None) -> str:
    """Write `image` as PNG so that the file is either absent or complete, and return its SHA-256; see `encode`."""
    data = encode(image, profile)
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
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:  # a full disk: writing to an open file tells no name
            error.filename = str(path)
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

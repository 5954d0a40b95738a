"""Enlarges pictures with one method: from a notebook, or files as `srbench upscale` does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from srbench import images
from srbench.datasets import LeftOut, describe_left_out
from srbench.datasets.inspection import is_animation
from srbench.datasets.layouts import is_image
from srbench.datasets.naming import printable
from srbench.errors import ImageError
from srbench.images import Image
from srbench.ready import ready
from srbench.registry import Setup


def upscale(
    image: Image | str | Path,
    method: str,
    *,
    scale: int = 4,
    device: str = "auto",
    precision: str = "fast",
    orientations: int = 1,
) -> Image:
    """Return `image` enlarged by one method.

    >>> upscale(np.array([[10, 200]], dtype=np.uint8), "nearest", scale=2)
    array([[ 10,  10, 200, 200],
           [ 10,  10, 200, 200]], dtype=uint8)

    Args:
        image: An array of uint8, (H, W) or (H, W, 3) in RGB order, or the path of a file.
        method: Name of the method; `srbench methods` lists them.
        scale: The factor.
        device: `auto`, `cpu` or `cuda`.
        precision: `fast`, `bf16` or `exact`.
        orientations: Above 1, the mean over so many of the image's eight orientations; see `ReadyMethod.on_image`.

    Returns:
        uint8, (scale H, scale W) or (scale H, scale W, 3). A picture from a file is the way up that viewers show it.

    Raises:
        ImageError: The image is no such array, or the file cannot be read.
        MethodError: The method is unknown, cannot do the scale, needs more than an LR image, or broke.
        WeightsError: Its weights are missing or damaged.
    """
    lr = _checked(image) if isinstance(image, np.ndarray) else images.read(image)
    return ready(method, Setup.choose(scale, device, precision)).on_image(lr, orientations)


def _checked(image: Image) -> Image:
    if image.dtype != np.uint8 or image.ndim not in {2, 3} or image.shape[2:] not in {(), (3,)} or image.size == 0:
        raise ImageError(
            f"Expected an image of uint8 and shape (H, W) or (H, W, 3); got {image.dtype} and {image.shape}. "
            "Scale it to 0..255 and round it first, or drop its alpha channel."
        )
    return np.ascontiguousarray(image)


def upscale_files(
    files: Iterable[tuple[Path, Path]], method: str, setup: Setup, orientations: int = 1
) -> Iterator[Path]:
    """Enlarge picture files and yield each PNG that was written.

    A colour profile (ICC) goes with the picture. The pixels themselves are turned where EXIF asks for it, so that the
    picture is the right way up although PNG viewers seldom look for that note.

    Args:
        files: Pairs of the file to read and the PNG to write, such as `plan` returns.
        method: Name of the method.
        setup: Scale, device and precision.
        orientations: As in `upscale`.

    Raises:
        ImageError: A source cannot be read.
        MethodError: The method needs more than an LR image, or broke.
    """
    chosen = ready(method, setup)
    for source, target in files:
        data = images.read_bytes(source)
        images.write(target, chosen.on_image(images.decode(data, source), orientations), images.colour_profile(data))
        yield target


def plan(source: Path, target: Path) -> tuple[list[tuple[Path, Path]], tuple[LeftOut, ...]]:
    """Return which files are to be read and written, and what in a folder is left out.

    Args:
        source: An image file or a folder.
        target: The PNG to write; for a folder the folder to write `STEM.png` to.

    Raises:
        ImageError: The folder cannot be read or holds no images, two images would be written to one file, or the
            target does not fit.
    """
    if not source.is_dir():
        if target.is_dir():
            return [(source, target / f"{source.stem}.png")], ()
        if target.suffix.lower() != ".png":
            raise ImageError(f"--out {target}: expected a name that ends in .png, or a folder that exists.")
        return [(source, target)], ()
    if target.is_file():
        raise ImageError(f"--out {target} is a file, but {source} is a folder: name a folder.")
    try:
        inside = sorted(path for path in source.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise ImageError(f"Cannot read folder {source}: {error.strerror}.") from None
    reasons = {path: _why_not(path) for path in inside}
    found = [path for path, reason in reasons.items() if not reason]
    left_out = tuple(LeftOut(printable(path), reason) for path, reason in reasons.items() if reason)
    if not found:
        named = f" {describe_left_out(left_out)}." if left_out else ""
        raise ImageError(f"Folder {source} holds no images ({', '.join(sorted(images.EXTENSIONS))}).{named}")
    stems = [path.stem for path in found]
    twice = next((stem for stem in stems if stems.count(stem) > 1), None)
    if twice:
        raise ImageError(f"Folder {source} holds two images called '{twice}': both would become {twice}.png.")
    return [(path, target / f"{path.stem}.png") for path in found], left_out


def _why_not(path: Path) -> str:
    if path.is_dir():
        return "a folder"
    if not is_image(path):
        return "no image that srbench reads"
    return "several frames in one file" if is_animation(path) else ""

"""Training photographs as one flat array of bytes that crops are cut from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from srbench import images
from srbench.errors import TrainingError
from srbench.images import Image


@dataclass(frozen=True, slots=True)
class Photographs:
    """Photographs in one uint8 tensor, channel after channel, row after row.

    Attributes:
        pixels: All samples, shape (N,); on the device that trains.
        offsets: Where each photograph begins in `pixels`, int64 (K,), on the CPU like the two below.
        heights: Rows of each photograph.
        widths: Columns of each photograph.
        files: Where each came from.
        channels: 3 for RGB, 1 for luma.
        trim: Lets go of memory that mapped pixels have taken; called after each batch.
    """

    pixels: Tensor
    offsets: Tensor
    heights: Tensor
    widths: Tensor
    files: tuple[Path, ...]
    channels: int
    trim: Callable[[], None] = lambda: None

    def __len__(self) -> int:
        return len(self.files)


EXTENSIONS = images.EXTENSIONS | {".jfif", ".gif", ".jp2", ".avif", ".heic", ".heif", ".jxl", ".tga"}
"""What may be a photograph to train on; those that Pillow cannot read are named when they are loaded."""


def find(places: Iterable[Path], extensions: Collection[str] = images.EXTENSIONS) -> list[Path]:
    """Return the image files in folders (searched to the bottom) and single files, sorted within each.

    Args:
        places: Folders and files.
        extensions: What image files in folders end with, in lower case.

    Raises:
        TrainingError: A place does not exist, or there is no image in it.
    """
    found: dict[Path, None] = {}
    for place in places:
        if place.is_file():
            found[place] = None
            continue
        inside = sorted(p for p in place.rglob("*") if p.suffix.lower() in extensions and p.is_file())
        if not inside:
            raise TrainingError(f"Expected a folder with photographs, but found none in {place}. Check --data.")
        found.update(dict.fromkeys(inside))
    return list(found)


def pack(decoded: Sequence[tuple[Path, Image]], smallest: int, luma: bool = False) -> Photographs:
    """Put decoded RGB images into one array; those smaller than `smallest` pixels on one side are left out.

    With `luma` only the 8-bit luma of each is kept.

    Raises:
        TrainingError: None is large enough.
    """
    large = [(path, image) for path, image in decoded if min(image.shape[:2]) >= smallest]
    if not large:
        raise TrainingError(
            f"None of the {len(decoded)} photographs has {smallest} pixels on each side, which crops of this "
            "size need. Give larger photographs with --data or smaller crops with --crop."
        )
    pictures = (to_luma(image)[:, :, None] if luma else image for _, image in large)
    planes = [np.ascontiguousarray(picture.transpose(2, 0, 1)).reshape(-1) for picture in pictures]
    sizes = np.array([plane.size for plane in planes], dtype=np.int64)
    return Photographs(
        pixels=torch.from_numpy(np.concatenate(planes)),
        offsets=torch.from_numpy(np.cumsum(sizes) - sizes),
        heights=torch.tensor([image.shape[0] for _, image in large]),
        widths=torch.tensor([image.shape[1] for _, image in large]),
        files=tuple(path for path, _ in large),
        channels=1 if luma else 3,
    )


def to_luma(image: Image) -> Image:
    """Return MATLAB's 8-bit luma, (H, W), of an (H, W, 3) image."""
    return images.luma(image)


def rgb(image: Image) -> Image:
    """Return `image` with three channels: a gray one counts as three equal ones."""
    return images.as_rgb(image)

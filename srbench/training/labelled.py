"""Labelled photographs, from an archive or a folder per class, for networks that learn to tell classes apart."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageOps
from torch import Tensor

from srbench import images
from srbench.errors import TrainingError
from srbench.images import Image
from srbench.training import photographs
from srbench.training.duplicates import Screen
from srbench.training.patches import Batch

ENTRIES = ("blob", "offsets", "labels", "wnids")
"""What an archive must hold: image files one after another, where each begins and the last one ends, the class of
each, and the classes' names."""

HELD_OUT = 10  # every tenth photograph of a class is held out
SHIFT = 4
"""Pixels that crops may reach over the edge of a photograph, which is mirrored there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples(Batch):
    """Crops with their classes; `lr` is `hr`, as it is at x1.

    Attributes:
        labels: Class of each crop, int64 (N,).
    """

    labels: Tensor


@dataclass(frozen=True, slots=True)
class Labelled:
    """Square photographs of one size, and what they show.

    Attributes:
        pixels: uint8, (K, side, side, 3).
        labels: Class of each, int64 (K,).
        classes: Names of the classes.
    """

    pixels: Tensor
    labels: Tensor
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def split(self) -> tuple[Labelled, Labelled]:
        """Return what to train on, and every tenth photograph of each class, to be held out."""
        seen = torch.zeros(len(self.classes), dtype=torch.long)
        held = torch.zeros(len(self), dtype=torch.bool)
        for place, label in enumerate(self.labels.tolist()):
            held[place] = seen[label] % HELD_OUT == 0
            seen[label] += 1
        return self._part(~held), self._part(held)

    def to(self, device: torch.device) -> Labelled:
        """Return the same with pixels and labels on `device`."""
        return Labelled(self.pixels.to(device), self.labels.to(device), self.classes)

    def draw(self, crop: int, count: int, generator: torch.Generator, share: slice = slice(None)) -> Examples:
        """Return `share` of a batch of `count` random crops, flipped left to right or not.

        Every process of a parallel run draws the same numbers, as `Cutter.draw` does.
        """
        room = self.pixels.shape[1] + 2 * SHIFT - crop + 1
        chosen = torch.randint(len(self), (count,), generator=generator)
        top, left = (torch.randint(room, (2, count), generator=generator) - SHIFT).unbind()
        flips = torch.randint(2, (count,), generator=generator)
        return self.cut(crop, chosen[share], top[share], left[share], flips[share])

    def centres(self, crop: int, batch: int) -> Iterator[Examples]:
        """Yield the central crops of all photographs, `batch` at a time."""
        for chosen in torch.split(torch.arange(len(self)), batch):
            corner = torch.full_like(chosen, (self.pixels.shape[1] - crop) // 2)
            yield self.cut(crop, chosen, corner, corner, torch.zeros_like(chosen))

    def cut(self, crop: int, chosen: Tensor, top: Tensor, left: Tensor, flips: Tensor) -> Examples:
        """Return the crops at given places, all int64 (N,); `flips` is 0 or 1."""
        device, last = self.pixels.device, self.pixels.shape[1] - 1
        chosen, top, left, flips = torch.stack([chosen, top, left, flips]).to(device)[:, :, None].unbind()
        line = torch.arange(crop, device=device)
        row, column = top + line, left + torch.where(flips == 1, crop - 1 - line, line)
        row, column = (last - (last - place.abs()).abs() for place in (row, column))  # mirrors at both edges
        window = self.pixels[chosen[:, :, None], row[:, :, None], column[:, None, :]]
        # The pixels lie channels last, which is what convolutions are fastest on.
        image = window.permute(0, 3, 1, 2).float() / 255
        return Examples(image, image, labels=self.labels[chosen[:, 0]])

    def _part(self, where: Tensor) -> Labelled:
        return Labelled(self.pixels[where], self.labels[where], self.classes)


def read(place: Path, side: int, screen: Screen) -> Labelled:
    """Decode a labelled set; each photograph is reduced to `side` x `side` pixels, the longer side being cut.

    Args:
        place: An .npz file with `ENTRIES`, a folder with nothing but one, or a folder with one folder per class.
        side: Height and width.
        screen: Decides which photographs look like test images; these are left out.

    Raises:
        TrainingError: There is no such set, it contradicts itself, or a class has fewer than two photographs.
        ImageError: A photograph is damaged.
    """
    folders = sorted(path for path in place.glob("*") if path.is_dir())
    archives = sorted(place.glob("*.npz")) if place.is_dir() else [place]
    if folders:
        files, labels = _folders(folders)
        classes: Sequence[str] = [folder.name for folder in folders]
    elif len(archives) == 1 and archives[0].is_file():
        files, labels, classes = _archive(archives[0])
    else:
        raise TrainingError(f"Expected an .npz file or a folder with one folder per class, but {place} is neither.")
    counts = np.bincount(labels, minlength=len(classes))
    if len(classes) < 2 or counts.min() < 2:
        raise TrainingError(
            f"Expected two classes or more with two photographs or more each, but {place} has {len(classes)} classes, "
            f"and '{classes[int(counts.argmin())]}' has {counts.min()}. Add photographs, or take the class out."
        )
    pixels = np.empty((len(labels), side, side, 3), dtype=np.uint8)
    fit = np.zeros(len(labels), dtype=bool)
    for number, (name, image) in enumerate(files):
        fit[number] = screen.passes(image, name, f"{place}, {name}")
        pixels[number] = _fit(image, side)
    return Labelled(torch.from_numpy(pixels[fit]), torch.from_numpy(labels[fit]), tuple(classes))


def _folders(folders: Sequence[Path]) -> tuple[Iterator[tuple[str, Image]], NDArray[np.int64]]:
    found = [(path, label) for label, folder in enumerate(folders) for path in photographs.find([folder])]
    return ((f"{path.parent.name}/{path.name}", images.read(path)) for path, _ in found), np.array(
        [label for _, label in found], dtype=np.int64
    )


def _archive(path: Path) -> tuple[Iterator[tuple[str, Image]], NDArray[np.int64], list[str]]:
    blob, offsets, labels, names = _entries(path)
    count = len(offsets) - 1
    if count != len(labels):
        raise TrainingError(f"{path} has {count} photographs but {len(labels)} labels. Make it again, with one each.")
    if count < 1 or offsets[0] < 0 or offsets[-1] > len(blob) or (np.diff(offsets) <= 0).any():
        raise TrainingError(
            f"The 'offsets' of {path} do not fit its 'blob' of {len(blob)} bytes: expected increasing ones from the "
            "first photograph's beginning to the last one's end. Get the file again."
        )
    if labels.min() < 0 or labels.max() >= len(names):
        raise TrainingError(
            f"{path} has {len(names)} classes but labels {labels.min()} to {labels.max()}; expected 0 to "
            f"{len(names) - 1}. Make it again."
        )
    data, spans = blob.tobytes(), zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
    called = ((f"photograph {number}", data[a:b]) for number, (a, b) in enumerate(spans))
    files = ((name, images.decode(content, f"{path}, {name}")) for name, content in called)
    return files, labels.astype(np.int64), [str(name) for name in names]


def _entries(path: Path) -> list[NDArray[np.generic]]:
    # Every entry is read here: its checksum is tested only when it is.
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            missing = [name for name in ENTRIES if name not in archive]
            found = [] if missing else [archive[name] for name in ENTRIES]
    except (OSError, ValueError, EOFError, TypeError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        raise TrainingError(
            f"Cannot read labelled photographs from {path}: {str(error).partition(chr(10))[0]}. Get the file again."
        ) from None
    if missing:
        raise TrainingError(f"{path} has no '{missing[0]}'. Expected an .npz file with {', '.join(ENTRIES)}.")
    kinds = "".join(entry.dtype.kind if entry.ndim == 1 else "?" for entry in found)
    if not re.fullmatch("u[iu][iu]U", kinds):
        raise TrainingError(
            f"The entries of {path} are of other kinds: expected one-dimensional arrays, bytes in 'blob', whole "
            "numbers in 'offsets' and 'labels', and text in 'wnids'. Make it again."
        )
    return found


def _fit(image: Image, side: int) -> Image:
    colour = photographs.rgb(image)
    if colour.shape[:2] == (side, side):
        return colour
    return np.asarray(ImageOps.fit(PillowImage.fromarray(colour), (side, side), PillowImage.Resampling.BICUBIC))

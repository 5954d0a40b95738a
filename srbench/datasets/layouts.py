"""Where a folder keeps its originals and their LR images: as EDSR, DIV2K, BasicSR and SelfExSR do, or plainly."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from srbench import images
from srbench.datasets.naming import Label, take_apart
from srbench.errors import DatasetError

_PREFERRED = ("hr", "gt", "hq", "original")  # BasicSR has `GTmod12` beside `original`; LR was made from the former


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders of one data set.

    Attributes:
        named: The folder that the user named.
        place: The folder that the set is called after.
        hr: Where the originals lie; may be `named` itself.
        lr: Where the LR files for the scale lie; None when there are none, or they lie among the originals.
        others: The factors of LR files for other scales, in words, such as `x2, x3`; empty when there are none.
    """

    named: Path
    place: Path
    hr: Path
    lr: Path | None
    others: str


def find(folder: Path, scale: int) -> Layout:
    """Return how `folder` is laid out; it may be the whole set or its folder of originals.

    Originals lie in the folder itself, in one called `HR`, `GT`, `GTmod12`, `HQ`, `original` or `SET_HR`, or in
    `image_SRF_<scale>` among their LR images. LR files lie in a folder whose name says LR or LQ, or only the factor,
    and perhaps how they were made and the factor, or in a folder `X4`, `x4` or `4` in it.

    Raises:
        DatasetError: The folder cannot be read, or it does not say which originals or LR files are meant.
    """
    own, inside = take_apart(folder.absolute().name), _folders(folder)
    named = [(path, label) for path, label in inside if label.side == "hr"]
    root, place, hr, base = folder, folder, folder, ""
    if named:
        path, label = _choose(folder, named)
        hr, base = _for_scale(path, scale), label.base
    elif own.side == "hr":
        root = folder.absolute().parent
        hr, base, place = _for_scale(folder, scale), own.base, folder if own.base else root
    elif not any(map(is_image, entries(folder))):
        hr = _mixed(folder, inside, scale)
    elif _is_mixed(own):
        place = folder.absolute().parent
    lr, others = _lr_folder(root, base, scale)
    return Layout(folder, place, hr, lr, ", ".join(f"x{other}" for other in sorted(others)))


def entries(folder: Path) -> list[Path]:
    """Return what lies in a folder, hidden things left out: macOS puts a `._name.png` beside every name.png.

    Raises:
        DatasetError: It cannot be read.
    """
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except FileNotFoundError:
        raise DatasetError(f"There is no folder {folder}. 'srbench datasets' lists the sets with a manifest.") from None
    except OSError as error:
        raise DatasetError(f"Cannot read folder {folder}: {error.strerror}.") from None


def is_image(path: Path) -> bool:
    """Whether a path is called like an image that srbench reads, and is no folder."""
    return path.suffix.lower() in images.EXTENSIONS and not path.is_dir()


def _folders(folder: Path) -> list[tuple[Path, Label]]:
    return [(path, take_apart(path.name)) for path in entries(folder) if path.is_dir()]


def _is_mixed(label: Label) -> bool:
    """Whether a folder is called as SelfExSR's, which hold originals and LR images side by side."""
    return label.base.lower() == "image" and label.scale is not None


def _mixed(folder: Path, inside: list[tuple[Path, Label]], scale: int) -> Path:
    mixed = {label.scale: path for path, label in inside if _is_mixed(label)}
    if mixed and scale not in mixed:
        there = ", ".join(sorted(path.name for path in mixed.values()))
        raise DatasetError(f"{folder} holds {there} and nothing for x{scale}. Name one of these folders instead.")
    return mixed.get(scale, folder)


def _choose(folder: Path, named: list[tuple[Path, Label]]) -> tuple[Path, Label]:
    plain = [item for item in named if not item[1].base]
    if not plain and len(named) > 1:
        there = ", ".join(path.name for path, _ in named)
        raise DatasetError(f"{folder} holds several folders of originals: {there}. Name the one that is meant.")
    return min(plain or named, key=lambda item: [not item[0].name.lower().startswith(word) for word in _PREFERRED])


def _for_scale(folder: Path, scale: int) -> Path:
    """Return the folder `X<scale>` in a folder without images of its own, else the folder itself."""
    if any(map(is_image, entries(folder))):
        return folder
    return next((path for path, factor in _factors(folder) if factor == scale), folder)


def _factors(folder: Path) -> list[tuple[Path, int]]:
    """Return the folders called `X4`, `x4` or `4` in a folder, each with its factor."""
    found = []
    for path, label in _folders(folder):
        if label.scale is not None and not label.base:
            found.append((path, label.scale))
        elif path.name.isdecimal():
            found.append((path, int(path.name)))
    return found


def _lr_folder(root: Path, base: str, scale: int) -> tuple[Path | None, set[int]]:
    """Return the LR folder for the scale, and the factors of the other ones."""
    found: list[tuple[Path, Label]] = []
    others: set[int] = set()
    for path, label in _folders(root):
        if not label.is_lr_folder or label.base.lower() != base.lower():
            continue
        if label.scale is not None:
            factors = [(path, label.scale)]
        else:
            factors = _factors(path) or ([(path, scale)] if any(map(is_image, entries(path))) else [])
        found += [(place, label) for place, factor in factors if factor == scale]
        others |= {factor for _, factor in factors if factor != scale}
    chosen = [item for item in found if item[1].is_bicubic] or found
    if len(chosen) > 1:
        there = " and ".join(str(path.relative_to(root)) for path, _ in chosen)
        raise DatasetError(f"{root} holds two folders of LR images for x{scale}: {there}. Rename or remove one.")
    return (chosen[0][0] if chosen else None), others

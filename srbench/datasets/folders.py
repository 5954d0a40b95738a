"""Any folder of images as a data set: what is in it is looked at before anything is computed."""

from __future__ import annotations

import re
from pathlib import Path

from srbench import images
from srbench.datasets.inspection import inspect
from srbench.datasets.manifest import manifests
from srbench.datasets.pairs import Pair
from srbench.errors import DatasetError


def load(folder: Path, scale: int, limit: int | None, degradation: str) -> list[Pair]:
    """Return the pairs of a folder without manifest, in natural order.

    The originals lie in the folder itself, or in `HR/` inside it. LR images are made, unless a folder
    `LR_bicubic_x<scale>/` beside `HR/` holds one for each original.

    Raises:
        DatasetError: The folder cannot be read, is empty, or holds two images of one name or an HR image without LR.
        ImageError: An image is damaged, of an unsupported kind, or smaller than the scale.
    """
    hr_folder = folder / "HR" if (folder / "HR").is_dir() else folder
    found = _images(hr_folder)
    if not found:
        raise DatasetError(
            f"Folder {hr_folder} holds no images ({' '.join(sorted(images.EXTENSIONS))}).{_hint(folder)}"
        )
    lr_folder = folder / f"LR_bicubic_x{scale}"
    has_lr = degradation == "bicubic" and hr_folder != folder and lr_folder.is_dir()
    lr_found = _images(lr_folder) if has_lr else {}
    dataset, pairs = _name(folder), []
    for name, path in list(found.items())[:limit]:
        hr_sha256, lr_path, lr_sha256 = inspect(path, scale), None, ""
        if has_lr:
            lr_path = lr_found.get(name) or lr_found.get(f"{name}x{scale}")
            if lr_path is None:
                raise DatasetError(f"{lr_folder} holds no image '{name}' for {path}. Add it, or remove the LR folder.")
            lr_sha256 = inspect(lr_path, 1)
        pairs.append(Pair(dataset, name, scale, path, hr_sha256, lr_path, lr_sha256, degradation))
    return pairs


def _images(folder: Path) -> dict[str, Path]:
    """Return the images of a folder by name, in natural order."""
    try:
        paths = [path for path in folder.iterdir() if _is_image(path)]
    except FileNotFoundError:
        raise DatasetError(f"There is no folder {folder}. 'srbench datasets' lists the sets with a manifest.") from None
    except OSError as error:
        raise DatasetError(f"Cannot read folder {folder}: {error.strerror}.") from None
    found: dict[str, Path] = {}
    for path in sorted(paths, key=_natural):
        if path.stem in found:
            raise DatasetError(
                f"Folder {folder} holds two images called '{path.stem}': {found[path.stem].name} and {path.name}. "
                "Rename or remove one."
            )
        found[path.stem] = path.absolute()
    return found


def _is_image(path: Path) -> bool:
    # Hidden files are not data: macOS puts a `._name.png` beside every name.png on foreign disks.
    return path.suffix.lower() in images.EXTENSIONS and not path.name.startswith(".") and not path.is_dir()


def _hint(folder: Path) -> str:
    inside = [path.name for path in sorted(folder.iterdir()) if path.is_dir() and any(map(_is_image, path.iterdir()))]
    return f" There are some in its folder '{inside[0]}': name that one." if inside else ""


def _name(folder: Path) -> str:
    """Return what results call the folder; never the name of a set with a manifest, which it is not."""
    place = folder.resolve()
    name = (place.parent.name if place.name == "HR" else place.name) or "folder"
    return f"{name}-folder" if name in {manifest.name for manifest in manifests()} else name


def _natural(path: Path) -> tuple[list[tuple[int, str]], str]:
    """Sort key that puts img_2 before img_10."""
    parts = [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", path.stem)]
    return parts, path.name

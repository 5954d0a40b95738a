"""Any folder of images as a data set: what is in it is looked at before anything is computed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from srbench import images
from srbench.datasets import layouts, naming
from srbench.datasets.dataset import Dataset, LeftOut, describe_left_out, made
from srbench.datasets.inspection import Look, inspect
from srbench.datasets.layouts import Layout
from srbench.datasets.manifest import manifests
from srbench.datasets.pairs import ImagePair
from srbench.errors import AnimationError, DatasetError, ImageError

_OTHER_FORMATS = frozenset({".gif", ".jp2", ".j2k", ".heic", ".avif", ".jxl", ".svg", ".psd", ".exr", ".tga", ".dng"})


@dataclass(frozen=True, slots=True)
class _Files:
    """What was found: originals and LR files by the image's name, where the latter lie, and what was left out."""

    hr: dict[str, Path]
    lr: dict[str, Path]
    lr_folder: Path | None
    left_out: list[LeftOut]


def load(folder: Path, scale: int, limit: int | None, degradation: str) -> Dataset:
    """Return the pairs of a folder without manifest, in natural order.

    See `layouts.find` for where originals and LR files lie. LR images are made where there are no files for the
    scale.

    Raises:
        DatasetError: The folder cannot be read, is empty, or holds two images of one name or an HR image without LR.
        ImageError: An image is damaged, of an unsupported kind, smaller than the scale, or an LR file does not have
            the size that the scale asks for.
    """
    layout = layouts.find(folder, scale)
    files = _files(layout, scale)
    if not files.hr:
        raise DatasetError(
            f"Folder {layout.hr} holds no images ({' '.join(sorted(images.EXTENSIONS))}).{_hint(folder, files)}"
        )
    name, left_out = _name(layout), files.left_out
    longer = naming.longer_names(dict.fromkeys(files.hr, ()))
    pairs: list[ImagePair] = []
    for image, path in files.hr.items():
        if len(pairs) == limit:
            break
        try:
            look = inspect(path, scale)
        except AnimationError:
            left_out.append(LeftOut(naming.printable(path), "several frames in one file"))
            continue
        pair = ImagePair(name, image, scale, path, look.sha256, degradation=degradation, longer=longer.get(image, ()))
        if files.lr_folder is not None and degradation == "bicubic":
            pair = _with_lr(pair, files, look)
        pairs.append(pair)
    if not pairs:
        raise DatasetError(f"Folder {layout.hr} holds no single images. {describe_left_out(left_out)}.")
    return Dataset(name, tuple(pairs), _origin(layout, files, degradation), tuple(left_out))


def _files(layout: Layout, scale: int) -> _Files:
    found, left_out = _images(layout.hr), _others(layout)
    _check_versions(layout.hr, found, scale)
    if layout.lr is not None:
        lr = _by_image(_images(layout.lr).values(), found, scale, left_out)
        return _Files(found, lr, layout.lr, left_out)
    labels = {path: naming.take_apart(name) for name, path in found.items()}
    originals = {label.base: path for path, label in labels.items() if label.side == "hr"}
    reduced = [path for path, label in labels.items() if label.side == "lr"]
    if not {labels[path].base for path in reduced} & set(originals):
        return _Files(found, {}, None, left_out)
    left_out += [
        LeftOut(naming.printable(path), "neither HR nor LR, among files that say which they are")
        for path, label in labels.items()
        if not label.side
    ]
    fitting = [path for path in reduced if labels[path].scale in {None, scale}]
    left_out += [
        LeftOut(naming.printable(path), f"LR for x{labels[path].scale}") for path in reduced if path not in fitting
    ]
    lr = _by_image(fitting, originals, scale, left_out)
    return _Files(originals, lr, layout.hr if fitting else None, left_out)


def _check_versions(folder: Path, found: dict[str, Path], scale: int) -> None:
    """Refuse a folder that holds an image twice, once with this factor: nobody can say whether both are originals."""
    for name, path in found.items():
        label = naming.take_apart(name)
        if label.scale == scale and not label.side and label.base in found:
            both = f"{found[label.base].name} and {path.name}"
            raise DatasetError(
                f"Folder {folder} holds {both}: is the latter the LR image, a result, or an original of its own? Put "
                f"LR images into a folder LR_x{label.scale} in it, results elsewhere, or rename it."
            )


def _by_image(
    reduced: Iterable[Path], originals: dict[str, Path], scale: int, left_out: list[LeftOut]
) -> dict[str, Path]:
    """Return the LR files by the name of the image that each belongs to; the others are left out, by name."""
    owners = {naming.take_apart(image).base or image: image for image in originals}
    found: dict[str, Path] = {}
    for path in reduced:
        name = naming.stem(path)
        label = naming.take_apart(name)
        image = name if name in originals else owners.get(label.base)
        if image is None or (image != name and label.scale not in {None, scale}):
            left_out.append(LeftOut(naming.printable(path), "an LR file without an original of its name"))
        elif image in found:
            raise DatasetError(
                f"{path.parent} holds two LR files for '{image}': {found[image].name} and {path.name}. "
                "Rename or remove one."
            )
        else:
            found[image] = path
    return found


def _with_lr(pair: ImagePair, files: _Files, original: Look) -> ImagePair:
    path = files.lr.get(pair.name)
    if path is None:
        raise DatasetError(
            f"{files.lr_folder} holds no image '{pair.name}' for {pair.hr_path}. Add it, or remove the LR files."
        )
    look = inspect(path)
    width, height = original.width // pair.scale, original.height // pair.scale
    if (look.width, look.height) != (width, height):
        raise ImageError(
            f"{path} has {look.width}x{look.height} pixels; expected {width}x{height}, 1/{pair.scale} of "
            f"{pair.hr_path}. Correct it; or, to have LR images made, give {files.lr_folder} a name that does not say "
            "LR or a factor."
        )
    return replace(pair, lr_path=path, lr_sha256=look.sha256)


def _images(folder: Path) -> dict[str, Path]:
    """Return the images of a folder by name, in natural order."""
    found: dict[str, Path] = {}
    for path in sorted(filter(layouts.is_image, layouts.entries(folder)), key=_natural):
        name = naming.stem(path)
        if name in found:
            raise DatasetError(
                f"Folder {folder} holds two images called '{name}': {found[name].name} and {path.name}. "
                "Rename or remove one."
            )
        found[name] = path.absolute()
    return found


def _others(layout: Layout) -> list[LeftOut]:
    """Return what lies among the originals, or beside their folder, and is neither an image nor part of the layout."""
    paths = [path for folder in dict.fromkeys((layout.hr, layout.named)) for path in layouts.entries(folder)]
    reasons = [(path, _reason(path, layout)) for path in paths]
    return [LeftOut(naming.printable(path), reason) for path, reason in reasons if reason]


def _reason(path: Path, layout: Layout) -> str:
    if path.is_dir():
        label = naming.take_apart(path.name)
        if label.is_lr_folder or path == layout.hr or path in layout.hr.parents:
            return ""
        return "another folder of originals" if label.side == "hr" else "a folder"
    if layouts.is_image(path):
        return "" if path.parent == layout.hr else f"beside the folder {layout.hr.name}"
    return "a format that srbench does not read" if path.suffix.lower() in _OTHER_FORMATS else "no image"


def _origin(layout: Layout, files: _Files, degradation: str) -> str:
    others = f"; the LR files for {layout.others} are not of this scale" if layout.others else ""
    if files.lr_folder is None:
        return f"{made(degradation)}{others}"
    if degradation != "bicubic":
        return f"{made(degradation)}; the LR files in {files.lr_folder} are not used"
    return f"the LR files in {files.lr_folder}"


def _hint(folder: Path, files: _Files) -> str:
    inside = [
        path.name
        for path in layouts.entries(folder)
        if path.is_dir() and any(map(layouts.is_image, layouts.entries(path)))
    ]
    named = f" There are some in its folder '{inside[0]}': name that one." if inside else ""
    left_out = describe_left_out(files.left_out)
    return f"{named} {left_out}." if left_out else named


def _name(layout: Layout) -> str:
    """Return what results call the folder; never the name of a set with a manifest, which it is not."""
    name = naming.printable(layout.place.resolve()) or "folder"
    return f"{name}-folder" if name.lower() in {manifest.name for manifest in manifests()} else name


def _natural(path: Path) -> tuple[list[tuple[int, str]], str]:
    """Sort key that puts img_2 before img_10."""
    parts = [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", path.stem)]
    return parts, path.name

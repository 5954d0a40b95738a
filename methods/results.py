"""Images that were made elsewhere, found by name in a folder: `results:DIR`."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from srbench import images
from srbench.errors import MethodError, MissingError
from srbench.registry import NamedImagePair, Setup, Upscaler, register_loader

_NAMED = 5


def folders(argument: str) -> Mapping[str, str]:
    """Return {name in tables: folder} for every folder under `argument` that holds results of one method.

    A folder is one method when images lie in it; or in folders in it that are called like data sets, like a factor
    (`x4`), or each like the one image in it. Otherwise its sub-folders are searched, so that a folder of methods, or
    of papers with methods, can be named as a whole. Folders called HR or LR hold no results.

    Raises:
        MethodError: The folder cannot be read or holds no images.
    """
    root = Path(argument)
    if not root.is_dir():
        raise MethodError(f"results:{argument}: expected a folder of images, but there is no such folder.")
    try:
        found = sorted(_method_folders(root))
    except OSError as error:
        raise MethodError(f"results:{argument}: cannot read {error.filename}: {error.strerror}.") from None
    if not found:
        raise MethodError(f"results:{argument}: no images in this folder or below it (those in HR and LR are none).")
    return {f"results/{_title(folder, root)}": str(folder) for folder in found}


def _title(folder: Path, root: Path) -> str:
    from srbench.datasets.naming import printable  # here: plugins are imported by commands that need no data sets

    parts = [*root.resolve().parts[-2:], *folder.relative_to(root).parts]
    if parts[-1] == "visualization":
        parts.pop()  # BasicSR keeps the pictures of a model in a folder that says nothing about it
    own = parts[len(root.resolve().parts[-2:]) :] or parts[-1:]
    return "/".join(printable(Path(part)) for part in own)


def _method_folders(folder: Path) -> list[Path]:
    inside = _folders(folder)
    if _pictures(folder) or any(_is_part(entry) for entry in inside) or _are_images(inside):
        return [folder]
    return [found for entry in inside for found in _method_folders(entry)]


def _folders(folder: Path) -> tuple[Path, ...]:
    return _listing(folder, folder.stat().st_mtime_ns)[0]


def _pictures(folder: Path) -> tuple[Path, ...]:
    return _listing(folder, folder.stat().st_mtime_ns)[1]


@functools.lru_cache(maxsize=64)
def _listing(folder: Path, _: int) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Return the folders in a folder, without HR and LR, and the pictures; kept until the folder changes.

    Every image of a set asks for it, and a folder may hold thousands.
    """
    from srbench.datasets.naming import take_apart

    with os.scandir(folder) as entries:
        visible = sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name)
    folders = [Path(entry) for entry in visible if entry.is_dir() and not take_apart(entry.name).side]
    pictures = [Path(entry) for entry in visible if entry.is_file()]
    return tuple(folders), tuple(path for path in pictures if path.suffix.lower() in images.EXTENSIONS)


def _is_part(folder: Path) -> bool:
    """Whether a folder is called like a data set or a factor, and holds pictures of one method."""
    if _factor(folder) is None and folder.name.lower() not in _set_names():
        return False
    inside = _folders(folder)
    return bool(_pictures(folder)) or any(_is_part(entry) for entry in inside) or _are_images(inside)


def _are_images(inside: Sequence[Path]) -> bool:
    """Whether folders are called each like the image whose pictures they hold."""
    known = _image_names()
    if any(_folders(folder) or not _pictures(folder) for folder in inside):
        return False
    if inside and all(folder.name.lower() in known for folder in inside):
        return True
    return len(inside) > 1 and all(
        [path.stem.lower().startswith(folder.name.lower()) for path in _pictures(folder)] == [True] for folder in inside
    )


def _factor(folder: Path) -> int | None:
    """Return the factor that a folder is called by, such as `x4`, `X4` or `image_SRF_4`; None when by none."""
    from srbench.datasets.naming import take_apart

    label = take_apart(folder.name)
    return label.scale if label.base.lower() in {"", "image"} and not label.side else None


def _set_names(name: str = "") -> dict[str, str]:
    """Return all that data sets are called, in lower case, each with the set's name."""
    import srbench.datasets as datasets

    known = {
        called.lower(): manifest.name
        for manifest in datasets.manifests()
        for called in (manifest.name, manifest.title, *manifest.also_called)
    }
    # A user's folder that is called like a published set has "-folder" behind its name in tables only.
    return known | ({called.lower(): name for called in (name, name.removesuffix("-folder"))} if name else {})


def _image_names() -> set[str]:
    import srbench.datasets as datasets

    return {
        called.lower()
        for manifest in datasets.manifests()
        for image, others in manifest.aliases.items()
        for called in (image, *others)
    }


def find(argument: str, pair: NamedImagePair) -> Path:
    """Return the file in folder `argument` that holds the result for `pair`.

    It lies in a folder called like the data set, like the factor or both, or in the folder itself; there, or in a
    folder called like the image. Its name is the image's name, or another name of the image, with anything around it
    that is not a letter or digit: `baby_SRResNet.png`, `0801x4.png`. A file marked with another factor is none, nor
    is one that says HR or LR, nor one named by a longer name of the same set.

    Raises:
        MissingError: There is none.
        MethodError: There is more than one, or the folder cannot be read.
    """
    try:
        folder = _home(Path(argument), pair)
        found = _matching(folder, pair)
        named = {name.casefold() for name in (pair.name, *pair.aliases)}
        for entry in [] if found else _folders(folder):
            if entry.name.casefold() in named:
                found = _matching(entry, pair) or _unmarked(entry, pair)
    except OSError as error:
        raise MethodError(f"{error.filename} cannot be read: {error.strerror}.") from None
    if len(found) == 1:
        return found[0]
    expected = f"{folder}: expected one image whose name holds '{pair.name}'"
    if found:
        more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
        raise MethodError(f"{expected}, found {', '.join(path.name for path in found[:_NAMED])}{more}.")
    raise MissingError(f"{expected}, found none.")


def _home(root: Path, pair: NamedImagePair) -> Path:
    """Return the folder for the data set and the factor of a pair; `Set5/x4` and `x4/Set5` are both usual."""
    folder, names = root, _set_names(pair.dataset)
    for _ in range(2):
        inside = _folders(folder)
        of_set = [entry for entry in inside if names.get(entry.name.lower()) == pair.dataset]
        of_scale = [entry for entry in inside if _factor(entry) == pair.scale]
        folder = next(iter(of_set or of_scale), folder)
    return folder


@dataclass(frozen=True, slots=True)
class _Match:
    """One way to read the name of a picture: what is `before` and `after` the name of an image in it.

    The rank is 0 for a picture of just this name, 1 where it begins with it, 2 where it ends with it, 3 otherwise.
    """

    path: Path
    rank: int
    before: str
    after: str
    factors: tuple[int, ...]

    def is_usual(self) -> bool:
        """Whether other pictures have the same around their names.

        A name such as `2` is found in `model_2_1.png` too, which is a picture of `1`.
        """
        stems = [other.stem for other in _pictures(self.path.parent)]
        return sum(stem.startswith(self.before) and stem.endswith(self.after) for stem in stems) > 1


def _matching(folder: Path, pair: NamedImagePair) -> list[Path]:
    """Return the pictures of a folder that are a pair's, only the best ones: called so, beginning so, ending so."""
    index = _index(folder, folder.stat().st_mtime_ns)
    longer = {match.path for name in pair.longer for match in index.get(name.casefold(), ())}
    ranked: dict[int, dict[Path, None]] = {}
    for name in (pair.name, *pair.aliases):
        is_number = name.isdecimal() and len(name) < 3
        for match in index.get(name.casefold(), ()):
            if match.path in longer or (match.factors and pair.scale not in match.factors):
                continue
            if not is_number or match.rank < 2 or match.is_usual():
                ranked.setdefault(match.rank, {})[match.path] = None
    return list(ranked[min(ranked)]) if ranked else []


def _unmarked(folder: Path, pair: NamedImagePair) -> list[Path]:
    """Return the pictures of an image's own folder, whatever they are called, that may be its result."""
    from srbench.datasets.naming import marks, take_apart

    labels = {path: take_apart(path.stem) for path in _pictures(folder)}
    factors = {path: {factor for *_, factor in marks(path.stem)} for path in labels}
    return [path for path, label in labels.items() if not label.side and factors[path] <= {pair.scale}]


@functools.lru_cache(maxsize=16)
def _index(folder: Path, _: int) -> dict[str, list[_Match]]:
    """Return, for every name that the pictures in a folder may be of, how it stands in theirs; see `_listing`."""
    from srbench.datasets import naming

    found: dict[str, list[_Match]] = {}
    for path in _pictures(folder):
        stem = naming.stem(path)
        label, marks = naming.take_apart(stem), naming.marks(stem)
        for begin, end in naming.spans(stem):
            if label.side and end < len(stem):
                continue  # an original or an LR image among the results
            factors = tuple(factor for at, to, factor in marks if to <= begin or at >= end)
            rank = 0 if (begin, end) == (0, len(stem)) else 1 if begin == 0 else 2 if end == len(label.base) else 3
            match = _Match(path, rank, stem[:begin], stem[end:], factors)
            found.setdefault(stem[begin:end].casefold(), []).append(match)
    return found


@register_loader(
    "results",
    title="Stored results",
    takes_pair=True,
    argument="DIR",
    expand=folders,
    source=find,
)
def load(setup: Setup) -> Upscaler:
    """Return an upscaler that reads stored images of folder `setup.argument`."""
    folder = setup.argument or "."

    def read(pair: NamedImagePair) -> images.Image:
        image, hr = images.read(find(folder, pair)), pair.hr()
        if image.ndim == 3 and hr.ndim == 2 and (image == image[..., :1]).all():
            return np.ascontiguousarray(image[..., 0])  # many programs save gray results as three equal channels
        if image.ndim == 2 and hr.ndim == 3 and (hr == hr[..., :1]).all():
            return np.repeat(image[:, :, None], 3, axis=2)  # and some save gray originals so
        return image

    return read

"""Images that were made elsewhere, found by name in a folder: `results:DIR`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from srbench import images
from srbench.errors import MethodError
from srbench.registry import Pair, Setup, Upscaler, register_loader


def entrants(argument: str) -> Mapping[str, str]:
    """Return {name in tables: folder} for every folder under `argument` that holds results of one method.

    A folder is one method when images lie in it, or in folders in it that are called like data sets (that is, hold
    images themselves and no folders). Otherwise its sub-folders are searched, so that a folder of methods, or of
    papers with methods, can be named as a whole.

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
        raise MethodError(f"results:{argument}: no images in this folder or below it.")
    if found == [root]:
        return {f"results/{root.resolve().name}": str(root)}
    return {f"results/{folder.relative_to(root).as_posix()}": str(folder) for folder in found}


def _method_folders(folder: Path) -> list[Path]:
    folders = [entry for entry in sorted(folder.iterdir()) if entry.is_dir() and not entry.name.startswith(".")]
    is_leaf = {entry: not any(child.is_dir() for child in entry.iterdir()) for entry in folders}
    if _pictures(folder) or any(leaf and _is_set(entry) and _pictures(entry) for entry, leaf in is_leaf.items()):
        return [folder]
    return [found for entry in folders for found in _method_folders(entry)]


def _is_set(folder: Path) -> bool:
    from srbench import datasets  # here: plugins are imported by commands that need no data sets

    known = {manifest.name for manifest in datasets.manifests()}
    return folder.name.lower() in known


def _pictures(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in images.EXTENSIONS)


def find(argument: str, pair: Pair) -> Path:
    """Return the file in folder `argument` that holds the result for `pair`.

    It lies in a folder called like the data set, in any case of letters, or else in the folder itself, and its
    name holds the image's name, not followed or preceded by a letter or digit.

    Raises:
        MethodError: There is none, or more than one.
    """
    root = Path(argument)
    own = [entry for entry in sorted(root.iterdir()) if entry.is_dir() and entry.name.lower() == pair.dataset.lower()]
    folder = own[0] if own else root
    name = re.compile(rf"(?<![A-Za-z0-9]){re.escape(pair.name)}(?![A-Za-z0-9])", re.IGNORECASE)
    found = [path for path in _pictures(folder) if name.search(path.stem)]
    exact = [path for path in found if path.stem == pair.name]
    if len(exact or found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise MethodError(f"{folder}: expected one image whose name holds '{pair.name}', found {names}.")
    return (exact or found)[0]


@register_loader(
    "results",
    title="Stored results",
    takes_pair=True,
    argument="DIR",
    expand=entrants,
    source=find,
)
def load(setup: Setup) -> Upscaler:
    """Return an upscaler that reads stored images of folder `setup.argument`."""
    folder = setup.argument or "."

    def read(pair: Pair) -> images.Image:
        image = images.read(find(folder, pair))
        if image.ndim == 3 and pair.hr().ndim == 2 and (image == image[..., :1]).all():
            return image[..., 0]  # many programs save gray results as three equal channels
        return image

    return read

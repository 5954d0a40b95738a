"""Manifests: one TOML file per data set, with the checksum and the pinned source address of every file."""

from __future__ import annotations

import functools
import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srbench import content
from srbench.errors import DatasetError, unknown

PARTS = ("hr", "lr")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a data set.

    Attributes:
        image: Name of the image it belongs to.
        part: `hr` or `lr`.
        path: Where it lies, relative to the folder of the data set.
        elsewhere: Where a data root may hold it instead, relative to the root; empty when nowhere else.
        address: Where it comes from; empty when it is never downloaded.
        sha256: Its checksum in hexadecimal; None while nobody has recorded it.
    """

    image: str
    part: str
    path: str
    elsewhere: str
    address: str
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """One data set.

    Attributes:
        name: What users type.
        title: What tables print.
        about: One or two sentences.
        licence: As far as known.
        citation: BibTeX.
        scale: The factor that its LR files were reduced by; None when it has none.
        package: Name of the installed package that brings the files; empty when they are downloaded.
        images: Names of the images, in order.
        entries: All files.
    """

    name: str
    title: str
    about: str
    licence: str
    citation: str
    scale: int | None
    package: str
    images: tuple[str, ...]
    entries: tuple[Entry, ...]

    @property
    def is_pinned(self) -> bool:
        """Whether the checksum of every file is known before it is fetched."""
        return all(entry.sha256 for entry in self.entries)

    def first(self, limit: int | None) -> tuple[Entry, ...]:
        """Return the files of the first `limit` images; all files when it is None."""
        chosen = set(self.images[:limit])
        return tuple(entry for entry in self.entries if entry.image in chosen)


def manifests() -> tuple[Manifest, ...]:
    """Return all manifests, the demo set first, the others by size and name.

    To the shipped ones come those in the folders that `SRBENCH_DATASETS_PATH` names.

    Raises:
        DatasetError: One is not well-formed, or two have one name.
    """
    return _read_all(content.folder("datasets"), os.environ.get("SRBENCH_DATASETS_PATH", ""))


@functools.cache
def _read_all(shipped: Path, own: str) -> tuple[Manifest, ...]:
    found: dict[str, Path] = {}
    for folder in (shipped, *(Path(place).expanduser() for place in own.split(os.pathsep) if place)):
        if not folder.is_dir():
            raise DatasetError(f"{folder} is not a folder. Correct SRBENCH_DATASETS_PATH, or unset it.")
        for path in folder.glob("*.toml"):
            if path.stem in found:
                raise DatasetError(
                    f"Two data sets are called '{path.stem}': {found[path.stem]} and {path}. Rename one."
                )
            found[path.stem] = path
    parsed = map(parse, found.values())
    return tuple(sorted(parsed, key=lambda m: (m.name != "demo", len(m.images), m.name)))


def find(name: str) -> Manifest:
    """Return the manifest of the data set `name`.

    Raises:
        DatasetError: There is none.
    """
    for manifest in manifests():
        if manifest.name == name:
            return manifest
    known = unknown("data set", name, [manifest.name for manifest in manifests()])
    raise DatasetError(f"{known} A folder of images is named by its path, such as ./{name}.")


def parse(path: Path) -> Manifest:
    """Read one manifest; the name of its file is the name of the set.

    Raises:
        DatasetError: It is not TOML, or lacks something.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        return Manifest(
            name=path.stem,
            title=table["title"],
            about=table["about"],
            licence=table["licence"],
            citation=table["citation"].strip(),
            scale=table.get("lr", {}).get("scale"),
            package=table["hr"].get("package", ""),
            images=tuple(table["images"]),
            entries=tuple(_entries(table)),
        )
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise DatasetError(f"The manifest {path} is not well-formed: {error!r}.") from None


def _entries(table: dict[str, Any]) -> Iterator[Entry]:
    for image, about in table["images"].items():
        names = {"name": image, "file": about.get("file", image)}
        for part in PARTS:
            if part in table:
                yield Entry(
                    image,
                    part,
                    table[part]["path"].format(**names),
                    table[part].get("elsewhere", "").format(**names),
                    table[part].get("address", "").format(**names),
                    about.get(part),
                )

"""Manifests: one TOML file per data set, with the checksum and the pinned source address of every file."""

from __future__ import annotations

import functools
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
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
        also_called: Other names of the set, which people give to folders of results.
        images: Names of the images, in order.
        aliases: Other names of each image, by its name.
        entries: All files.
    """

    name: str
    title: str
    about: str
    licence: str
    citation: str
    scale: int | None
    package: str
    also_called: tuple[str, ...]
    images: tuple[str, ...]
    aliases: Mapping[str, tuple[str, ...]]
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
    """Return all manifests that can be read, the demo set first, the others by size and name.

    To the shipped ones come those in the folders that `SRBENCH_DATASETS_PATH` names. See `broken` for the rest.
    """
    return _read_all(content.folder("datasets"), os.environ.get("SRBENCH_DATASETS_PATH", ""))[0]


def broken() -> dict[str, str]:
    """Return what cannot be used, {manifest or folder: reason in one sentence}."""
    return dict(_read_all(content.folder("datasets"), os.environ.get("SRBENCH_DATASETS_PATH", ""))[1])


@functools.cache
def _read_all(shipped: Path, own: str) -> tuple[tuple[Manifest, ...], dict[str, str]]:
    found: dict[str, list[Path]] = {}
    problems: dict[str, str] = {}
    for folder in (shipped, *(Path(place).expanduser() for place in own.split(os.pathsep) if place)):
        if not folder.is_dir():
            problems[str(folder)] = f"{folder} is not a folder. Correct SRBENCH_DATASETS_PATH, or unset it."
        for path in sorted(folder.glob("*.toml")):
            found.setdefault(path.stem, []).append(path)
    parsed = []
    for name, paths in found.items():
        try:
            if len(paths) > 1:
                raise DatasetError(f"Two data sets are called '{name}': {paths[0]} and {paths[1]}. Rename one.")
            parsed.append(parse(paths[0]))
        except DatasetError as error:
            problems[str(paths[-1])] = str(error)
    return tuple(sorted(parsed, key=lambda m: (m.name != "demo", len(m.images), m.name))), problems


def find(name: str) -> Manifest:
    """Return the manifest of the data set `name`.

    Raises:
        DatasetError: There is none, or it cannot be used.
    """
    for manifest in manifests():
        if manifest.name == name:
            return manifest
    for path, reason in broken().items():
        if Path(path).name == f"{name}.toml":
            raise DatasetError(reason)
    known = unknown("data set", name, [manifest.name for manifest in manifests()])
    raise DatasetError(f"{known} A folder of images is named by its path, such as ./{name}.")


def parse(path: Path) -> Manifest:
    """Read one manifest; the name of its file is the name of the set.

    Raises:
        DatasetError: It is not TOML in UTF-8, or lacks something.
    """
    try:
        # Editors on Windows put a byte order mark before the first line.
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        return Manifest(
            name=path.stem,
            title=table["title"],
            about=table["about"],
            licence=table["licence"],
            citation=table["citation"].strip(),
            scale=table.get("lr", {}).get("scale"),
            package=table["hr"].get("package", ""),
            also_called=tuple(table.get("also_called", ())),
            images=tuple(table["images"]),
            aliases={image: tuple(about.get("aliases", ())) for image, about in table["images"].items()},
            entries=tuple(_entries(table)),
        )
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise DatasetError(f"The manifest {path} is not UTF-8 in line {line}. Save it as UTF-8.") from None
    except KeyError as error:
        raise DatasetError(f"The manifest {path} lacks {error}. docs/datasets.md shows a whole one.") from None
    except (OSError, ValueError, IndexError, AttributeError, TypeError) as error:
        text = " ".join(str(error).split())
        raise DatasetError(f"The manifest {path} is not well-formed: {text}.") from None


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
                    _checksum(table[part]["path"].format(**names), about.get(part)),
                )


def _checksum(path: str, text: str | None) -> str | None:
    if text is None:
        return None
    digits = text.strip().lower()  # PowerShell's Get-FileHash writes capitals
    if not re.fullmatch("[0-9a-f]{64}", digits):
        raise ValueError(f"the SHA-256 of {path} is '{text}', expected 64 hexadecimal digits")
    return digits

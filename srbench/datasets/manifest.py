"""Manifests: one TOML file per data set, with the checksum and the pinned source address of every file."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from srbench import content, plugins, tomlfile
from srbench.errors import DatasetError, unknown

PARTS = ("hr", "lr")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a data set.

    Attributes:
        image: Name of the image it belongs to.
        part: `hr` or `lr`.
        scale: The factor it was cut or reduced for; None for an original that serves every factor.
        path: Where it lies, relative to the folder of the data set.
        elsewhere: Where a data root may hold it instead, relative to the root; empty when nowhere else.
        address: Where it comes from, for a file in an archive with `#` and its name there; empty when it is never
            downloaded.
        sha256: Its checksum in hexadecimal; None while nobody has recorded it.
    """

    image: str
    part: str
    scale: int | None
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
        scale: The factor that its LR files are for, those of the other factors aside; None when it has none.
        others: The other factors that it has LR files for, and originals of their own or those of `[hr]`.
        package: Name of the installed package that brings the files; empty when they are downloaded.
        obtain: How to get the set, in a sentence, where its owner gives it to people only.
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
    others: tuple[int, ...]
    package: str
    obtain: str
    also_called: tuple[str, ...]
    images: tuple[str, ...]
    aliases: Mapping[str, tuple[str, ...]]
    entries: tuple[Entry, ...]

    @property
    def is_pinned(self) -> bool:
        """Whether the checksum of every file is known before it is fetched."""
        return all(entry.sha256 for entry in self.entries)

    def files(self, scale: int | None = None, limit: int | None = None) -> tuple[Entry, ...]:
        """Return the files that a factor needs: its own where there are some, else the originals.

        Args:
            scale: The factor; None for the one of `self.scale`.
            limit: Only the files of the first images.
        """
        chosen, factor = set(self.images[:limit]), self.scale if scale is None else scale
        has_originals = any(entry.scale == factor and entry.part == "hr" for entry in self.entries)
        own = {factor} if has_originals else {None, factor}
        return tuple(entry for entry in self.entries if entry.image in chosen and entry.scale in own)

    def without(self, factor: int) -> Manifest:
        """Return the same set without the files that it has for one of the other factors."""
        others = tuple(other for other in self.others if other != factor)
        return replace(self, others=others, entries=tuple(e for e in self.entries if e.scale != factor))


def manifests() -> tuple[Manifest, ...]:
    """Return all manifests that can be read, the demo set first, the others by size and name.

    To the shipped ones come those in the folders that `SRBENCH_DATASETS_PATH` names. See `broken` for the rest.
    """
    shipped = sorted(content.folder("datasets").glob("*.toml"))
    paths = (*shipped, *plugins.files(plugins.DATASETS, ".toml"))
    found, problems = _read_all(tuple((path, path.stat().st_mtime_ns) for path in paths))
    for path, reason in problems.items():
        plugins.reject(plugins.DATASETS, path, reason)
    return found


def broken() -> dict[str, str]:
    """Return what cannot be used, {manifest or folder: reason in one sentence}."""
    manifests()
    return plugins.broken(plugins.DATASETS)


@functools.lru_cache(maxsize=8)
def _read_all(files: tuple[tuple[Path, int], ...]) -> tuple[tuple[Manifest, ...], dict[str, str]]:
    found: dict[str, list[Path]] = {}
    problems: dict[str, str] = {}
    for path, _ in files:
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
    table = tomlfile.read(path, "the manifest", DatasetError)
    try:
        return Manifest(
            name=path.stem,
            title=table["title"],
            about=table["about"],
            licence=table["licence"],
            citation=table["citation"].strip(),
            scale=table.get("lr", {}).get("scale"),
            others=tuple(_factors(table)),
            package=table["hr"].get("package", ""),
            obtain=table.get("obtain", ""),
            also_called=tuple(table.get("also_called", ())),
            images=tuple(table["images"]),
            aliases={image: tuple(about.get("aliases", ())) for image, about in table["images"].items()},
            entries=(
                *_entries(table),
                *(entry for factor in _factors(table) for entry in _entries(table[f"x{factor}"], factor)),
            ),
        )
    except KeyError as error:
        raise DatasetError(f"The manifest {path} lacks {error}. docs/datasets.md shows a whole one.") from None
    except (ValueError, IndexError, AttributeError, TypeError) as error:
        text = " ".join(str(error).split())
        raise DatasetError(f"The manifest {path} is not well-formed: {text}.") from None


def _entries(table: dict[str, Any], scale: int | None = None) -> Iterator[Entry]:
    """Yield the files of a manifest, or of the section in it for one further factor."""
    for image, about in table["images"].items():
        names = {"name": image, "file": about.get("file", image)}
        for part in PARTS:
            if part in table:
                path = table[part]["path"].format(**names)
                yield Entry(
                    image,
                    part,
                    scale or table[part].get("scale"),
                    path,
                    table[part].get("elsewhere", "").format(**names),
                    table[part].get("address", "").format(**names),
                    _checksum(path, about.get(part)),
                )


def _factors(table: dict[str, Any]) -> list[int]:
    return [int(key[1:]) for key in table if re.fullmatch("x[0-9]+", key)]


def _checksum(path: str, text: str | None) -> str | None:
    if text is None:
        return None
    digits = text.strip().lower()  # PowerShell's Get-FileHash writes capitals
    if not re.fullmatch("[0-9a-f]{64}", digits):
        raise ValueError(f"the SHA-256 of {path} is '{text}', expected 64 hexadecimal digits")
    return digits

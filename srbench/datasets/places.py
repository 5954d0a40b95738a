"""Finds the files of a data set on this machine and checks them against their checksums."""

from __future__ import annotations

import importlib.util
import json
import os
from dataclasses import dataclass
from pathlib import Path

from srbench import images
from srbench.datasets.inspection import inspect
from srbench.datasets.manifest import Entry, Manifest, find
from srbench.errors import DatasetError, ImageError

LOCK = "checksums.json"


@dataclass(frozen=True, slots=True)
class Check:
    """What was found out about one file.

    Attributes:
        entry: The file as its manifest has it.
        path: Where it is, or should be.
        sha256: Of the file that is there; empty when there is none.
        problem: What is wrong, in one phrase; empty when it is as it should be.
        is_known: Whether there is a checksum to compare with. Without one a file only has to be a whole image.
    """

    entry: Entry
    path: Path
    sha256: str
    problem: str
    is_known: bool = True


def cache_folder() -> Path:
    """Return where downloads are kept: `SRBENCH_CACHE`, or `srbench/datasets` in the user's cache folder."""
    chosen = os.environ.get("SRBENCH_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return platformdirs.user_cache_path("srbench", appauthor=False) / "datasets"


def effective_root(data_root: Path | None) -> Path | None:
    """Return the folder that already holds data sets: `data_root`, or else what `SRBENCH_DATA` names.

    Raises:
        DatasetError: It is no folder.
    """
    named = data_root or os.environ.get("SRBENCH_DATA")
    if not named:
        return None
    root = Path(named).expanduser().absolute()
    if not root.is_dir():
        raise DatasetError(f"The data root {root} is not a folder. Correct --data-root or SRBENCH_DATA, or unset it.")
    return root


def path_of(manifest: Manifest, entry: Entry, root: Path | None) -> Path:
    """Return where a file of `manifest` must lie: in its package, in the data root, or in the cache."""
    if manifest.package:
        spec = importlib.util.find_spec(manifest.package)
        if spec is None or spec.origin is None:
            raise DatasetError(f"Data set '{manifest.name}' comes with {manifest.package}, which is not installed.")
        return Path(spec.origin).parent / entry.path
    path = (root or cache_folder()) / manifest.name / entry.path
    if root is not None and entry.elsewhere and not path.is_file() and (root / entry.elsewhere).is_file():
        return root / entry.elsewhere
    return path


def check(manifest: Manifest, entry: Entry, root: Path | None, recorded: dict[str, str]) -> Check:
    """Return whether one file is there and as its checksum says.

    Args:
        manifest: The data set.
        entry: The file.
        root: The data root, or None for the cache.
        recorded: Checksums taken at the first fetch, for files whose manifest has none; see `recorded_checksums`.
    """
    path = path_of(manifest, entry, root)
    expected = entry.sha256 or recorded.get(entry.path)
    try:
        sha256 = images.file_sha256(path)
    except FileNotFoundError:
        return Check(entry, path, "", f"{path} is missing")
    except OSError as error:
        return Check(entry, path, "", f"{path} cannot be read ({error.strerror})")
    if not expected:
        return Check(entry, path, sha256, _damage(path), is_known=False)
    if sha256 != expected:
        return Check(entry, path, sha256, f"{path} is damaged or another file (SHA-256 {sha256}, expected {expected})")
    return Check(entry, path, sha256, "")


def _damage(path: Path) -> str:
    try:
        inspect(path)
    except ImageError as error:
        return str(error).rstrip(".")
    return ""


def recorded_checksums(manifest: Manifest) -> dict[str, str]:
    """Return {path: SHA-256} of files whose checksums were taken when they were first fetched into the cache.

    Raises:
        DatasetError: The record is damaged.
    """
    if manifest.is_pinned:
        return {}
    record = cache_folder() / manifest.name / LOCK
    if not record.is_file():
        return {}
    try:
        return {str(path): str(sha256) for path, sha256 in json.loads(record.read_text(encoding="utf-8")).items()}
    except (ValueError, AttributeError):
        raise DatasetError(f"{record} is damaged. Delete it and fetch '{manifest.name}' again.") from None


def verify(name: str, data_root: Path | None = None) -> list[Check]:
    """Return the state of every file of a data set; the files of a further factor count once one of them is there.

    Raises:
        DatasetError: There is no such data set or data root.
    """
    manifest, root = find(name), effective_root(data_root)
    recorded = recorded_checksums(manifest)
    entries = list(manifest.files())
    for factor in manifest.others:
        own = manifest.files(factor)
        if any(path_of(manifest, entry, root).exists() for entry in own):
            entries += own
    return [check(manifest, entry, root, recorded) for entry in entries]


def locate(name: str, data_root: Path | None = None) -> tuple[str, bool]:
    """Return where a data set is, as a phrase, and whether its files are there; checksums are not read.

    The files of further factors do not count.

    Raises:
        DatasetError: There is no such data set or data root.
    """
    manifest, root = find(name), effective_root(data_root)
    paths = [path_of(manifest, entry, root) for entry in manifest.files()]
    missing = sum(not path.is_file() for path in paths)
    if manifest.package:
        return (f"part of {manifest.package}" if not missing else f"{missing} files missing", not missing)
    place = (root or cache_folder()) / manifest.name
    if not missing:
        return (str(place if place.is_dir() else paths[0].parent), True)
    if missing == len(paths):
        return (f"not in the data root {root}" if root else "not downloaded", False)
    return (f"{place}: {missing} of {len(paths)} files missing", False)

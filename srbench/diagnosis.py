"""Examines an installation: what `srbench doctor` prints."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import srbench.datasets as datasets
from srbench import __version__, devices, registry
from srbench.errors import SrbenchError

_PACKAGES = ("numpy", "numba", "scipy", "pandas", "pillow", "scikit-image", "torch", "torchvision", "streamlit",
             "sqlalchemy", "piq", "pyiqa")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the examination."""

    what: str
    state: str
    ok: bool


def examine(data_root: Path | None) -> list[Finding]:
    """Return all findings, in the order in which a user would ask."""
    return [
        Finding("srbench", f"{__version__} in {Path(__file__).parent}", True),
        Finding("python", f"{platform.python_version()} on {platform.platform()}, {os.cpu_count()} cores", True),
        *_versions(),
        _cuda(),
        *_data(data_root),
        *_weights(),
        *(Finding(f"plugin {name}", f"broken: {why}", False) for name, why in registry.broken().items()),
        _writable("run folder", Path("runs")),
        _writable("download cache", datasets.cache_folder()),
    ]


def _versions() -> Iterator[Finding]:
    for package in _PACKAGES:
        try:
            yield Finding(package, importlib.metadata.version(package), True)
        except importlib.metadata.PackageNotFoundError:
            optional = package == "pyiqa"
            yield Finding(package, "not installed" + (" (optional: srbench[iqa])" if optional else ""), optional)


def _cuda() -> Finding:
    reason = devices.cuda_why_not()
    return Finding("CUDA", f"not used: {reason}" if reason else "available", True)


def _data(data_root: Path | None) -> Iterator[Finding]:
    for manifest in datasets.manifests():
        try:
            state, found = datasets.locate(manifest.name, data_root)
        except SrbenchError as error:
            state, found = str(error), False
        yield Finding(f"data set {manifest.name}", state, found)
    for place, reason in datasets.broken().items():
        yield Finding(f"data set {Path(place).stem}", f"broken: {reason}", False)


def _weights() -> Iterator[Finding]:
    for method in registry.methods():
        if method.weights:
            have = [f"x{scale}" for scale, path in method.weights.items() if path.is_file()]
            yield Finding(f"weights {method.name}", " ".join(have) or "none", bool(have))


def _writable(what: str, folder: Path) -> Finding:
    nearest = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=nearest):
            return Finding(what, f"{folder} can be written", True)
    except OSError as error:
        return Finding(what, f"{folder} cannot be written: {error.strerror}", False)

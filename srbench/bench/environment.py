"""What decides the scores of a machine: its srbench, its packages, its methods, metrics and protocols."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import json
import platform
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import srbench
import srbench.metrics as metrics
from srbench import registry
from srbench.bench.plan import metric_fingerprint
from srbench.errors import SrbenchError
from srbench.registry import Setup

PACKAGES = ("numpy", "numba", "scipy", "pillow", "scikit-image", "torch", "torchvision", "pandas", "piq")
_CONTENT = ("methods", "_content")  # methods have fingerprints of their own; pages and data sets decide no score


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run needs of a machine, by name.

    Attributes:
        methods: What the registry understands, such as `results:DIR`; those that travel by value are none of them.
        metrics: Names of metrics.
        protocols: Names of protocols.
        scale: The upscaling factor.
        device: `cpu` or `cuda`.
        precision: `fast`, `bf16` or `exact`.
    """

    methods: tuple[str, ...]
    metrics: tuple[str, ...]
    protocols: tuple[str, ...]
    scale: int
    device: str
    precision: str


def describe(asked: Asked) -> dict[str, str]:
    """Return {what: which} of this machine: equal answers give equal scores.

    A method or metric that is not here has as its answer the sentence that says so.
    """
    setup = Setup(asked.scale, asked.device, asked.precision)
    answers = {"srbench": f"{srbench.__version__}, sources {_sources()}", **versions()}
    for name in asked.methods:
        answers[f"method '{name}'"] = _answer(functools.partial(registry.fingerprint, name, setup))
    for name in asked.metrics:
        answers[f"metric '{name}'"] = _answer(functools.partial(metric_fingerprint, name))
    for name in asked.protocols:
        answers[f"protocol '{name}'"] = _answer(functools.partial(_version, name))
    return answers


def _version(protocol: str) -> str:
    return str(metrics.find_protocol(protocol).version)


def versions() -> dict[str, str]:
    """Return {name: version} of Python and of the packages that compute, as far as they are here."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    return found


def differences(expected: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """Return what differs, in words, the most telling first; empty where the machines are alike."""
    return [
        f"{what} ({found.get(what, 'none')}, not {wanted})"
        for what, wanted in expected.items()
        if found.get(what) != wanted
    ]


def main(streams: Iterable[str] = sys.stdin) -> None:
    """Describe the machine for what is asked as JSON on standard input, on standard output."""
    asked = json.loads("".join(streams))
    several = {name: tuple(value) for name, value in asked.items() if isinstance(value, list)}
    print(json.dumps(describe(Asked(**{**asked, **several}))))


def question(asked: Asked) -> str:
    """Return what `main` reads."""
    return json.dumps(asdict(asked))


def _answer(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except SrbenchError as error:
        return str(error)


@functools.cache
def _sources() -> str:
    """Return a hash of all modules of srbench."""
    root = Path(srbench.__file__).resolve().parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        place = path.relative_to(root)
        if place.parts[0] not in _CONTENT:
            digest.update(f"{place.as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]

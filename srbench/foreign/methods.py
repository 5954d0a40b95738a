"""What the adapters for foreign models have in common: names in tables, and columns that a file decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from srbench.errors import MethodError
from srbench.foreign.program import Program, ProgramUpscaler
from srbench.registry import Setup, Upscaler

_Stamp = tuple[int, int]
_known: dict[tuple[str, Path], tuple[dict[Path, _Stamp], dict[str, Any]]] = {}


def place(argument: str) -> Path:
    """Return the absolute path that an argument means."""
    try:
        return Path(argument).expanduser().absolute()
    except RuntimeError:  # ~somebody who has no home here: it is named as it was written
        return Path(argument).absolute()


def label(kind: str, path: Path) -> str:
    """Return the name of a model in tables, such as `spandrel/dctlsa_x4`."""
    from srbench.datasets.naming import printable  # here: plugins are imported by commands that need no data sets

    return f"{kind}/{printable(Path(path.stem))}"


def expand(kind: str) -> Callable[[str], Mapping[str, str]]:
    """Return the column `expand` of an adapter for files: each file is one method, called after it."""
    return lambda argument: {label(kind, place(argument)): argument}


def about(kind: str) -> Callable[[str], Mapping[str, Any]]:
    """Return the column `about` of an adapter: it opens the file and tells what is in it."""
    return lambda argument: _columns(kind, place(argument))


def _columns(kind: str, path: Path) -> dict[str, Any]:
    stamps, columns = _known.get((kind, path), ({}, {}))
    if not stamps or stamps != {file: _stamp(file) for file in stamps}:
        columns = _read(kind, path)
        files = {path, *columns["weights"].values(), *columns["inputs"]}
        _known[kind, path] = {file: _stamp(file) for file in files}, columns
    return columns


def _stamp(path: Path) -> _Stamp:
    try:
        about = path.stat()
    except OSError:
        return 0, 0
    return about.st_mtime_ns, about.st_size


def _read(kind: str, path: Path) -> dict[str, Any]:
    from srbench.foreign import card, opening  # here, as torch is only needed by who names a file

    if kind != "model":
        loaded = opening.open_file(kind, path)
        note = "" if loaded.what.lower() in path.stem.lower() else loaded.what
        return {**loaded.columns(), "title": path.stem, "note": note}
    told = card.read(path)
    named = {"title": told.title or path.stem, "note": told.note, "cite": told.cite, "published": told.published}
    if told.kind == "command":
        scales = None if told.scale is None else (told.scale,)
        inputs = (path, *Program(told.command, path.parent).inputs)
        return {**named, "scales": scales, "weights": {}, "inputs": inputs}
    return {**opening.described(told).columns(), **named}


def load(kind: str, setup: Setup) -> Upscaler:
    """Return the upscaler of the file that is named in a setup.

    Args:
        kind: `model`, where the file is a card; or `spandrel`, `onnx`, `torchscript`, `pt2`.
        setup: Scale, device and precision, and the file as argument.

    Raises:
        MethodError: It cannot be used, or not for that scale, device or precision.
        WeightsError: Its weights cannot be read or do not fit.
    """
    from srbench.foreign import card, opening, upscaler

    if setup.argument is None:
        raise MethodError(f"Method '{kind}' needs a file: '{kind}:FILE'.")
    path = place(setup.argument)
    if kind != "model":
        return upscaler.ForeignUpscaler(opening.open_file(kind, path), setup)
    told = card.read(path)
    if told.kind == "command":
        program = Program(told.command, path.parent)
        return ProgramUpscaler(program, setup.scale, told.interface.gray, told.seconds)
    return upscaler.ForeignUpscaler(opening.described(told), setup)

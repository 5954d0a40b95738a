"""The table of super-resolution methods: what a plugin registers, and how the bench finds and makes it."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from srbench import images, plugins, ranges, sources
from srbench.contract import ImagePair, Method, NamedImagePair, Setup, Upscaler
from srbench.errors import MethodError, unknown
from srbench.guarded import GuardedUpscaler
from srbench.images import Image
from srbench.plugins import opened

__all__ = [
    "ImagePair",
    "Method",
    "NamedImagePair",
    "Setup",
    "Upscaler",
    "broken",
    "changed",
    "create",
    "find",
    "fingerprint",
    "methods",
    "register",
    "register_loader",
    "table",
    "to_8bit",
    "told_apart",
]

_methods: dict[str, Method] = {}
_names = plugins.Names("method", MethodError)
Simple = TypeVar("Simple", bound=Callable[..., NDArray[Any]])
Loader = TypeVar("Loader", bound=Callable[[Setup], Upscaler])


def register(name: str, *, title: str, takes_pair: bool = False, **columns: Any) -> Callable[[Simple], Simple]:
    """Register a plain function `(lr, scale) -> sr` as a method; `columns` are further fields of `Method`.

    >>> import numpy as np
    >>> @register("doctest-nearest", title="Nearest, as an example")
    ... def enlarge(lr, scale):
    ...     return np.repeat(np.repeat(lr, scale, axis=0), scale, axis=1)
    >>> create("doctest-nearest", Setup(scale=2))(np.zeros((3, 5), np.uint8)).shape
    (6, 10)

    Raises:
        MethodError: The name cannot be typed on the command line.
    """

    def decorate(function: Simple) -> Simple:
        def load(setup: Setup) -> Upscaler:
            return lambda source: function(source, setup.scale)

        _add(Method(name, title, load, takes_pair=takes_pair, **_completed(columns, function.__module__)))
        return function

    return decorate


def register_loader(name: str, *, title: str, **columns: Any) -> Callable[[Loader], Loader]:
    """Register a function `(setup) -> upscaler` as a method: for networks and all that must be made ready.

    Raises:
        MethodError: The name cannot be typed on the command line.
    """

    def decorate(loader: Loader) -> Loader:
        _add(Method(name, title, loader, **_completed(columns, loader.__module__)))
        return loader

    return decorate


def _completed(columns: dict[str, Any], module: str) -> dict[str, Any]:
    """Return the columns with the module, and with weights that are relative to the plugin's file made absolute."""
    weights = columns.get("weights", {})
    if not isinstance(weights, Mapping):
        raise MethodError(f"weights={weights!r}: expected a file for each factor, such as {{4: 'mine-x4.pt'}}.")
    if not all(isinstance(path, Path) and path.is_absolute() for path in weights.values()):
        folder = Path(plugins.home(module)).absolute().parent
        weights = {scale: folder / Path(os.path.expanduser(path)) for scale, path in weights.items()}  # noqa: PTH111 - ~somebody without a home stays as it is
    return {**columns, "weights": weights, "module": module}


def _add(method: Method) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.+-]*", method.name):
        raise MethodError(
            f"Method name {method.name!r}: expected letters, digits, hyphens, dots and underscores, as it becomes the "
            "name of a folder."
        )
    if _names.claim(method.name, method.module):
        _methods[method.name] = method


def discover() -> None:
    """Import every plugin that is new since the last call; one that cannot be imported is named in `broken()`.

    Raises:
        MethodError: Two plugins have one name.
    """
    plugins.load(plugins.METHODS)
    _names.check()


def methods() -> list[Method]:
    """Return all methods in the order of tables."""
    discover()
    return sorted(_methods.values(), key=lambda m: (m.order, m.name))


def broken() -> dict[str, str]:
    """Return {file, folder or entry point of a plugin: why it cannot be used}."""
    discover()
    return plugins.broken(plugins.METHODS)


def table(scale: int = 4) -> list[dict[str, Any]]:
    """Return one row per method, in the order of tables, and one per broken plugin.

    Args:
        scale: The factor that parameters, weights and availability are said for.

    Returns:
        Rows with `name` (as it is typed), `title`, `note`, `scales` (None: any), `parameters` (None: not stated),
        `weights` (the file it declares, or None), `available`, `why_not`, `cite` and `module`. A broken plugin has
        its file as `name`, and the reason in `why_not`.
    """
    titles = told_apart({method.name: method.title for method in methods()})
    rows: list[dict[str, Any]] = [
        {
            "name": f"{method.name}:{method.argument}" if method.argument else method.name,
            "title": titles[method.name],
            "note": method.note,
            "scales": method.scales,
            "parameters": method.parameters.get(scale),
            "weights": str(method.weights[scale]) if scale in method.weights else None,
            "available": method.why_not(scale) is None,
            "why_not": method.why_not(scale),
            "cite": method.cite,
            "module": method.module,
        }
        for method in methods()
    ]
    empty = dict.fromkeys(rows[0]) if rows else {}
    lost = [{**empty, "name": place, "available": False, "why_not": why} for place, why in broken().items()]
    return [*rows, *lost]


def told_apart(titles: Mapping[str, str]) -> dict[str, str]:
    """Return {name: title} in which no two titles are equal: equal ones get their names behind.

    >>> told_apart({"a": "Mine", "b": "Mine", "c": "Other"})
    {'a': 'Mine (a)', 'b': 'Mine (b)', 'c': 'Other'}
    """
    all_titles = list(titles.values())
    return {name: f"{title} ({name})" if all_titles.count(title) > 1 else title for name, title in titles.items()}


def find(name: str) -> tuple[Method, str | None]:
    """Return the method that `name` means, and the argument behind its colon (`results:DIR`).

    Raises:
        MethodError: There is no such method, or an argument is missing, superfluous or of no use to it.
    """
    discover()
    base, colon, argument = name.partition(":")
    method = _methods.get(base)
    if method is None:
        raise MethodError(_unknown(base))
    if method.argument and not argument:
        raise MethodError(f"Method '{base}' needs an argument: '{base}:{method.argument}'.")
    if colon and not method.argument:
        raise MethodError(f"Method '{base}' takes no argument, but '{name}' was given.")
    if method.about is not None:
        method = replace(method, **method.about(argument))
    return method, argument or None


def _unknown(name: str) -> str:
    lost = plugins.broken(plugins.METHODS)
    for place, reason in lost.items():
        path = Path(place)
        if name in {path.stem, path.parent.name if path.stem == "__init__" else "", place.rpartition(".")[2]}:
            return f"The plugin {place} cannot be imported: {reason.rstrip('.')}."
    hint = f" Broken plugins: {'; '.join(f'{place}: {why}' for place, why in lost.items())}." if lost else ""
    return unknown("method", name, _methods) + hint.replace("..", ".")


def create(name: str, setup: Setup | None = None) -> GuardedUpscaler:
    """Make the method `name` ready to run.

    Returns:
        An `Upscaler`. Its attribute `files` holds the checksums of data files that the method opened so far without
        declaring them; see `changed`.

    Raises:
        MethodError: It is unknown, cannot do the scale, or ended the program while it was loaded.
        WeightsError: Its weights are missing or damaged.
    """
    method, argument = find(name)
    setup = setup or Setup()
    method.check(setup.scale)
    return GuardedUpscaler(method, replace(setup, argument=argument, weights=method.weights.get(setup.scale)))


def changed(files: Mapping[str, str]) -> list[str]:
    """Return those of {path: SHA-256}, as an upscaler's `files` has them, that are gone or have another content now."""
    return opened.changed(files)


def to_8bit(name: str, output: object, shape: tuple[int, ...], lr: Image | None = None) -> Image:
    """Check what a method returned and round it to 8 bits, halves away from zero.

    Args:
        name: The method, for messages.
        output: What it returned.
        shape: The shape that is expected: (H, W) or (H, W, 3). For a gray image colour is taken as well, which most
            networks return; the protocol says how the two are compared.
        lr: What it was made from. With it, float output on the 0..1 or -1..1 scale is recognised.

    Raises:
        MethodError: It is no array of that shape, not uint8 or float, not finite, or on another scale than 0..255.
    """
    if not isinstance(output, np.ndarray):
        raise MethodError(f"Method '{name}' returned {type(output).__name__}; expected a NumPy array.")
    if output.shape != shape and not (len(shape) == 2 and output.shape == (*shape, 3)):
        raise MethodError(f"Method '{name}' returned shape {output.shape}; expected {shape}.")
    if output.dtype == np.uint8:
        return np.ascontiguousarray(output)
    if output.dtype not in (np.float32, np.float64, np.float16):
        raise MethodError(f"Method '{name}' returned {output.dtype}; expected uint8, or float on the 0..255 scale.")
    if not np.isfinite(output).all():
        raise MethodError(f"Method '{name}' returned values that are not finite (NaN or infinity).")
    if lr is not None and (hint := ranges.wrong_scale(output, lr)):
        raise MethodError(
            f"Method '{name}' returned floats from {output.min():.3g} to {output.max():.3g} for an LR image of "
            f"{lr.min()} to {lr.max()}; expected the 0..255 scale. Return {hint}."
        )
    return images.to_8bit(output)


def fingerprint(name: str, setup: Setup) -> str:
    """Return a hash of all that decides what a method computes: its code, our code under it, weights, setup.

    It needs no import of torch: the code is found by following import statements in the source. Files that the
    method opens while it is loaded are not known yet; see `create`.
    """
    method, argument = find(name)
    told = f"{name}|{argument}|{setup.scale}|{setup.device}|{setup.precision}"
    digest = hashlib.sha256(told.encode("utf-8", "surrogateescape"))
    # What is common to all: how output is rounded and pictures are read.
    for path in sorted({*sources.closure(method.module), *sources.closure("srbench.images")}):
        digest.update(path.read_bytes())
    weights = method.weights.get(setup.scale)
    if weights is not None and weights.is_file():
        digest.update(opened.sha256(weights).encode())
    for path in method.inputs:
        digest.update(opened.sha256(path).encode())
    for sha256 in plugins.read_at_import(method.module).values():
        digest.update(sha256.encode())
    return digest.hexdigest()[:16]

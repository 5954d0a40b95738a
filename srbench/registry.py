"""The table of super-resolution methods: what a plugin registers, and how the bench finds and makes it."""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import importlib.util
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from srbench import images
from srbench.errors import MethodError, WeightsError, unknown
from srbench.images import Image


class ImagePair(Protocol):
    """One test image as a method may see it: `srbench.datasets.ImagePair` is the real one."""

    @property
    def dataset(self) -> str:
        """Name of the data set."""

    @property
    def name(self) -> str:
        """Name of the image inside its data set, without extension."""

    def hr(self) -> Image:
        """The original, cropped to a multiple of the scale."""

    def lr(self) -> Image:
        """The reduced image."""


class NamedImagePair(ImagePair, Protocol):
    """A pair that says by which names its files may be found."""

    @property
    def scale(self) -> int:
        """Factor between LR and HR."""

    @property
    def aliases(self) -> tuple[str, ...]:
        """Other names of the image, which people give to its results."""

    @property
    def longer(self) -> tuple[str, ...]:
        """Names of images of the same data set that the name of this one is a part of."""


Upscaler = Callable[[Any], NDArray[Any]]
"""A method ready to run: LR image in (or a `ImagePair` where `Method.takes_pair`), SR image out.

The output is uint8, or float with values on the 0..255 scale (the bench rounds and clips it). An attribute `path`
(str), where there is one, says which way of computing was taken and is stored in every row.
"""


@dataclass(frozen=True, slots=True)
class Setup:
    """What a method needs to know before its first image.

    Attributes:
        scale: The upscaling factor.
        device: `cpu` or `cuda`.
        precision: `fast` (fp32, algebraically simplified), `bf16`, or `exact` (the network as published).
        argument: What follows the colon in a name such as `results:DIR`.
    """

    scale: int = 4
    device: str = "cpu"
    precision: str = "fast"
    argument: str | None = None


@dataclass(frozen=True, slots=True)
class Method:
    """One row of the table of methods.

    Attributes:
        name: What users type, in lower case with hyphens.
        title: What tables and figures print.
        load: Makes the upscaler; called once per worker process. Heavy imports belong in here.
        scales: The factors it can do; None means any.
        takes_pair: It is given the whole `ImagePair` instead of the LR image (the original, stored results).
        argument: Name of the argument it takes after a colon, for messages; None when it takes none.
        expand: Turns one argument into entrants, {name in tables: argument of each}; None when it stays one.
        source: The stored file a `takes_pair` method reads for a pair; its content then counts as an input.
        weights: Weight file per scale; empty when nothing was learned.
        parameters: Number of learned parameters per scale.
        note: One phrase that tables must show beside the title, such as the features a loss was made of.
        order: Tables list methods by this, then by name. The paper's methods use 10, 20, ... 120.
        cite: Where the method was published.
        module: Python module that registered it.
    """

    name: str
    title: str
    load: Callable[[Setup], Upscaler]
    scales: tuple[int, ...] | None = None
    takes_pair: bool = False
    argument: str | None = None
    expand: Callable[[str], Mapping[str, str]] | None = None
    source: Callable[[str, NamedImagePair], Path] | None = None
    weights: Mapping[int, Path] = field(default_factory=dict)
    parameters: Mapping[int, int] = field(default_factory=dict)
    note: str = ""
    order: int = 1000
    cite: str = ""
    module: str = ""

    def why_not(self, scale: int) -> str | None:
        """Return why this method cannot run at `scale`, in one sentence, or None when it can."""
        if self.scales is not None and scale not in self.scales:
            can = ", ".join(f"x{s}" for s in self.scales)
            return f"{self.name} does {can}, not x{scale}."
        if self.weights and not self.weights.get(scale, Path()).is_file():
            make = f"srbench train {self.name} --scale {scale}"
            return f"{self.name} has no weights for x{scale}. Make them with '{make}'."
        return None


_methods: dict[str, Method] = {}
_broken: dict[str, str] = {}
_conflicts: list[str] = []
_discovered = False
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
    """

    def decorate(function: Simple) -> Simple:
        def load(setup: Setup) -> Upscaler:
            return lambda source: function(source, setup.scale)

        _add(Method(name, title, load, takes_pair=takes_pair, module=function.__module__, **columns))
        return function

    return decorate


def register_loader(name: str, *, title: str, **columns: Any) -> Callable[[Loader], Loader]:
    """Register a function `(setup) -> upscaler` as a method: for networks and all that must be made ready."""

    def decorate(loader: Loader) -> Loader:
        _add(Method(name, title, loader, module=loader.__module__, **columns))
        return loader

    return decorate


def _add(method: Method) -> None:
    other = _methods.get(method.name)
    if other is not None and other.module != method.module:
        _conflicts.append(
            f"Two plugins register the method '{method.name}': {other.module} and {method.module}. Rename one of them."
        )
        return
    _methods[method.name] = method


def discover() -> None:
    """Import every plugin once; a plugin that cannot be imported is remembered in `broken()`.

    Raises:
        MethodError: Two plugins have one name.
    """
    global _discovered
    if not _discovered:
        package = importlib.import_module("srbench.methods")
        homes: dict[str, str] = {}
        for home in package.__path__:
            for module in pkgutil.iter_modules([home]):
                if module.name in homes:
                    _conflicts.append(
                        f"Two plugin files are called '{module.name}': in {homes[module.name]} and in {home}. "
                        "Rename one of them."
                    )
                    continue
                homes[module.name] = home
                _try(module.name, lambda name=module.name: importlib.import_module(f"srbench.methods.{name}"))  # type: ignore[misc]
        for entry in importlib.metadata.entry_points(group="srbench.methods"):
            _try(entry.name, entry.load)
        _discovered = True
    if _conflicts:
        raise MethodError(_conflicts[0])


def _try(name: str, action: Callable[[], object]) -> None:
    try:
        action()
    except Exception as error:  # a broken plugin, whatever breaks it, must not stop the others
        _broken[name] = f"{type(error).__name__}: {error}".splitlines()[0]


def methods() -> list[Method]:
    """Return all methods in the order of tables."""
    discover()
    return sorted(_methods.values(), key=lambda m: (m.order, m.name))


def broken() -> dict[str, str]:
    """Return the plugins that could not be imported, with the reason."""
    discover()
    return dict(_broken)


def find(name: str) -> tuple[Method, str | None]:
    """Return the method that `name` means, and the argument behind its colon (`results:DIR`).

    Raises:
        MethodError: There is no such method, or an argument is missing or superfluous.
    """
    discover()
    base, colon, argument = name.partition(":")
    method = _methods.get(base)
    if method is None:
        if base in _broken:
            raise MethodError(f"The plugin '{base}' cannot be imported: {_broken[base]}.")
        raise MethodError(unknown("method", base, _methods))
    if method.argument and not argument:
        raise MethodError(f"Method '{base}' needs an argument: '{base}:{method.argument}'.")
    if colon and not method.argument:
        raise MethodError(f"Method '{base}' takes no argument, but '{name}' was given.")
    return method, argument or None


def create(name: str, setup: Setup | None = None) -> Upscaler:
    """Make the method `name` ready to run.

    Raises:
        MethodError: It is unknown, or cannot do the scale.
        WeightsError: Its weights are missing or damaged.
    """
    method, argument = find(name)
    setup = setup or Setup()
    reason = method.why_not(setup.scale)
    if reason:
        raise (WeightsError if "weights" in reason else MethodError)(reason)
    return method.load(Setup(setup.scale, setup.device, setup.precision, argument))


def to_8bit(name: str, output: object, shape: tuple[int, ...]) -> Image:
    """Check what a method returned and round it to 8 bits, halves away from zero.

    Args:
        name: The method, for messages.
        output: What it returned.
        shape: The shape that is expected: (H, W) or (H, W, 3). For a gray image colour is taken as well, which most
            networks return; the protocol says how the two are compared.

    Raises:
        MethodError: It is no array of that shape, not uint8 or float, or not finite.
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
    clipped = np.clip(output.astype(np.float64), 0.0, 255.0)
    return np.floor(clipped + 0.5).astype(np.uint8)


def fingerprint(name: str, setup: Setup) -> str:
    """Return a hash of all that decides what a method computes: its code, our code under it, weights, setup.

    It needs no import of torch: the code is found by following `import srbench...` statements in the source.
    """
    method, argument = find(name)
    told = f"{name}|{argument}|{setup.scale}|{setup.device}|{setup.precision}"
    digest = hashlib.sha256(told.encode("utf-8", "surrogateescape"))
    from srbench.sources import closure  # here, because only the bench needs it

    for path in closure(method.module):
        digest.update(path.read_bytes())
    weights = method.weights.get(setup.scale)
    if weights is not None and weights.is_file():
        digest.update(images.file_sha256(weights).encode())
    return digest.hexdigest()[:16]

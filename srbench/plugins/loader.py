"""Finds plugins of every kind, imports each once, and remembers what is wrong with those that cannot be used."""

from __future__ import annotations

import importlib
import importlib.metadata
import pkgutil
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from srbench.errors import PluginError
from srbench.plugins import modules
from srbench.plugins.containment import contained
from srbench.plugins.opened import recorded


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of plugin, and where plugins of it come from.

    Attributes:
        name: In the plural, as it stands in the names of the variable and of the entry-point group.
        shipped: The package whose modules are the plugins that come with srbench; empty when none are found this way.
    """

    name: str
    shipped: str = ""

    @property
    def variable(self) -> str:
        """The environment variable that names folders of one's own, separated like those in PATH."""
        return f"SRBENCH_{self.name.upper()}_PATH"

    @property
    def group(self) -> str:
        """The entry-point group of installed packages."""
        return f"srbench.{self.name}"


METHODS = Kind("methods", shipped="srbench.methods")
METRICS = Kind("metrics")
PROTOCOLS = Kind("protocols")
DATASETS = Kind("datasets")

_Attempt = tuple[int, str]  # when the file was last changed, and why it cannot be imported; empty when it was

_lock = threading.RLock()
_attempts: dict[str, _Attempt] = {}
_scanned: dict[Kind, object] = {}
_broken: dict[Kind, dict[str, str]] = {}
_read: dict[str, dict[str, str]] = {}
_imports: list[object] = []


def load(kind: Kind) -> None:
    """Import the plugins of `kind` that are new since the last call; a broken one is named in `broken`.

    What the variable says now counts, and what its folders hold now. A file is imported once in a process, and once
    more after each change while it is broken.
    """
    with _lock:
        state = _state(kind)
        if _scanned.get(kind) == state:
            return
        _scanned[kind] = state  # first, because a plugin may ask for the table while it is imported
        _broken[kind] = {}
        for place, changed, action in [*_shipped(kind), *_own(kind), *_entry_points(kind)]:
            reason = _attempt(place, changed, action)
            if reason:
                _broken[kind][place] = reason
        _scanned[kind] = _state(kind)  # importing writes __pycache__ folders


def broken(kind: Kind) -> dict[str, str]:
    """Return {file, folder or entry point: why it cannot be used}, in one sentence each."""
    return dict(_broken.get(kind, {}))


def files(kind: Kind, suffix: str) -> list[Path]:
    """Return the files of one's own that are data, such as `.toml`, in order; places that are no folder are broken."""
    with _lock:
        _broken[kind] = {}
        return [path for folder in _own_folders(kind) for path in sorted(folder.glob(f"[!_.]*{suffix}"))]


def reject(kind: Kind, place: str | Path, reason: str) -> None:
    """Name a file that `files` gave as broken."""
    _broken.setdefault(kind, {})[str(place)] = reason


def home(module: str) -> str:
    """Return the file of `module`, for messages; its name where it has none."""
    loaded = getattr(sys.modules.get(module), "__file__", None)
    return str(modules.file_of(module) or loaded or module)


def importing() -> object | None:
    """Return a mark of the import of a plugin that is going on, another one for each import; None when none is."""
    return _imports[-1] if _imports else None


def read_at_import(module: str) -> dict[str, str]:
    """Return {path: SHA-256} of the data files that the plugin `module` read while it was imported."""
    parts = module.split(".")
    plugins = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
    return dict(next((_read[plugin] for plugin in plugins if plugin in _read), {}))


def _state(kind: Kind) -> object:
    places = modules.named(kind.variable)
    failed = [Path(place) for place in _broken.get(kind, {})]
    return [(str(place), _changed(place)) for place in (*places, *failed)]


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _own_folders(kind: Kind) -> Iterator[Path]:
    for place in modules.named(kind.variable):
        reason = ""
        if place.is_dir():
            try:
                next(place.iterdir(), None)
            except OSError as error:
                reason = f"{kind.variable} names it, but it cannot be read: {error.strerror}"
        elif place.exists():
            reason = f"{kind.variable} names it, but it is a file; expected the folder it lies in, {place.parent}"
        else:
            reason = f"{kind.variable} names it, but there is no such folder"
        if reason:
            reject(kind, place, reason)
        else:
            yield place


_Found = tuple[str, int, Callable[[], object]]


def _shipped(kind: Kind) -> Iterator[_Found]:
    if not kind.shipped:
        return
    for module in pkgutil.iter_modules(importlib.import_module(kind.shipped).__path__):
        name = f"{kind.shipped}.{module.name}"
        yield name, 0, partial(importlib.import_module, name)


def _own(kind: Kind) -> Iterator[_Found]:
    for folder in _own_folders(kind):
        for module, path in modules.plugins_in(folder):
            yield str(path), _changed(path), partial(_import_own, module, path)


def _entry_points(kind: Kind) -> Iterator[_Found]:
    for entry in importlib.metadata.entry_points(group=kind.group):
        yield f"{entry.name} = {entry.value}", 0, partial(_watched, entry.module, entry.load)


def _import_own(module: str, path: Path) -> None:
    folder = path.parent.parent if path.name == "__init__.py" else path.parent
    for name in [name for name in sys.modules if name == module or name.startswith(f"{module}.")]:
        del sys.modules[name]  # left over from an attempt that failed
    _watched(module, partial(importlib.import_module, module), folder)


def _watched(module: str, action: Callable[[], object], folder: Path | None = None) -> None:
    with contained("importing it", folder), recorded() as opened:
        action()
    _read[module] = opened.hashes()


def _attempt(place: str, changed: int, action: Callable[[], object]) -> str:
    done = _attempts.get(place)
    if done is not None and (not done[1] or done[0] == changed):
        return done[1]
    _attempts[place] = (changed, "")  # a plugin that asks for the table while it is imported is not imported again
    _imports.append(object())
    try:
        reason = _reason(action)
    finally:
        _imports.pop()
    _attempts[place] = (changed, reason)
    return reason


def _reason(action: Callable[[], object]) -> str:
    try:
        action()
    except PluginError as error:
        return str(error)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a broken plugin, whatever breaks it, must not stop the others
        return f"{type(error).__name__}: {error}".strip().splitlines()[0].removesuffix(":")
    return ""

"""What workers cannot import, sent to them by value: methods, metrics and protocols of a script or notebook."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import inspect
import io
import pickle
import sys
import sysconfig
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import srbench
from srbench.bench.journal import writing
from srbench.errors import RunError
from srbench.images import write_atomically
from srbench.metrics import Protocol
from srbench.metrics.table import Metric
from srbench.registry import Method


@dataclass(frozen=True, slots=True)
class Luggage:
    """Methods, metrics and protocols by name."""

    methods: Mapping[str, Method] = field(default_factory=dict)
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    protocols: Mapping[str, Protocol] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.methods or self.metrics or self.protocols)

    @property
    def modules(self) -> list[str]:
        """Names of the modules that they are defined in."""
        found: list[Method | Metric | Protocol] = [*self.methods.values(), *self.metrics.values()]
        return [each.module for each in (*found, *self.protocols.values())]


def is_importable(module: str, group: str) -> bool:
    """Return whether a fresh process finds what `module` registers: it is ours, a plugin file, or an entry point's.

    Args:
        module: Name of a module.
        group: The group of entry points, such as `srbench.methods`.
    """
    root = module.partition(".")[0]
    if root == "srbench" or root.startswith("srbench_"):
        return True
    return root in {entry.module.partition(".")[0] for entry in importlib.metadata.entry_points(group=group)}


def can_travel(value: Method | Metric | Protocol) -> bool:
    """Return whether a method, metric or protocol can leave this process: not if it holds an open file, say."""
    try:
        _dumps(value, [value.module])
    except Exception:  # pickling runs code of users; whatever it raises, the thing has to stay here
        return False
    return True


def pack(luggage: Luggage, path: Path) -> None:
    """Write `luggage` to a file; all of it can travel.

    Raises:
        RunError: The file cannot be written.
    """
    with writing(path):
        write_atomically(path, _dumps(luggage, luggage.modules))


def _dumps(value: object, modules: Sequence[str]) -> bytes:
    import cloudpickle

    with _by_value(modules):
        data: bytes = cloudpickle.dumps(value)
    return data


@contextlib.contextmanager
def _by_value(names: Sequence[str]) -> Iterator[None]:
    """Pickle what the user's modules `names` define by value, since a worker may not find or not have imported them."""
    import cloudpickle

    modules = [sys.modules[name] for name in set(names) - {"__main__"} if name in sys.modules]
    own = [module for module in modules if _is_own(Path(getattr(module, "__file__", None) or ""))]
    for module in own:
        cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in own:
            cloudpickle.unregister_pickle_by_value(module)


@functools.lru_cache(maxsize=1)
def unpack(path: Path) -> Luggage:
    """Return what `pack` wrote.

    Raises:
        RunError: It cannot be made again here.
    """
    try:
        luggage: Luggage = pickle.loads(path.read_bytes())
    except Exception as error:  # as in `can_travel`
        raise RunError(
            f"A method or metric of this session cannot be made again in a worker process: {type(error).__name__}: "
            f"{error}. Put it into a module that can be imported."
        ) from None
    return luggage


def fingerprint(value: object, module: str) -> str:
    """Return a hash of a function or object: of its code, of what that refers to, and of the user's modules it uses.

    The same source gives the same hash in the next session and from another line of the file; a change of a default,
    of a value that is closed over, or of a function that is called gives another. Installed packages do not count.

    Args:
        value: The function or object.
        module: Name of the module that defines it: of that only what is used counts, of others the whole file.

    Raises:
        TypeError: Something in it has no value that could be hashed, such as an open file.
    """
    buffer = io.BytesIO()
    pickler = _pickler()(buffer)
    try:
        with _by_value([module]):
            pickler.dump(value)
    except Exception as error:  # as in `can_travel`
        raise TypeError(f"{type(error).__name__}: {error}") from error
    digest = hashlib.sha256(buffer.getvalue())
    for path in sorted(_own_files(pickler.modules - {module})):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@functools.cache
def _pickler() -> Any:
    """Return cloudpickle's pickler, made to write the same bytes in every process; nobody reads them back."""
    import cloudpickle

    class Stable(cloudpickle.Pickler):  # type: ignore[misc]
        def __init__(self, file: io.BytesIO) -> None:
            super().__init__(file, protocol=5)
            self.modules: set[str] = set()

        def reducer_override(self, value: Any) -> Any:
            if isinstance(value, types.CodeType):
                return tuple, (_code(value),)
            if inspect.ismodule(value):
                self.modules.add(value.__name__)
                return str, (value.__name__,)
            if inspect.isfunction(value) or inspect.isclass(value):
                self.modules.add(value.__module__ or "")
            reduced = super().reducer_override(value)
            if not isinstance(reduced, tuple) or len(reduced) < 3:
                return reduced
            made_of = reduced[1]
            if inspect.isfunction(value):  # its second argument names the file that it came from
                made_of = (made_of[0], {}, *made_of[2:])
            elif inspect.isclass(value):  # its last but one argument is a random number
                made_of = (*made_of[:-2], made_of[-1])
            return (reduced[0], made_of, *reduced[2:])

        def persistent_id(self, value: Any) -> Any:
            # Sets of strings are in another order in every process.
            return sorted(map(repr, value)) if type(value) in (set, frozenset) else None

    return Stable


def _code(code: types.CodeType) -> list[Any]:
    """Return what a code object computes, without the file and the lines that it came from."""
    return [
        code.co_code, list(code.co_consts), list(code.co_names), list(code.co_varnames), list(code.co_freevars),
        list(code.co_cellvars), code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags,
    ]  # fmt: skip


def _own_files(names: set[str]) -> set[Path]:
    """Return the files of the modules `names` and of all that they use in turn, as far as they are the user's own."""
    found: set[Path] = set()
    pending = list(names - {"__main__"})
    while pending:
        module = sys.modules.get(pending.pop())
        path = Path(getattr(module, "__file__", None) or "")
        if module is None or path.suffix != ".py" or path in found or not _is_own(path):
            continue
        found.add(path)
        pending += [
            value.__name__ if inspect.ismodule(value) else str(getattr(value, "__module__", ""))
            for value in list(vars(module).values())
        ]
    return found


def _is_own(path: Path) -> bool:
    installed = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    places = [*map(Path, installed), Path(srbench.__file__).parent]
    return path.is_file() and not any(path.resolve().is_relative_to(place.resolve()) for place in places)

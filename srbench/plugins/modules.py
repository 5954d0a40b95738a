"""Makes Python files in a user's folder ordinary modules that find the modules beside them, each folder its own.

A folder becomes a package `srbench.plugins.<folder>_<hash>`, so that two folders may both hold an `arch.py`. Inside,
`import arch` means the file beside, as it does for a script; the name is looked up where the importing module lies,
and `sys.path` stays as it is.
"""

from __future__ import annotations

import ast
import builtins
import functools
import hashlib
import importlib
import importlib.util
import os
import pkgutil
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType

VARIABLES = tuple(f"SRBENCH_{kind}_PATH" for kind in ("METHODS", "METRICS", "PROTOCOLS", "DATASETS"))
_PREFIX = "srbench.plugins."
_folders: dict[str, Path] = {}


def named(variable: str) -> list[Path]:
    """Return the places that an environment variable names, `~` expanded, each once, whether they exist or not."""
    places = filter(None, os.environ.get(variable, "").split(os.pathsep))
    return list(dict.fromkeys(_absolute(Path(place)) for place in places))


def _absolute(place: Path) -> Path:
    try:
        return place.expanduser().absolute()
    except RuntimeError:  # ~somebody who has no home here: it is named as it was written
        return place


def package(folder: Path) -> str:
    """Return the name of the package that the Python files of `folder` belong to."""
    real = folder.resolve()
    mark = hashlib.sha256(os.fsencode(real)).hexdigest()[:8]
    name = f"{_PREFIX}{re.sub(r'[^a-zA-Z0-9_]', '_', real.name)}_{mark}"
    _folders[name] = real
    return name


def root_of(module: str) -> tuple[str, Path] | None:
    """Return the package of the user's folder that `module` lies in, and the folder; None for other modules."""
    if not module.startswith(_PREFIX):
        return None
    root = ".".join(module.split(".")[:3])
    if root not in _folders:  # a fresh process that unpickles something: the variables still name the folder
        for folder in (folder for variable in VARIABLES for folder in named(variable)):
            package(folder)
    return (root, _folders[root]) if root in _folders else None


def file_of(module: str) -> Path | None:
    """Return the Python file of `module`, found by its path alone: nothing is imported."""
    own = root_of(module)
    if own:
        return _python_file(own[1], module.split(".")[3:])
    top, *rest = module.split(".")
    if top == "__main__":  # a notebook has no file, and a script is no plugin: functions in it are taken by value
        return None
    spec = importlib.util.find_spec(top)
    if spec is None:
        return None
    if not rest:
        return Path(spec.origin) if spec.origin and spec.origin.endswith(".py") else None
    found = (_python_file(Path(place), rest) for place in spec.submodule_search_locations or ())
    return next(filter(None, found), None)


def _python_file(folder: Path, parts: Sequence[str]) -> Path | None:
    if not parts:
        return None
    base = folder.joinpath(*parts)
    candidates = (base / "__init__.py", base.with_name(f"{base.name}.py"))
    return next((path for path in candidates if path.is_file()), None)


def beside(module: str, name: str) -> str | None:
    """Return the full name of the module that `import name` means inside `module`, when it lies beside it.

    The standard library is never hidden, nor is an installed package by a plugin of its name that wraps it.
    """
    own = root_of(module)
    top = name.partition(".")[0]
    if own is None or top == "srbench" or top in sys.stdlib_module_names:
        return None
    root, folder = own
    file = _python_file(folder, [top])
    if file is None:
        # A folder without __init__.py comes after what is installed, as it does in Python.
        return f"{root}.{name}" if (folder / top).is_dir() and not _is_installed(top) else None
    is_itself = module == f"{root}.{top}" and file.name != "__init__.py"
    return None if is_itself else f"{root}.{name}"


def _is_installed(top: str) -> bool:
    spec = importlib.util.find_spec(top)
    return spec is not None and spec.origin is not None  # what has none is another such folder


def imports(path: Path, module: str) -> list[str]:
    """Return the full names of all that the source of `module` imports, anywhere in it, those beside it resolved.

    Raises:
        SyntaxError, ValueError: It is no Python source.
        OSError: It cannot be read.
    """
    return [beside(module, name) or name for name in _imports(path, path.stat().st_mtime_ns, module)]


@functools.lru_cache(maxsize=4096)
def _imports(path: Path, changed: int, module: str) -> tuple[str, ...]:  # noqa: ARG001 - a changed file is read again
    names: list[str] = []
    parent = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parts = parent.split(".")[: len(parent.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*parts, *([node.module] if node.module else [])])
            names += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return tuple(names)


def plugins_in(folder: Path) -> list[tuple[str, Path]]:
    """Return the modules in a user's folder that are plugins, with their files, by name.

    Left alone are files that can register nothing, because neither they nor modules beside them import srbench, when
    another one imports them (a network, say), or when they are programs (they ask for `__main__`). Names with a
    leading underscore are left alone, too.
    """
    root = package(folder)
    found: list[tuple[str, Path]] = []
    for info in sorted(pkgutil.iter_modules([str(folder)])):
        path = file_of(f"{root}.{info.name}")
        if path is not None and not info.name.startswith("_"):
            found.append((f"{root}.{info.name}", path))
    used = {".".join(name.split(".")[:4]) for module, path in found for name in _reachable(module, path)}
    return [
        (module, path)
        for module, path in found
        if _uses_srbench(module, path) or not (module in used or b"__main__" in path.read_bytes())
    ]


def _reachable(module: str, path: Path) -> list[str]:
    """Return all that `module` imports, directly or by modules beside it; what is no Python imports nothing."""
    names: dict[str, None] = {}
    pending = [(module, path)]
    while pending:
        name, file = pending.pop()
        try:
            found = imports(file, name)
        except (SyntaxError, ValueError, OSError):
            continue
        for other in found:
            own = file_of(other) if root_of(other) and other not in names and other != module else None
            names[other] = None
            if own is not None:
                pending.append((other, own))
    return [name for name in names if name != module]


def _uses_srbench(module: str, path: Path) -> bool:
    return any(name.partition(".")[0] == "srbench" and root_of(name) is None for name in _reachable(module, path))


class _Finder(MetaPathFinder):
    """Finds the packages of users' folders and the modules in them."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        own = root_of(fullname)
        if own is None:
            return None
        root, folder = own
        if fullname == root:
            spec = ModuleSpec(fullname, None, is_package=True)
            spec.submodule_search_locations = [str(folder)]
            return spec
        found = PathFinder.find_spec(fullname, path, target)
        if found is not None and isinstance(found.loader, SourceFileLoader):
            found.loader = _Loader(fullname, found.loader.path)
        return found


class _Loader(SourceFileLoader):
    """Runs a module with an `import` of its own: Python takes it from the module's builtins."""

    def exec_module(self, module: ModuleType) -> None:
        vars(module)["__builtins__"] = {**vars(builtins), "__import__": _import_inside(module.__name__)}
        super().exec_module(module)


def _import_inside(module: str) -> Callable[..., ModuleType]:
    def import_(
        name: str,
        globals: Mapping[str, object] | None = None,  # noqa: A002 - the names that __import__ has
        locals: Mapping[str, object] | None = None,  # noqa: A002
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        full = None if level else beside(module, name)
        if full is None:
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        if fromlist:
            return builtins.__import__(full, globals, locals, fromlist)
        importlib.import_module(full)
        return sys.modules[".".join(full.split(".")[:4])]

    return import_


sys.meta_path.insert(0, _Finder())

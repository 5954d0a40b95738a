"""Packages of others whose `__init__.py` imports far more than a network needs: here it imports what is asked for.

The `__init__.py` of BasicSR and of the many repositories that grew from it imports data sets, metrics and trainers with
all that these need. In a folder that is read so, a package runs no `__init__.py`: each name that the file would import
from a module of its own is imported when somebody asks the package for it.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from srbench.plugins import modules


@contextmanager
def sparing(folder: Path) -> Iterator[None]:
    """Let the packages in a folder import on request while the block runs; they stay so afterwards."""
    finder = _Finder(modules.package(folder))
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Finder(MetaPathFinder):
    """Finds the packages below one root, and gives them a loader that runs nothing."""

    def __init__(self, root: str) -> None:
        self._root = root

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - the place is known from the name
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        if not fullname.startswith(f"{self._root}."):
            return None
        file = modules.file_of(fullname)
        if file is None or file.name != "__init__.py":
            return None
        spec = ModuleSpec(fullname, _Loader(file), origin=str(file), is_package=True)
        spec.submodule_search_locations = [str(file.parent)]
        return spec


class _Loader(Loader):
    def __init__(self, file: Path) -> None:
        self._file = file

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = str(self._file)
        module.__getattr__ = _on_request(module.__name__, _sources(self._file, module.__name__))  # type: ignore[method-assign]


def _sources(file: Path, package: str) -> dict[str, tuple[str, str]]:
    """Return {name: (module, name in it)} of what an `__init__.py` imports from modules of its own repository."""
    found = {}
    for node in ast.parse(file.read_bytes()).body:
        if isinstance(node, ast.ImportFrom):
            module = _module(node, package)
            for alias in node.names if module else ():
                if alias.name != "*":
                    found[alias.asname or alias.name] = module or "", alias.name
    return found


def _module(node: ast.ImportFrom, package: str) -> str | None:
    if node.level:
        base = package.split(".")
        kept = base[: len(base) - node.level + 1]
        return ".".join([*kept, *([node.module] if node.module else [])])
    return modules.beside(package, node.module or "")


def _on_request(package: str, sources: dict[str, tuple[str, str]]) -> Callable[[str], object]:
    def get(name: str) -> object:
        if name not in sources:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        module, inside = sources[name]
        if modules.file_of(f"{module}.{inside}") is not None:  # from . import module
            return importlib.import_module(f"{module}.{inside}")
        return getattr(importlib.import_module(module), inside)

    return get

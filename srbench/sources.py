"""Finds the source files that a plugin's results depend on, without importing any of them."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator
from pathlib import Path

from srbench.plugins import modules

# Code that cannot change what a method computes: counting it in would invalidate runs for nothing.
_NEUTRAL = (
    "srbench.contract",
    "srbench.errors",
    "srbench.contract",
    "srbench.registry",
    "srbench.content",
    "srbench.sources",
    "srbench.plugins",
    "srbench.training",
    "srbench.foreign.published",
)


def closure(module: str) -> list[Path]:
    """Return the files of `module` and of all it imports that are of `srbench` or its own, directly or not, sorted.

    Its own are the modules beside it in a folder of plugins, and those of the same installed package. A plugin that
    is a package brings all its Python files except trainers, which make weights and compute nothing in a run. Other
    modules are not followed: `run.json` records their versions.
    """
    own = module.partition(".")[0]
    found: dict[Path, None] = {}
    pending, seen = [module], set()
    while pending:
        name = pending.pop()
        if name in seen or _is_neutral(name):
            continue
        seen.add(name)
        for path in _files(name):
            found[path] = None
            with contextlib.suppress(SyntaxError, ValueError):  # what imports such a file says that it is no Python
                pending += [one for one in modules.imports(path, name) if one.partition(".")[0] in {"srbench", own}]
    return sorted(found)


def folders_named(path: Path) -> Iterator[Path]:
    """Yield the folders that text in a Python file names, as they are or as the place of a file, those that exist."""
    with contextlib.suppress(SyntaxError, ValueError, OSError):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and "/" in node.value:
                with contextlib.suppress(OSError, ValueError, RuntimeError):  # too long, a NUL, no such home
                    place = path.parent / Path(node.value).expanduser()
                    yield from (folder for folder in (place, place.parent) if folder.is_dir())


def _is_neutral(module: str) -> bool:
    return module.startswith(_NEUTRAL) and modules.root_of(module) is None


def _files(module: str) -> list[Path]:
    path = modules.file_of(module)
    if path is None:
        return []
    if path.name == "__init__.py" and (module.startswith("srbench.methods.") or modules.root_of(module)):
        return [file for file in sorted(path.parent.glob("*.py")) if file.stem != "train"]
    return [path]

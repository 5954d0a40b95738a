"""Finds the source files that a plugin's results depend on, without importing any of them."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

# Code that cannot change what a method computes: counting it in would invalidate runs for nothing.
_NEUTRAL = ("srbench.errors", "srbench.registry", "srbench.content", "srbench.sources", "srbench.training")


def closure(module: str) -> list[Path]:
    """Return the files of `module` and of all `srbench` modules it imports, directly or not, sorted.

    A plugin that is a package brings all its own Python files except trainers, which make weights and compute
    nothing in a run. Modules outside `srbench` are not followed: `run.json` records their versions.
    """
    found: dict[Path, None] = {}
    pending, seen = [module], set()
    while pending:
        name = pending.pop()
        if name in seen or name.startswith(_NEUTRAL):
            continue
        seen.add(name)
        for path in _files(name):
            found[path] = None
            pending.extend(_imports(path, name))
    return sorted(found)


def _files(module: str) -> list[Path]:
    try:
        spec = importlib.util.find_spec(module)
    except (ModuleNotFoundError, ValueError):  # `from srbench.images import Image` also tries `.Image`
        return []
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return []
    origin = Path(spec.origin)
    if origin.name == "__init__.py" and module.startswith("srbench.methods."):
        return [path for path in sorted(origin.parent.glob("*.py")) if path.stem != "train"]
    return [origin]


def _imports(path: Path, module: str) -> list[str]:
    names: list[str] = []
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*parts, *([node.module] if node.module else [])])
            names += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return [name for name in names if name.startswith("srbench.")]

"""The layers of the architecture: a module imports only from layers above it in the table."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Lower numbers are higher layers; the longest matching prefix counts.
LAYERS = {
    "srbench": 0,
    "srbench.errors": 0,
    "srbench.content": 0,
    "srbench.devices": 0,
    "srbench.images": 0,
    "srbench.paper": 0,
    "srbench.sources": 0,
    "srbench.plugins": 0,
    "srbench.resize": 1,
    "srbench.metrics": 1,
    "srbench.ranges": 1,
    "srbench.guarded": 1,
    "srbench.registry": 1,
    "srbench.ready": 1,
    "srbench.bench.rows": 1,
    "srbench.mos.store": 1,
    "srbench.weights": 2,
    "srbench.datasets": 2,
    "srbench.bench.journal": 2,
    "srbench.bench.validity": 2,
    "srbench.bench.results": 2,
    "srbench.training": 2,
    "srbench.inference": 2,
    "srbench.mos.design": 2,
    "srbench.stats": 2,
    "srbench.methods": 2,
    "srbench.bench": 3,
    "srbench.tables": 3,
    "srbench.audit": 3,
    "srbench.mos": 3,
    "srbench.upscaling": 3,
    "srbench.diagnosis": 3,
    "srbench.reports": 4,
    "srbench.api": 5,
    "srbench.cli": 6,
    "srbench.__main__": 6,
}


def modules() -> list[tuple[str, Path]]:
    found = []
    for path in sorted((ROOT / "srbench").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found.append((".".join(parts[:-1] if parts[-1] == "__init__" else parts), path))
    for path in sorted((ROOT / "methods").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found.append(("srbench." + ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path))
    return found


KNOWN = {name for name, _ in modules()}


def layer(module: str) -> int:
    parts = module.split(".")
    for end in range(len(parts), 0, -1):
        if ".".join(parts[:end]) in LAYERS:
            known = LAYERS[".".join(parts[:end])]
            # `srbench` itself is no layer: a module that is not in the table must be put there.
            if end > 1 or len(parts) == 1:
                return known
    pytest.fail(f"{module} is in no layer: add it to the table in {Path(__file__).name}")


def top_level_imports(path: Path) -> set[str]:
    """Return what a module imports when it is imported; imports inside functions and for types run later or never."""
    names: set[str] = set()
    pending: list[ast.stmt] = list(ast.parse(path.read_text(encoding="utf-8")).body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            # `from package import module` needs the module; of the package only that it can be found.
            names |= inner if inner <= KNOWN else {node.module} | inner
        elif (isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.dump(node.test)) or isinstance(node, ast.Try):
            pending += node.body + node.orelse
    return {name for name in names if name.startswith("srbench.")}


@pytest.mark.parametrize(("module", "path"), modules(), ids=[name for name, _ in modules()])
def test_imports_run_downward_only(module: str, path: Path) -> None:
    own = layer(module)
    upward = [name for name in top_level_imports(path) if name in KNOWN and layer(name) > own]
    assert not upward, f"{module} (layer {own}) imports {upward} from a later layer"


def test_content_folders_are_no_packages() -> None:
    for folder in ("methods", "datasets", "reports", "mos_app"):
        assert not (ROOT / folder / "__init__.py").exists()

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
    "srbench.locks": 0,
    "srbench.paper": 0,
    "srbench.sources": 0,
    "srbench.tomlfile": 0,
    "srbench.plugins": 0,
    "srbench.resize": 1,
    "srbench.degradations": 1,
    "srbench.metrics": 1,
    "srbench.ranges": 1,
    "srbench.guarded": 1,
    "srbench.contract": 1,
    "srbench.registry": 1,
    "srbench.ready": 1,
    "srbench.bench.rows": 1,
    "srbench.mos.store": 1,
    "srbench.weights": 2,
    "srbench.datasets": 2,
    "srbench.bench.shards": 2,
    "srbench.bench.compaction": 2,
    "srbench.bench.journal": 2,
    "srbench.bench.seals": 2,
    "srbench.bench.validity": 2,
    "srbench.bench.results": 2,
    "srbench.training": 2,
    "srbench.inference": 2,
    "srbench.foreign": 2,
    "srbench.mos.design": 2,
    "srbench.stats": 2,
    "srbench.ratings": 2,
    "srbench.methods": 2,
    "srbench.bench": 3,
    "srbench.tables": 3,
    "srbench.audit": 3,
    "srbench.mos": 3,
    "srbench.upscaling": 3,
    "srbench.diagnosis": 3,
    "srbench.explanation": 3,
    "srbench.pairing": 3,
    "srbench.changes": 4,
    "srbench.gates": 4,
    "srbench.reports": 4,
    "srbench.boards": 4,
    "srbench.claims": 4,
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


def layer(module: str) -> int:
    parts = module.split(".")
    for end in range(len(parts), 0, -1):
        if ".".join(parts[:end]) in LAYERS:
            known = LAYERS[".".join(parts[:end])]
            # `srbench` itself is no layer: a module that is not in the table must be put there.
            if end > 1 or len(parts) == 1:
                return known
    pytest.fail(f"{module} is in no layer: add it to the table in {Path(__file__).name}")


def imports(path: Path, known: set[str]) -> set[str]:
    """Return the modules that a file imports, at once or lazily inside functions; imports for types alone do not count.

    Of `from package import module` only the module counts: packages import what they offer on first use.
    """
    names: set[str] = set()
    pending: list[ast.AST] = list(ast.parse(path.read_text(encoding="utf-8")).body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            pending += node.orelse
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= inside & known if inside <= known else {node.module} | inside & known
        else:
            pending += ast.iter_child_nodes(node)
    return names & known


@pytest.mark.parametrize(("module", "path"), modules(), ids=[name for name, _ in modules()])
def test_imports_run_downward_only(module: str, path: Path) -> None:
    own = layer(module)
    known = {name for name, _ in modules()}
    upward = [name for name in imports(path, known) if layer(name) > own]
    assert not upward, f"{module} (layer {own}) imports {upward} from a later layer"


def test_content_folders_are_no_packages() -> None:
    for folder in ("methods", "datasets", "reports", "mos_app"):
        assert not (ROOT / folder / "__init__.py").exists()

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
    "srbench.paper": 0,
    "srbench.images": 0,
    "srbench.sources": 0,
    "srbench.resize": 1,
    "srbench.metrics": 1,
    "srbench.registry": 1,
    "srbench.results": 1,
    "srbench.devices": 2,
    "srbench.upscaling": 2,
    "srbench.weights": 2,
    "srbench.inference": 2,
    "srbench.datasets": 2,
    "srbench.stats": 2,
    "srbench.training": 3,
    "srbench.methods": 3,
    "srbench.worker": 3,
    "srbench.benchmark": 3,
    "srbench.audit": 4,
    "srbench.mos": 4,
    "srbench.scoreboard": 4,
    "srbench.diagnosis": 4,
    "srbench.reports": 4,
    "srbench.cli": 5,
    "srbench.__main__": 6,
}
# Inside the study package the same rule holds for its own parts.
MOS = {"store": 1, "database": 1, "models": 1, "study": 2, "schedule": 3}


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


def top_level_imports(path: Path) -> set[str]:
    """Return what a module imports when it is imported; imports inside functions and for types run later or never."""
    names: set[str] = set()
    pending: list[ast.stmt] = list(ast.parse(path.read_text(encoding="utf-8")).body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif (isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.dump(node.test)) or isinstance(node, ast.Try):
            pending += node.body + node.orelse
    return {name for name in names if name.startswith("srbench.")}


@pytest.mark.parametrize(("module", "path"), modules(), ids=[name for name, _ in modules()])
def test_imports_run_downward_only(module: str, path: Path) -> None:
    own = layer(module)
    known = {name for name, _ in modules()}
    upward = [name for name in top_level_imports(path) if name in known and layer(name) > own]
    assert not upward, f"{module} (layer {own}) imports {upward} from a later layer"


@pytest.mark.parametrize("part", MOS)
def test_the_store_of_a_study_knows_nothing_of_its_design(part: str) -> None:
    path = ROOT / "srbench" / "mos" / f"{part}.py"
    if not path.is_file():
        pytest.skip(f"there is no srbench/mos/{part}.py")
    for name in top_level_imports(path):
        other = name.removeprefix("srbench.mos.").split(".")[0]
        assert MOS.get(other, 0) <= MOS[part], f"mos.{part} imports mos.{other}"


def test_content_folders_are_no_packages() -> None:
    for folder in ("methods", "datasets", "reports", "mos_app"):
        assert not (ROOT / folder / "__init__.py").exists()

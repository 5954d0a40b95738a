"""What importing srbench costs, and which names an installation brings along."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from . import packages

HEAVY = ("numba", "torch", "pandas", "scipy", "matplotlib", "streamlit", "skimage", "cv2")
FOLDERS = ("datasets", "methods", "reports", "tests", "docs", "mos_app", "benchmarks", "editable")


def loaded_after(code: str) -> list[str]:
    show = f"\nimport sys; sys.stderr.write(' '.join(name for name in {HEAVY} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code + show], capture_output=True, text=True, check=True)
    return done.stderr.split()


def seconds(*arguments: str) -> float:
    """Return the processor time that Python takes, the least of five: other work on the machine only adds."""
    times = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


def test_importing_srbench_imports_nothing_heavy_and_takes_no_time() -> None:
    assert loaded_after("import srbench") == []
    assert seconds("-c", "import srbench") - seconds("-c", "pass") < 0.06


def test_help_needs_nothing_heavy_and_comes_at_once() -> None:
    code = "import sys; from srbench.cli import app; sys.argv[1:] = ['--help']; app(standalone_mode=False)"
    assert loaded_after(code) == []
    assert seconds("-m", "srbench", "--help") < 0.5


def test_listing_methods_imports_no_library_that_only_computing_needs() -> None:
    assert loaded_after("from srbench import registry; registry.table()") == []


@pytest.mark.parametrize("kind", ["wheel", "editable"])
def test_an_installation_shows_no_top_level_name_but_srbench(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    site: Path = request.getfixturevalue(kind)
    code = f"""
import importlib.util, site, sys
sys.path = [path for path in sys.path if "site-packages" not in path and path]
site.addsitedir({str(site)!r})
assert importlib.util.find_spec("srbench"), sys.path
print([name for name in {FOLDERS} if importlib.util.find_spec(name)])
"""
    done = python("-S", "-c", code, cwd=tmp_path)
    assert done.stdout == "[]\n", done.stderr


def test_an_editable_install_runs_the_checkout(editable: Path, tmp_path: Path) -> None:
    entry = next(editable.glob("*.pth")).read_text().strip()
    code = f"""
import sys
sys.path.insert(0, {entry!r})
from srbench import content
import srbench.methods.nearest
print(content.folder("methods").resolve(), content.folder("datasets"))
"""
    done = python("-c", code, cwd=tmp_path)
    assert done.stdout == f"{packages.ROOT / 'methods'} {packages.ROOT / 'datasets'}\n", done.stderr


def python(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    # -I: neither PYTHONPATH nor the working directory counts.
    return subprocess.run([sys.executable, "-I", *arguments], cwd=cwd, capture_output=True, text=True, check=False)

"""Fixtures that many tests share: where the real data sets and golden values are, when they are there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from . import cells, packages

ROOT = packages.ROOT

# Tests run on all cores at once: threads of one of them would only wait for those of the others. Nothing above imports
# NumPy, and workers inherit what is set here.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")


def pytest_xdist_auto_num_workers() -> int:
    """Return in how many processes to test: one more than cores, as browsers and servers keep some of them waiting."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def data_root() -> Path:
    """Folder with set5/, set14/, bsd100/: `SRBENCH_DATA` or ../shared/datasets; skips when neither is there."""
    for place in (os.environ.get("SRBENCH_DATA", ""), ROOT.parent / "shared" / "datasets"):
        if place and (Path(place) / "set5").is_dir():
            return Path(place).resolve()
    pytest.skip("needs Set5, Set14 and BSD100: set SRBENCH_DATA to a folder that holds set5/, set14/ and bsd100/")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder ../shared with golden values and published results; skips when it is not there."""
    place = ROOT.parent / "shared"
    if not (place / "golden").is_dir():
        pytest.skip("needs the golden values in ../shared/golden, which are not part of this repository")
    return place


@pytest.fixture(scope="session")
def golden(shared: Path) -> Path:
    """The folder of golden values."""
    return shared / "golden"


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked wheel; its dependencies come from the environment that runs the tests."""
    return packages.wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def editable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an editable install puts into site-packages."""
    return packages.editable(tmp_path_factory.mktemp("editable"))


@pytest.fixture
def own_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test register methods, metrics and protocols that no later test sees."""
    from srbench import metrics, plugins, registry
    from srbench.errors import MethodError, MetricError
    from srbench.metrics import protocol, table

    registry.discover()
    metrics.metrics()  # what ships is registered once in a process, so before the tables are copied
    for module, name, kind, error in (
        (registry, "_methods", "method", MethodError),
        (table, "_metrics", "metric", MetricError),
        (protocol, "PROTOCOLS", "protocol", MetricError),
    ):
        monkeypatch.setattr(module, name, dict(getattr(module, name)))
        monkeypatch.setattr(module, "_names", plugins.Names(kind, error))


@pytest.fixture
def run_cells() -> cells.Notebook:
    """Runs code as the cells of a notebook, in a process of its own."""
    return cells.run_cells


@pytest.fixture(autouse=True)
def fresh_opener(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a test's proxies out of later tests: urllib stores those of its first call for the whole process."""
    monkeypatch.setattr("urllib.request._opener", None)

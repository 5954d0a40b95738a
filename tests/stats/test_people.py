"""The benchmark of intervals of metrics against people counts what it says."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from srbench.stats.jackknife import Estimate

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("people", ROOT / "benchmarks" / "people.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["people"] = module
    spec.loader.exec_module(module)
    return module


def test_shares_are_of_studies_that_have_an_interval(benchmark: ModuleType) -> None:
    around = Estimate(0.5, np.array([0.4, 0.45, 0.5, 0.55, 0.6]), np.array([0.5, 0.5]))
    perfect = Estimate(1.0, np.ones(5), np.ones(2))
    found = [{"x": (around, "fisher")}, {"x": (around, "fisher")}, {"x": (perfect, "fisher")}]
    assert benchmark.covered(found, "x", 0.5) == "100 (100), 1 without"
    assert benchmark.covered(found, "x", -0.999999) == "0 (0), 1 without"
    assert benchmark.covered(found[2:], "x", 0.5) == "none"


def test_a_study_has_every_figure(benchmark: ModuleType) -> None:
    study = benchmark.Setting(0.2, 0.3, 0.2, 0.1).draw(5, np.random.default_rng(0))
    found = benchmark.figures(study)
    assert len(found) == 3 * 3 + 2
    assert all(-1 <= each.value <= 1 for each, _ in found.values())

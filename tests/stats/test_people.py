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
    ends = ({"x": (0.4, 0.6)}, {"x": (0.6, 0.7)}, {})
    found = [
        benchmark.Found({"x": (each, "fisher")}, other)
        for each, other in zip((around, around, perfect), ends, strict=True)
    ]
    assert benchmark.covered(found, "x", 0.5) == "100.0 (100.0; 50.0), 1 without"
    assert benchmark.covered(found, "x", -0.999999) == "0.0 (0.0; 0.0), 1 without"
    assert benchmark.covered(found[2:], "x", 0.5) == "none"


def test_a_study_has_every_figure(benchmark: ModuleType) -> None:
    study = benchmark.Setting(0.2, 0.3, 0.2, 0.1).draw(5, np.random.default_rng(0))
    found = benchmark.figures(study)
    assert len(found) == 3 * 3 + 2
    assert all(-1 <= each.value <= 1 for each, _ in found.values())


def test_the_bootstrap_resamples_images_of_what_is_estimated(benchmark: ModuleType) -> None:
    source = np.random.default_rng(0)
    study = benchmark.Setting(0.6, 1.2, 0.5, 0.0).draw(40, source)
    found, intervals = benchmark.figures(study), benchmark.bootstrapped(study, 400, source)
    assert set(intervals) == {name for name in found if name.endswith(("all", "within"))}
    for name, (low, high) in intervals.items():
        error = found[name][0].error()[0]
        assert low < found[name][0].value < high
        assert (high - low) / 4 == pytest.approx(error, rel=0.5)

"""The system of crossed random effects."""

from __future__ import annotations

import numpy as np
import pytest

from srbench.stats.crossed import crossed
from tests.stats.conftest import simulated


def test_full_and_sparse_systems_solve_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = simulated("five_images")
    fitted = []
    for limit in (0, 10**6):
        monkeypatch.setattr("srbench.stats.crossed._DENSE_UP_TO", limit)
        groups = crossed(frame, ("rater", "image", "method:rater", "method:image"))
        weights = np.random.default_rng(0).uniform(0.1, 1.0, len(frame))
        system = groups.system(groups.normal(weights), np.array([0.5, 0.3, 0.2, 0.4]))
        right = np.random.default_rng(1).normal(size=groups.total)
        fitted.append([system.log_determinant, system.solve(right), system.traces(), system.leverages()])
    for sparse, full in zip(*fitted, strict=True):
        np.testing.assert_allclose(full, sparse, atol=1e-9)

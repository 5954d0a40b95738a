"""The system of ratings and comparisons, solved block by block, is the dense one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from srbench.errors import StatisticsError
from srbench.stats.joint_design import EFFECTS, JointDesign, joint_design
from srbench.stats.joint_system import JointSystem

METHODS = ("a", "b", "c")


def design(effects: Sequence[str], raters: int, images: int) -> JointDesign:
    """Return a design with gaps, in which some raters only rate and others only compare."""
    source = np.random.default_rng(3)
    rows, pairs = [], []
    for r in range(raters):
        for i in range(images):
            seen = [m for m in METHODS if r > 0 and source.random() < 0.8]
            rows += [(f"r{r}", "d", f"i{i}", m, float(source.integers(1, 5))) for m in seen]
            left, right = source.choice(METHODS, 2, replace=False)
            if r < raters - 1 and source.random() < 0.7:
                pairs.append((f"r{r}", "d", f"i{i}", left, right, float(source.choice([1.0, 1.5, 2.0]))))
    rated = pd.DataFrame(rows, columns=["rater", "dataset", "image", "method", "score"])
    compared = pd.DataFrame(pairs, columns=["rater", "dataset", "image", "left", "right", "score"])
    return joint_design(rated, compared, METHODS, effects)


@pytest.mark.parametrize(("raters", "images"), [(4, 9), (9, 4)])
@pytest.mark.parametrize("effects", [EFFECTS, EFFECTS[::-1], ["method:rater"], ["image", "rater"]])
def test_it_solves_as_the_dense_system_does(effects: Sequence[str], raters: int, images: int) -> None:
    made = design(effects, raters, images)
    source = np.random.default_rng(0)
    weights, sds = source.uniform(0.1, 2.0, len(made.category)), source.uniform(0.2, 1.5, len(effects))
    scales, right = np.repeat(sds, made.sizes), source.normal(size=made.total)
    random = made.random.toarray() * scales
    dense = random.T @ (weights[:, None] * random) + np.eye(made.total)
    system = JointSystem(made.elimination, weights, scales)
    np.testing.assert_allclose(system.solve(right), np.linalg.solve(dense, right), atol=1e-12)
    assert system.log_determinant == pytest.approx(np.linalg.slogdet(dense)[1], abs=1e-10)
    whole = random * (random @ np.linalg.inv(dense))
    expected = np.add.reduceat(whole, made.starts, axis=1).T
    np.testing.assert_allclose(system.leverages(len(effects)), expected, atol=1e-12)


def test_the_larger_of_images_and_raters_is_eliminated() -> None:
    assert design(EFFECTS, 4, 9).elimination.inner.shape == (9, 4)
    assert design(EFFECTS, 9, 4).elimination.inner.shape == (9, 4)
    assert design(["method:rater"], 4, 9).elimination.outer.size == 0


def test_weights_that_are_no_weights_are_refused() -> None:
    made = design(EFFECTS, 4, 9)
    for weight in (np.nan, -100.0):
        with pytest.raises(StatisticsError, match="joint model has no maximum"):
            JointSystem(made.elimination, np.full(len(made.category), weight), np.ones(made.total))

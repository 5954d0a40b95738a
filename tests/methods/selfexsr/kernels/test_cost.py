"""The cost and the bias of a patch are those of the formula, however early it is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

from srbench.methods.selfexsr import kernels
from tests.methods.selfexsr.scene import (
    Array,
    Scene,
    plain_cost,
)


def random_states(scene: Scene, count: int, seed: int) -> list[tuple[int, int, int, Array, Array]]:
    rng = np.random.default_rng(seed)
    height, width = scene.shape
    states = []
    for _ in range(count):
        row, column = int(rng.integers(2, height - 2)), int(rng.integers(2, width - 2))
        source = rng.uniform([2.5, 2.5], [width - 2.5, height - 2.5])
        a = rng.uniform(1.2, 3) * np.eye(2) + rng.normal(0, 0.3, (2, 2))
        states.append((row, column, int(rng.integers(3)), source, a))
    return states


def evaluate(scene: Scene, state: tuple[int, int, int, Array, Array], limit: float) -> tuple[float, ...]:
    row, column, plane, source, a = state
    line = scene.prior.lines[plane]
    t = kernels.transform(line[0], line[1], column + 0.5, row + 0.5, source[0], source[1], tuple(a.ravel()))
    return tuple(kernels.evaluate(scene.target, row, column, plane, t, limit, scene.sources, scene.prior))


def test_the_cost_and_bias_of_a_patch_are_those_of_the_formula() -> None:
    scene = Scene()
    finite = 0
    for state in random_states(scene, 400, 1):
        row, column, plane, source, a = state
        expected, bias = plain_cost(scene, row, column, plane, source, a)
        found = evaluate(scene, state, np.inf)
        assert math.isinf(found[0]) == math.isinf(expected)
        if math.isfinite(expected):
            finite += 1
            assert found[0] == pytest.approx(expected, rel=1e-4, abs=1e-6)
            assert found[1:] == pytest.approx(bias, abs=1e-5)
    assert finite > 200


def test_the_early_exit_refuses_only_what_costs_more_than_the_limit() -> None:
    scene = Scene()
    for state in random_states(scene, 300, 2):
        cost = evaluate(scene, state, np.inf)[0]
        if math.isfinite(cost):
            assert evaluate(scene, state, cost * 1.001 + 1e-6)[0] == cost
            assert evaluate(scene, state, cost * 0.999 - 1e-6)[0] >= cost * 0.999 - 1e-6


def test_the_bias_never_exceeds_a_quarter() -> None:
    scene = Scene()
    scene.target[:] = 1
    scene.sources.blurred[:] = 0
    cost, *bias = evaluate(scene, (10, 10, 0, np.array([15.0, 12.0]), 2 * np.eye(2)), np.inf)
    assert bias == [0.25, 0.25, 0.25]
    assert cost == pytest.approx(3 * 0.75**2 + 1e-3 * 2 * scene.prior.cost[0].mean(), abs=5e-3)

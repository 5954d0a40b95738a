"""Friedman's test against scipy, and Nemenyi's groups against scikit-posthocs."""

from __future__ import annotations

import numpy as np
import pytest
import scikit_posthocs
from scipy import stats as scipy_stats

from srbench.errors import StatisticsError
from srbench.stats import (
    friedman,
)
from srbench.stats.tables import Cube


def _cube(seed: int, m: int = 5, i: int = 14) -> Cube:
    source = np.random.default_rng(seed)
    cells = np.round(source.normal(3, 0.5, (m, 1, i)) + 0.1 * np.arange(m)[:, None, None], 1)
    return Cube("s", tuple("abcdefgh"[:m]), ("",), tuple(map(str, range(i))), cells)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_friedman_is_scipys_and_nemenyi_groups_are_those_of_scikit_posthocs(seed):
    cube = _cube(seed)
    found = friedman(cube)
    values = cube.cells[:, 0]
    expected = scipy_stats.friedmanchisquare(*values)
    assert (found.statistic, found.p) == pytest.approx((expected.statistic, expected.pvalue), abs=1e-9)
    table = scikit_posthocs.posthoc_nemenyi_friedman(values.T).to_numpy()
    k, n = values.shape
    ranks = scipy_stats.rankdata(-values, axis=0).mean(axis=1)
    statistic = abs(ranks[:, None] - ranks) / np.sqrt(k * (k + 1) / (6 * n))
    p = scipy_stats.studentized_range.sf(statistic * np.sqrt(2), k, np.inf)
    off = ~np.eye(k, dtype=bool)
    assert p[off] == pytest.approx(table[off], abs=1e-9)
    for a in range(k):
        for b in range(a):
            together = any({"abcde"[a], "abcde"[b]} <= set(group) for group in found.groups)
            assert together == (table[a, b] >= 0.05)


def test_ranks_of_friedman_turn_round_where_less_is_better():
    cube = _cube(0)
    up, down = friedman(cube).ranks, friedman(cube, higher_is_better=False).ranks
    assert (6 - up[down.index]).to_numpy() == pytest.approx(down.to_numpy())


def test_friedman_without_any_difference_has_p_one():
    cells = np.full((4, 1, 6), 3.0)
    found = friedman(Cube("s", ("a", "b", "c", "d"), ("",), tuple("123456"), cells))
    assert (found.p, found.kendall_w) == (1.0, 0.0)
    assert found.groups == (("a", "b", "c", "d"),)


def test_friedman_needs_two_common_images():
    cells = np.full((3, 1, 4), np.nan)
    cells[:, 0, 0] = [1, 2, 3]
    with pytest.raises(StatisticsError, match="two images or more"):
        friedman(Cube("s", ("a", "b", "c"), ("",), tuple("1234"), cells))

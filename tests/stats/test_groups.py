"""Groups of methods that are not told apart, against going through all subsets."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from srbench.stats.groups import groups


@pytest.mark.parametrize("seed", range(6))
def test_groups_are_the_largest_sets_without_a_difference(seed: int) -> None:
    source, methods = np.random.default_rng(seed), list("fedcba")
    pairs = list(combinations(methods, 2))
    told = source.random(len(pairs)) < 0.15 * (seed + 1)
    table = pd.DataFrame(pairs, columns=["a", "b"]).assign(significant=told)
    different = {frozenset(pair) for pair, apart in zip(pairs, told, strict=True) if apart}
    sets = [set(some) for size in range(2, 7) for some in combinations(methods, size)]
    same = [some for some in sets if not any(frozenset(pair) in different for pair in combinations(some, 2))]
    largest = {frozenset(some) for some in same if not any(some < other for other in same)}
    found = groups(table, methods)
    assert {frozenset(group) for group in found} == largest
    assert len(found) == len(largest)
    assert all(list(group) == sorted(group, key=methods.index) for group in found)


def test_a_pair_that_nobody_compared_is_not_told_apart() -> None:
    table = pd.DataFrame({"a": ["x"], "b": ["y"], "significant": [True]})
    assert groups(table, ["x", "y", "z"]) == (("x", "z"), ("y", "z"))

"""Which methods are not told apart: the largest groups without any significant difference inside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd


def groups(comparisons: pd.DataFrame, methods: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Return the largest groups of methods of which no two are told apart, each of two methods or more.

    Groups overlap where a method is told apart from neither of two that are told apart from each other. A pair that
    nobody compared is not told apart.

    Args:
        comparisons: From `compare` or `compare_scores`, of a single metric and data set.
        methods: The methods, in the order in which groups name them.

    >>> pairs = pd.DataFrame({"a": ["x", "x", "y"], "b": ["y", "z", "z"], "significant": [False, True, False]})
    >>> groups(pairs, ["x", "y", "z"])
    (('x', 'y'), ('y', 'z'))
    """
    same: dict[str, set[str]] = {name: set(methods) - {name} for name in methods}
    for row in comparisons[comparisons["significant"]].itertuples(index=False):
        same[str(row.a)].discard(str(row.b))
        same[str(row.b)].discard(str(row.a))
    found = [tuple(sorted(each, key=methods.index)) for each in _cliques(set(), set(methods), set(), same)]
    return tuple(sorted((each for each in found if len(each) > 1), key=lambda each: [*map(methods.index, each)]))


def _cliques(chosen: set[str], open_: set[str], done: set[str], same: dict[str, set[str]]) -> Iterator[set[str]]:
    """Yield the maximal cliques (Bron and Kerbosch, Communications of the ACM 16, 1973, with a pivot)."""
    if not open_ and not done:
        yield chosen
        return
    pivot = max(sorted(open_ | done), key=lambda name: len(same[name] & open_))
    for name in sorted(open_ - same[pivot]):
        yield from _cliques(chosen | {name}, open_ & same[name], done & same[name], same)
        open_, done = open_ - {name}, done | {name}

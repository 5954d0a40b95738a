"""What a table is made of."""

from __future__ import annotations

import pytest

from srbench.tables.table import cells, group_rules


@pytest.mark.parametrize(
    ("first", "ruled"),
    [
        (["a", "a", "b", "b", "c"], {2, 4}),
        (["a"], set()),
        ([], set()),
        (["a", "", "", "b", "", "b"], {3}),
        (["a", "b", "a"], {1, 2}),
    ],
)
def test_a_rule_stands_above_every_new_group_but_the_first(first: list[str], ruled: set[int]) -> None:
    assert group_rules([cells(text, "x") for text in first]) == ruled

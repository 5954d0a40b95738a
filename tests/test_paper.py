from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from srbench import paper


def test_every_published_figure_equals_the_golden_table(golden: Path) -> None:
    wanted = json.loads((golden / "paper_tables.json").read_text())
    for table in ("table1", "table2"):
        expected = {
            dataset: {method: [math.inf if v is None else v for v in row] for method, row in rows.items()}
            for dataset, rows in wanted[table].items()
        }
        found = {d: {m: list(f) for m, f in rows.items()} for d, rows in paper.tables()[table].items()}
        assert found == expected
    marked = wanted["table1_significantly_higher_in_category"]
    assert {d: list(m) for d, m in paper.significantly_higher().items()} == marked
    assert wanted["ratings_total"] == paper.RATINGS


def test_both_tables_agree_where_they_overlap() -> None:
    one, two = paper.tables()["table1"], paper.tables()["table2"]
    for dataset in ("set5", "set14"):
        for method in ("srresnet-mse", "srgan-vgg54"):
            assert one[dataset][method] == two[dataset][method]


@pytest.mark.parametrize(("dataset", "count"), [("set5", 12), ("set14", 12), ("bsd100", 9)])
def test_each_set_has_the_versions_of_the_paper(dataset: str, count: int) -> None:
    names = paper.versions(dataset)
    assert len(names) == count
    assert {name for d, name in paper.mos() if d == dataset} == set(names)

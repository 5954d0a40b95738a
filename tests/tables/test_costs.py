"""What methods cost: as columns of tables, in records, and as a table of its own."""

from __future__ import annotations

import pandas as pd
import pytest

from srbench.errors import ReportError
from srbench.tables import costs, render, score_table, score_tables
from srbench.tables.names import name_everything

NETWORK = {
    "title": "Net",
    "parameters": 1_549_462,
    "multiply_accumulates": 127_766_937_600,
    "counted_for": [180, 320],
    "device": "cpu",
}


@pytest.fixture
def run(scores, info):
    """Two images of a network, of a function, and of stored pictures."""
    table = scores({"net": [29.0, 31.0], "function": [28.0, 30.0], "results/mine": [28.0, 30.0]})
    table.loc[table["method"] == "net", ["seconds", "peak_mb"]] = [[0.25, 400.0], [0.75, 1400.0]]
    return table, info(2, net=NETWORK, function={"device": "cpu"}) | {"scale": 4}


def test_the_columns_stand_behind_the_scores_and_what_nobody_knows_is_a_dash(run) -> None:
    table = score_table(*run, "psnr", columns="cost")
    assert list(table.head) == ["Method", "Set5", "Parameters", "MACs (G)", "s / image", "Peak MB"]
    assert {row[0].text: [cell.text for cell in row[2:]] for row in table.rows} == {
        "Net": ["1,549,462", "127.77", "0.500", "1,400"],
        "function": ["\u2013", "\u2013", "0.100", "90"],
        "results/mine": ["\u2013"] * 4,
    }
    assert any("for an SR image of 1280x720 from an LR image of 320x180" in note for note in table.notes)


def test_a_size_is_stated_only_where_something_was_counted_for_it(run) -> None:
    table, info = run
    info["methods"]["net"] = {**NETWORK, "multiply_accumulates": None}
    assert not any("SR image of" in note for note in score_table(table, info, "psnr", columns="cost").notes)


def test_without_being_asked_for_they_are_not_there(run) -> None:
    assert list(score_table(*run, "psnr").head) == ["Method", "Set5"]


def test_several_metrics_and_failed_images_change_neither_time_nor_memory(run, scores) -> None:
    table, info = run
    more = table.assign(metric="ssim")
    failed = scores({"net": [None]}).assign(seconds=99.0, image="i9")
    found = costs.costs(pd.concat([table, more, failed]), info)["net"]
    assert (found.seconds, found.peak_mb) == (0.5, 1400.0)


def test_scripts_find_them_beside_the_means(run) -> None:
    record = next(one for one in score_table(*run, "psnr", columns=["cost"]).records() if one["method"] == "net")
    expected = {
        "parameters": 1_549_462,
        "multiply_accumulates": 127_766_937_600,
        "seconds_per_image": 0.5,
        "peak_mb": 1400.0,
    }
    assert record.items() >= {**expected, "mean": 30.0}.items()


@pytest.mark.parametrize("form", ["md", "csv", "latex", "json", "html"])
def test_every_format_has_them(form: str, run) -> None:
    assert "1,549,462" in render(score_tables(*run, "cost"), form) or "1549462" in render(
        score_tables(*run, "cost"), form
    )


def test_other_columns_are_refused_in_one_line(run) -> None:
    with pytest.raises(ReportError, match=r"cots.*cost"):
        score_tables(*run, "cots")


def test_a_report_has_a_table_of_all_that_is_known(run) -> None:
    table = costs.cost_table(*run, name_everything(*run))
    assert [row[0].text for row in table.rows] == ["function", "Net"]
    stored = run[0][run[0]["method"] == "results/mine"]
    assert costs.cost_table(stored, run[1], name_everything(stored, run[1])) is None

"""Titles: those of manifests and methods, no two alike, in one order everywhere."""

from __future__ import annotations

import pandas as pd
import pytest

from srbench import datasets
from srbench.errors import DatasetError
from srbench.tables.names import name_everything


def test_data_sets_go_by_the_titles_of_their_manifests(scores, info):
    names = name_everything(scores({"a": [1]}), info())
    assert names.dataset("set5") == datasets.find("set5").title == "Set5"
    assert names.dataset("all") == "All sets"


def test_a_damaged_manifest_does_not_stop_a_table(scores, info, monkeypatch):
    def broken():
        raise DatasetError("mine.toml is damaged.")

    monkeypatch.setattr(datasets, "manifests", broken)
    assert name_everything(scores({"a": [1]}), info()).dataset("set5") == "set5"


def test_two_methods_of_one_title_get_their_names_added(scores, info):
    same = {"title": "Ours", "order": 1}
    names = name_everything(scores({"a": [1], "b": [1], "c": [1]}), info(a=same, b=same, c={"title": "Other"}))
    assert [names.method(name) for name in names.methods] == ["Ours (a)", "Ours (b)", "Other"]


def test_two_data_sets_of_one_title_get_their_names_added(scores):
    table = pd.concat([scores({"a": [1]}), scores({"a": [1]}, dataset="Set5")])
    names = name_everything(table, {})
    assert sorted(names.dataset_titles.values()) == ["Set5 (Set5)", "Set5 (set5)"]


def test_the_original_stands_last_and_the_paper_orders_what_the_run_does_not_know(scores):
    rated = pd.DataFrame({"method": ["hr", "drcn", "nearest"], "dataset": "set5"})
    names = name_everything(scores({"mine": [1]}), {"methods": {"mine": {"title": "Mine", "order": 45}}}, rated)
    assert names.methods == ("nearest", "mine", "drcn", "hr")
    assert names.method("drcn") == "DRCN"


def test_without_a_run_the_smallest_set_comes_first(scores):
    rated = pd.DataFrame({"dataset": ["a"] * 3 + ["b"] * 2, "image": ["i", "j", "k", "i", "j"], "method": "m"})
    assert name_everything(scores({"m": [1]}).iloc[:0], {}, rated).datasets == ("b", "a")


@pytest.mark.parametrize(
    ("metric", "label", "digits", "printed"),
    [("psnr", "PSNR (dB)", 2, "28.43"), ("ssim", "SSIM", 4, "28.4321"), ("mos", "MOS", 2, "28.43")],
)
def test_a_metric_has_a_label_and_decimals(scores, metric, label, digits, printed):
    names = name_everything(scores({"a": [1]}, metric=metric), {})
    assert (names.label(metric), names.digits(metric), names.number(metric, 28.43210)) == (label, digits, printed)


def test_a_metric_that_is_not_installed_here_goes_by_its_name(scores):
    names = name_everything(scores({"a": [1]}, metric="sharpness"), {})
    assert (names.metric("sharpness"), names.higher_is_better("sharpness")) == ("SHARPNESS", True)

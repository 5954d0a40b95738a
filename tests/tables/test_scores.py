"""The tables of a run: methods by data sets, as data, and in every format."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from srbench.errors import ReportError
from srbench.tables import COLUMNS, render, score_table, score_tables


def texts(table):
    return [[cell.text for cell in row] for row in table.rows]


def test_there_is_one_table_per_metric_and_protocol_psnr_first(scores, info):
    parts = [
        scores({"a": [1]}, metric=metric, protocol=protocol)
        for metric in ("gmsd", "ssim", "psnr")
        for protocol in ("matlab", "daala")
    ]
    captions = [table.caption.partition(" (")[0] for table in score_tables(pd.concat(parts), info(1))]
    assert captions == [
        f"{metric} at x4, protocol {protocol}"
        for metric in ("PSNR", "SSIM", "GMSD")
        for protocol in ("daala", "matlab")
    ]


def test_the_papers_figures_and_differences_stand_beside_ours(scores, info):
    table = score_table(scores({"bicubic": [28.5] * 5, "mine": [29.0] * 5}), info(), "psnr")
    assert list(table.head) == ["Method", "Set5", "paper", "diff"]
    assert texts(table) == [["Bicubic", "28.50", "28.43", "+0.07"], ["mine", "29.00", "", ""]]
    assert table.caption == "PSNR at x4, protocol daala (version 2); mean over images (Set5: 5)"


def test_without_any_of_the_papers_figures_there_are_no_columns_for_them(scores, info):
    table = score_table(scores({"bicubic": [28.5] * 3, "mine": [29.0] * 3}), info(3), "psnr")
    assert list(table.head) == ["Method", "Set5"]


def test_notes_name_copies_features_and_what_was_left_out(scores, info):
    table = scores({"a": [1.0, math.inf, 3.0], "b": [1.0, 2.0, 3.0]})
    made = score_table(table, info(2, b={"title": "B", "note": "features: a substitute"}), "psnr")
    assert list(made.notes) == [
        "a, PSNR on Set5: 1 of 2 images is identical to the original.",
        "B: features: a substitute.",
        "Set5: 1 image with scores is no more part of it and left out.",
    ]


def test_a_metric_of_which_less_is_better_says_so(scores, info):
    assert score_table(scores({"a": [1]}, metric="lpips-alex"), info(1), "lpips-alex").caption.endswith(
        "(Set5: 1), less is better"
    )


def test_records_keep_the_keys_that_scripts_read(scores, info):
    frame = score_table(scores({"bicubic": [28.5] * 5, "part": [29.0] * 3}), info(), "psnr").to_frame()
    assert {"caption", "metric", "method", "dataset", "mean", "images", "failed", "best", "published"} < set(frame)
    whole, part = frame.to_dict("records")
    assert (whole["mean"], whole["images"], whole["of"], whole["published"]) == (28.5, 5, 5, 28.43)
    assert (part["mean"], part["images"], part["of"], part["best"]) == (29.0, 3, 5, False)


def test_a_table_shows_itself_in_a_notebook(scores, info):
    shown = score_table(scores({"a": [1.0, 2.0], "b": [2.0, 3.0]}), info(2), "psnr")._repr_html_()
    assert "<td>a</td>" in shown
    assert "<b>2.50</b>" in shown


def test_an_unknown_metric_or_protocol_is_an_error_that_says_what_there_is(scores, info):
    table = scores({"a": [1]})
    with pytest.raises(ReportError, match="Did you mean 'psnr'"):
        score_table(table, info(1), "pnsr")
    with pytest.raises(ReportError, match="has psnr under daala, not under 'matlab'"):
        score_table(table, info(1), "psnr", "matlab")
    with pytest.raises(ReportError, match="no scores"):
        score_table(table.iloc[:0], info(1), "psnr")
    assert score_tables(table.iloc[:0], info(1)) == []


def test_tables_need_no_other_columns_than_they_name(scores, info):
    rows, about = scores({"bicubic": [28.0, None], "mine": [29.0, 30.0]}), info(2)
    whole, few = (score_tables(each, about, "cost") for each in (rows, rows[list(COLUMNS)]))
    assert render(few, "json") == render(whole, "json")

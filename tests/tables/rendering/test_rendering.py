"""Records for scripts, and the choice of a format."""

from __future__ import annotations

import io
import json
import math

import pandas as pd
import pytest

from srbench.errors import RunError
from srbench.tables import FORMATS, Table, render
from srbench.tables.table import cells


def test_csv_reads_back_as_numbers(table, words):
    frame = pd.read_csv(io.StringIO(render([table], "csv")), keep_default_na=False, na_values={"mean": [""]})
    assert frame["method"].tolist() == [words, "other"]
    assert frame["mean"].tolist()[0] == math.inf
    assert math.isnan(frame["mean"].tolist()[1])
    assert frame["failed"].tolist() == [0, 1]


def test_json_is_standard_json_although_it_has_no_infinity(table, words):
    def refuse(constant: str) -> float:
        raise AssertionError(constant)

    first, second = json.loads(render([table], "json"), parse_constant=refuse)
    assert (first["method"], first["mean"], first["best"]) == (words, "inf", True)
    assert (second["mean"], second["failed"], second["of"]) == (None, 1, 5)


def test_a_table_without_means_gives_its_texts():
    table = Table("t", "c", ["Set", "p"], [cells("Set5", "0.0625")])
    assert table.to_frame().to_dict("records") == [{"caption": "c", "Set": "Set5", "p": "0.0625"}]


@pytest.mark.parametrize("form", FORMATS)
def test_no_table_is_rendered_in_every_format(form):
    assert render([], form).strip() in {"", "[]", '""'}


def test_an_unknown_format_is_refused_with_the_nearest(table):
    with pytest.raises(RunError, match="Did you mean 'latex'"):
        render([table], "latx")

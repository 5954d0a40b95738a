"""The paper's figures stand only where they compare."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from srbench.tables.names import name_everything
from srbench.tables.published import difference_cell, published, published_cell
from srbench.tables.table import Mean

BICUBIC = Mean("daala", "2", "psnr", "bicubic", "set5", 28.4251, images=5, of=5)


def test_the_papers_bicubic_stands_beside_ours():
    assert published(BICUBIC, 4) == 28.43


def test_what_the_card_of_a_model_states_goes_before_the_paper():
    stated = {"set5": {"daala": {"psnr": 28.5}}}
    assert published(BICUBIC, 4, stated) == 28.5
    assert published(replace(BICUBIC, metric="ssim"), 4, stated) == pytest.approx(0.8211)
    assert published(replace(BICUBIC, dataset="mine", of=7, images=7), 2, {"mine": {"daala": {"psnr": 30}}}) == 30
    for part in ({"images": 4}, {"images": 3, "of": 3}, {"protocol": "matlab"}):
        assert published(replace(BICUBIC, **part), 4, stated) is None


def test_stored_results_compare_with_the_method_they_are_called_after():
    assert published(replace(BICUBIC, method="results/ledig/SRResNet-MSE"), 4) == 32.05


@pytest.mark.parametrize(
    "change",
    [
        {"protocol": "matlab"},
        {"metric": "lpips"},
        {"dataset": "urban100"},
        {"method": "mine"},
        {"images": 4},
        {"images": 4, "of": 4},
        {"images": 5, "of": 6},
    ],
)
def test_what_does_not_compare_has_none(change):
    assert published(replace(BICUBIC, **change), 4) is None


def test_another_scale_has_none():
    assert published(BICUBIC, 2) is None


def test_the_difference_is_that_of_the_printed_figures(scores):
    names = name_everything(scores({"bicubic": [1]}), {})
    for value, text in ((28.4251, "0.00"), (28.4249, "\u22120.01"), (28.436, "+0.01")):
        assert difference_cell(replace(BICUBIC, value=value, published=28.43), names).text == text
    assert published_cell(replace(BICUBIC, published=28.43), names).text == "28.43"


@pytest.mark.parametrize("value", [None, math.inf])
def test_there_is_no_difference_to_nothing_and_to_infinity(scores, value):
    names = name_everything(scores({"bicubic": [1]}), {})
    assert difference_cell(replace(BICUBIC, value=value, published=28.43), names).text == ""

"""A mean is over today's inputs, says over how many of them, and only whole ones are the best."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from srbench.tables.means import current, leaders, mark_best, mean_cell, mean_notes, means, opinion_means
from srbench.tables.names import name_everything

INF = math.inf


def by_method(table, info):
    return {mean.method: mean for mean in means(table, info)}


def test_a_mean_is_the_plain_mean(scores, info):
    found = by_method(scores({"a": [26, 27, 28, 29, 31.5]}), info())["a"]
    assert (found.value, found.images, found.of, found.failed, found.whole) == (28.3, 5, 5, 0, True)


def test_a_mean_over_some_images_says_so_and_is_never_the_best(scores, info):
    table = scores({"a": [26, 27, 28, 29, 30], "b": [25, 26, 27, 28, 29], "part": [40, 41]})
    names = name_everything(table, info())
    marked = {mean.method: mean for mean in mark_best(means(table, info()), names)}
    assert mean_cell(marked["part"], names).text == "40.50 (2 of 5)"
    assert [name for name, mean in marked.items() if mean.best] == ["a"]


def test_what_is_missing_did_not_fail(scores, info):
    table = scores({"part": [40, 41], "broken": [40, None, 42, 43, 44]})
    found = by_method(table, info())
    assert (found["part"].failed, found["part"].images, found["part"].value) == (0, 2, 40.5)
    assert (found["broken"].failed, found["broken"].images, found["broken"].value) == (1, 5, None)
    names = name_everything(table, info())
    assert mean_cell(found["broken"], names).text == "failed (1 of 5)"
    assert mean_cell(None, names).text == "\u2013"


@pytest.mark.parametrize("damage", ["no value", "no row"])
def test_a_score_without_a_value_is_missing_and_did_not_fail(scores, info, damage):
    table = scores({"part": [40, 41, 42, 43, 44], "none": [1, 2, 3, 4, 5]})
    hit = ((table["method"] == "part") & (table["image"] == "i1")) | (table["method"] == "none")
    table = table.assign(value=table["value"].mask(hit)) if damage == "no value" else table[~hit]
    found, names = by_method(table, info()), name_everything(table, info())
    assert (found["part"].value, found["part"].images, found["part"].failed) == (42.25, 4, 0)
    assert mean_cell(found["part"], names, star=True).text == "42.25 (4 of 5)"
    none = mean_cell(found.get("none"), names, star=True)
    assert (none.text, none.star, none.bold) == ("\u2013 (0 of 5)" if damage == "no value" else "\u2013", False, False)


def test_scores_of_images_that_are_gone_are_left_out_and_counted(scores, info):
    table = scores({"a": [26, 27, 90, 91], "b": [25, 26, 10, 11]})
    kept, notes = current(table, info(2), name_everything(table, info(2)))
    assert {mean.method: mean.value for mean in means(kept, info(2))} == {"a": 26.5, "b": 25.5}
    assert notes == ["Set5: 2 images with scores are no more part of it and left out."]


def test_a_set_that_the_run_does_not_list_keeps_its_scores(scores):
    table = scores({"a": [26, 27], "b": [25]}, dataset="mine")
    kept, notes = current(table, {}, name_everything(table, {}))
    assert (len(kept), notes) == (3, [])
    assert {mean.method: mean.of for mean in means(kept, {})} == {"a": 2, "b": 2}


def test_an_image_that_equals_its_original_makes_the_mean_infinite_and_is_counted(scores, info):
    table = scores({"a": [26, 27, 28, INF, 30], "b": [35, 36, 37, 38, 39], "hr": [INF] * 5})
    names = name_everything(table, info())
    found = mark_best(means(table, info()), names)
    assert {mean.method: (mean.value, mean.best) for mean in found} == {
        "a": (INF, True),
        "b": (37.0, False),
        "hr": (INF, False),
    }
    assert [mean_cell(mean, names).text for mean in found] == ["\u221e", "37.00", "\u221e"]
    assert mean_notes(found, names) == ["a, PSNR on Set5: 1 of 5 images is identical to the original."]


def test_an_infinite_score_of_another_metric_is_not_called_a_copy(scores, info):
    table = scores({"a": [1.0, INF, INF]}, metric="own")
    assert mean_notes(means(table, info(3)), name_everything(table, info(3))) == [
        "a, OWN on Set5: 2 of 3 images are of infinite score."
    ]


def test_scores_infinite_in_both_directions_have_no_mean(scores, info):
    table = scores({"a": [INF, -INF, 3.0]}, metric="own")
    found = means(table, info(3))[0]
    assert found.value is None
    assert mean_cell(found, name_everything(table, info(3))).text == "\u2013"


def test_what_is_printed_alike_is_equally_good(scores, info):
    table = scores({"a": [30.001], "b": [30.004], "c": [29.99]})
    names = name_everything(table, info(1))
    assert [mean.method for mean in leaders(means(table, info(1)), names)] == ["a", "b"]


def test_less_is_better_where_the_metric_says_so(scores, info):
    table = scores({"a": [0.3], "b": [0.1], "c": [INF]}, metric="lpips-alex")
    names = name_everything(table, info(1))
    assert not names.higher_is_better("lpips-alex")
    assert [mean.method for mean in leaders(means(table, info(1)), names)] == ["b"]


def test_alone_nothing_is_the_best(scores, info):
    table = scores({"a": [30.0], "hr": [INF], "part": []})
    assert not any(mean.best for mean in mark_best(means(table, info(1)), name_everything(table, info(1))))


def test_versions_of_a_protocol_are_never_mixed(scores, info):
    table = pd.concat([scores({"a": [20, 20]}, protocol_version="1"), scores({"a": [30]}, protocol_version="2")])
    assert [(m.protocol_version, m.value, m.images, m.of) for m in means(table, info(2))] == [
        ("1", 20.0, 2, 2),
        ("2", 30.0, 1, 2),
    ]


@pytest.mark.parametrize(("scale", "published"), [(4, 2.57), (2, None)])
def test_opinions_are_means_too(scale, published):
    mos = pd.DataFrame(
        {"dataset": "set5", "method": ["srcnn", "drcn"], "mos": [2.5, 3.0], "images": [5, 4]},
    )
    first, second = opinion_means(mos, scale)
    assert (first.metric, first.value, first.whole) == ("mos", 2.5, True)
    assert first.published == published
    assert (second.whole, second.published) == (False, None)

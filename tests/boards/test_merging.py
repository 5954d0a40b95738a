"""Which runs' inputs are one set, and which runs' methods one row."""

from __future__ import annotations

import pytest

from srbench.bench import results
from srbench.boards.merging import merge
from srbench.errors import ReportError
from srbench.tables.means import means


def test_two_runs_of_equal_inputs_and_code_are_one_table(base, variant):
    alone, both = merge([results.load(base)]), merge([results.load(base), variant()])
    assert [entry.key for entry in both.entries] == [entry.key for entry in alone.entries]
    assert all(entry.runs == ["first", "second"] for entry in both.entries)
    assert len(both.scores) == len(alone.scores)
    assert not both.notes


def test_a_method_of_other_code_is_a_row_of_its_own_with_the_name_of_its_run(base, variant):
    def change(info, scores):
        info["methods"]["bicubic"]["fingerprint"] = "other"
        return scores

    merged = merge([results.load(base), variant(change)])
    assert merged.names.method("bicubic") == "Bicubic (first)"
    assert merged.names.method("bicubic (second)") == "Bicubic (second)"
    assert any("a row each: bicubic" in note for note in merged.notes)


def test_a_score_that_contradicts_another_is_not_swallowed(base, variant):
    def change(info, scores):
        scores.loc[(scores["method"] == "bicubic") & (scores["image"] == "img_001"), "value"] += 0.01
        return scores

    merged = merge([results.load(base), variant(change)])
    assert {"bicubic", "bicubic (second)"} <= {entry.key for entry in merged.entries}


def test_a_method_without_a_fingerprint_is_never_taken_for_another_runs(base, variant):
    def change(info, scores):
        info["methods"]["nearest"].pop("fingerprint")
        return scores

    merged = merge([results.load(base), variant(change)])
    assert "nearest (second)" in {entry.key for entry in merged.entries}


def test_another_original_under_the_same_name_makes_another_set_and_no_mean_mixes_them(base, variant):
    def change(info, scores):
        info["datasets"]["set5"]["img_002"]["input_hash"] = "another picture"
        return scores

    merged = merge([results.load(base), variant(change)])
    assert [one.key for one in merged.sets] == ["set5", "odd name", "set5-x4"]
    assert merged.names.dataset("set5") == "Set5 (first)"
    assert merged.names.dataset("set5-x4") == "Set5 (second)"
    assert any("Set5 is not known to be the same in all runs" in note for note in merged.notes)
    sizes = merged.scores.groupby("dataset")["run"].unique()
    assert list(sizes["set5"]) == ["first"]
    assert list(sizes["set5-x4"]) == ["second"]


def test_inputs_without_checksums_are_taken_for_no_other_runs(base, variant):
    def change(info, scores):
        info["datasets"]["set5"] = {image: {} for image in info["datasets"]["set5"]}
        return scores

    merged = merge([variant(change, "one"), variant(change, "two")])
    assert [one.key for one in merged.sets if one.dataset == "set5"] == ["set5", "set5-x4"]


def test_a_run_over_some_images_says_of_how_many(base, variant):
    def change(info, scores):
        info["datasets"]["set5"] = {name: info["datasets"]["set5"][name] for name in ("img_001", "img_004")}
        info["methods"]["bicubic"]["fingerprint"] = "other"
        return scores[(scores["dataset"] != "set5") | scores["image"].isin(["img_001", "img_004"])]

    merged = merge([variant(change), results.load(base)])
    found = {(mean.method, mean.dataset): mean for mean in means(merged.scores, merged.info) if mean.metric == "psnr"}
    assert (found["bicubic", "set5"].images, found["bicubic", "set5"].of) == (2, 5)
    assert found["bicubic (first)", "set5"].whole
    assert found["nearest", "set5"].whole  # the same code in both: the images of both
    assert any("Set5 has 5 images here; fewer in second" in note for note in merged.notes)


def test_sets_at_two_scales_are_told_apart(base, variant):
    def change(info, scores):
        info["scale"] = 2
        return scores.assign(scale=2)

    merged = merge([results.load(base), variant(change)])
    assert merged.names.dataset("set5") == "Set5 x4"
    assert merged.names.dataset("set5-x2") == "Set5 x2"


def test_two_folders_of_one_name_get_two_labels(base):
    assert list(merge([results.load(base), results.load(base)]).runs) == ["first", "first (2)"]


def test_times_of_two_machines_and_metrics_of_two_codes_are_said(base, variant):
    def change(info, scores):
        info["machine"] = {"platform": "another"}
        info["metric_fingerprints"] = {"psnr": "b"}
        return scores

    def first(info, scores):
        info["metric_fingerprints"] = {"psnr": "a"}
        return scores

    notes = merge([variant(first, "one"), variant(change)]).notes
    assert any("several machines" in note for note in notes)
    assert any("The code of PSNR is not the same in all runs" in note for note in notes)


def test_runs_without_scores_are_refused(variant):
    with pytest.raises(ReportError, match="None of the runs has scores"):
        merge([variant(lambda info, scores: scores.iloc[:0])])

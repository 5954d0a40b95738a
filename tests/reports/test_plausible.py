"""A report of scores that cannot be is refused with the score; two spellings of one name are asked about."""

from __future__ import annotations

import math

import pytest

from srbench.bench.results import RunResults
from srbench.errors import ReportError
from srbench.reports import Choices, StudyRatings
from srbench.reports.analysis import find

QUICK = Choices(pictures=False, models=False)


def changed(run, metric: str, value: float) -> RunResults:
    scores = run.scores.copy()
    hit = (scores["metric"] == metric) & (scores["method"] == "bicubic") & (scores["image"] == "img_003")
    scores.loc[hit & (scores["dataset"] == "set5"), "value"] = value
    return RunResults(run.folder, scores, run.info)


@pytest.mark.parametrize(
    ("metric", "value"), [("ssim", 1.2), ("ssim", -1.5), ("ssim", math.inf), ("psnr", 1e300), ("psnr", -3.0)]
)
def test_a_score_that_cannot_be_is_refused_with_its_place(run, metric, value):
    with pytest.raises(ReportError, match=rf"1 values of {metric} cannot be: expected .* bicubic has .* set5/img_003"):
        find(changed(run, metric, value), None, QUICK)


@pytest.mark.parametrize(("metric", "value"), [("ssim", 1.0), ("ssim", -0.2), ("psnr", math.inf), ("psnr", 118.0)])
def test_a_score_at_the_end_of_what_can_be_is_taken(run, metric, value):
    find(changed(run, metric, value), None, QUICK)


def test_scores_of_two_scales_are_refused(run):
    scores = run.scores.assign(scale=[2 if method == "bicubic" else 4 for method in run.scores["method"]])
    with pytest.raises(ReportError, match="mix the scales x2, x4"):
        find(RunResults(run.folder, scores, run.info), None, QUICK)


def test_two_spellings_of_one_name_are_asked_about(run, ratings):
    ratings["method"] = ratings["method"].replace({"bicubic": "Bicubic"})
    ratings["dataset"] = ratings["dataset"].replace({"set5": "Set 5"})
    notes = find(run, StudyRatings("s", ratings), QUICK).notes
    assert any(note.startswith("Are 'Bicubic' and 'bicubic' one method?") for note in notes)
    assert any(note.startswith("Are 'Set 5' and 'set5' one data set?") for note in notes)
    assert not any("one method" in note for note in find(run, None, QUICK).notes)

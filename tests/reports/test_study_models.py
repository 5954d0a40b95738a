"""What a report says of models of a study: sentences follow intervals, and every document has tables and figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from srbench import reports
from srbench.bench.results import RunResults
from srbench.errors import ReportError
from srbench.reports.findings import Findings
from srbench.reports.page import Report
from srbench.reports.predictions import course, predictions
from tests.reports.conftest import draw_ratings, laid_out, undrawn
from tests.reports.test_preferences import draw_comparisons

TABLES = ("image-agreement", "pair-accuracy", "metric-contrasts", "distributions", "drift", "power")


def changed(findings: Findings, table: str, **columns: object) -> Findings:
    """Return findings in which all rows of a table have other values."""
    assert findings.opinions is not None
    modelled = findings.opinions.modelled
    other = replace(modelled, **{table: getattr(modelled, table).assign(**columns)})
    return replace(findings, opinions=replace(findings.opinions, modelled=other))


def test_every_document_has_the_tables_and_a_figure_per_metric(worded: Report, tmp_path: Path) -> None:
    assert [name for name in TABLES if worded.table(name) is None] == []
    names = {figure.drawing.name for figure in worded.figures}
    assert {"agreement-psnr", "agreement-ssim", "drift"} <= names
    page, text, latex = (path.read_text() for path in reports.save(worded, tmp_path))
    for name in TABLES:
        table = worded.table(name)
        assert table is not None
        assert "(synthetic ratings)" in table.caption
        assert table.caption in page
        assert table.caption in text
        assert rf"\input{{tables/{name}.tex}}" in latex
    stimuli = pd.read_csv(tmp_path / "tables" / "stimuli.csv")
    assert len(stimuli) == 14 * 5
    assert {"psi", "psi_low", "rho_high", "p"} <= set(stimuli.columns)


def test_a_sentence_tells_within_from_across_and_says_what_chance_may_do(worded: Report) -> None:
    said = predictions(worded.findings)[0]
    assert said.startswith("PSNR on all sets: versions of one image are ordered with a mean rank correlation of 0.9")
    assert "images of one version with" in said
    assert "it decides 100 % as they do" in said  # perfect: without an interval, chance is not spoken of
    likely = changed(worded.findings, "pair_accuracy", clear=0.93, clear_low=0.81, clear_high=0.97)
    assert "93 % [81, 97] as they do, more than by chance" in predictions(likely)[0]
    unclear = changed(worded.findings, "pair_accuracy", clear=0.55, clear_low=0.45, clear_high=0.64)
    assert "55 % [45, 64] as they do, which chance may do too" in predictions(unclear)[0]
    wrong = changed(worded.findings, "pair_accuracy", clear=0.2, clear_low=0.1, clear_high=0.3)
    assert "20 % [10, 30] as they do, fewer than by chance" in predictions(wrong)[0]
    none = changed(worded.findings, "image_agreement", srcc_low=-0.2, srcc_high=0.4)
    assert ", which may be none" in predictions(none)[0]


def test_no_metric_is_called_closer_to_people_without_an_interval_that_says_so(worded: Report) -> None:
    same = changed(worded.findings, "metric_contrasts", low=-0.1, high=0.1, differs=False)
    assert (
        predictions(same)[-1] == "On all sets, within images: no metric is shown to be closer to people than another."
    )
    told = changed(worded.findings, "metric_contrasts", difference=0.2, low=0.1, high=0.3, differs=True)
    assert predictions(told)[-1] == "On all sets, within images: PSNR is closer to people than SSIM."
    nothing = changed(worded.findings, "metric_contrasts", low=float("nan"), high=float("nan"), differs=False)
    assert predictions(nothing)[-1].endswith("for want of intervals.")


def test_drift_is_told_only_where_its_interval_excludes_none(worded: Report) -> None:
    assert worded.findings.opinions is not None
    drift = worded.findings.opinions.modelled.drift
    assert drift is not None

    def said(**values: object) -> list[str]:
        assert worded.findings.opinions is not None
        other = replace(worded.findings.opinions.modelled, drift=replace(drift, **values))  # type: ignore[arg-type]
        opinions = replace(worded.findings.opinions, modelled=other)
        return course(replace(worded.findings, opinions=opinions))

    assert "no drift of all raters is shown" in said(trend=0.1, low=-0.1, high=0.3)[0]
    assert "fall by \N{MINUS SIGN}0.20" in said(trend=-0.2, low=-0.3, high=-0.1)[0]
    assert "rise by +0.20" in said(trend=0.2, low=0.1, high=0.3)[0]
    marked = drift.raters.assign(drifts=drift.raters["rater"] == "r03")
    assert "hold for all raters at once: r03" in said(raters=marked, p_sd=0.01, sd=0.3)[1]
    assert said(raters=marked, p_sd=0.4)[1].startswith("That raters differ in their trends is not shown")


def test_without_models_there_is_no_drift_and_no_power(run: RunResults) -> None:
    study = reports.StudyRatings("lab", draw_ratings(4), "imported")
    with undrawn():
        made = reports.build(run, study, reports.Choices(pictures=False, models=False))
    assert made.table("drift") is None
    assert made.table("power") is None
    assert made.table("pair-accuracy") is not None


def test_ratings_without_an_order_say_so(run: RunResults) -> None:
    study = reports.StudyRatings("lab", draw_ratings(4).drop(columns="trial"), "imported")
    with undrawn():
        made = reports.build(run, study, reports.Choices(pictures=False))
    assert any("without the column 'trial'" in note for note in made.findings.notes)
    assert made.table("drift") is None


def test_ratings_and_comparisons_meet_on_one_scale(run: RunResults, tmp_path: Path) -> None:
    ratings = reports.StudyRatings("lab", draw_ratings(6), "imported")
    file = tmp_path / "pairs.csv"
    draw_comparisons().to_csv(file, index=False)
    choices = reports.Choices(pictures=False, models=False)
    with laid_out():
        documents = reports.write(run, ratings, tmp_path / "out", choices=choices, pairs=file)
    page, text, latex = (path.read_text() for path in documents)
    for document in (page, text):
        assert "Ratings and comparisons on one scale" in document
        assert "times as clearly as ratings" in document
        assert "Quality by pair comparison" in document
        assert "Mean opinion scores" in document
    assert r"\input{tables/joint.tex}" in latex


def test_two_studies_of_one_kind_or_of_people_and_a_program_are_not_joined(run: RunResults) -> None:
    ratings = reports.StudyRatings("lab", draw_ratings(3), "imported")
    pairs = reports.StudyRatings("pairs", draw_comparisons(2), "imported")
    for study, other, message in (
        (None, pairs, "name a study of ratings"),
        (pairs, pairs, "name a study of ratings"),
        (ratings, ratings, "has ratings, but --pairs takes"),
        (ratings, replace(pairs, origin="synthetic"), "One of both studies is synthetic"),
    ):
        with pytest.raises(ReportError, match=message):
            reports.write(run, study, pairs=other)

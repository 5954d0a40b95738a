"""Reports of a study without a run, on any scale and of every design."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import srbench as sb
from srbench import reports, stats
from srbench.cli import app
from srbench.errors import ReportError
from srbench.reports import Choices, StudyRatings, page
from srbench.reports.analysis import find
from srbench.reports.page import Report
from tests.reports.conftest import draw_ratings, laid_out, undrawn
from tests.reports.test_preferences import draw_comparisons

QUICK = Choices(models=False)


@pytest.fixture(scope="module")
def tidy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ratings from 0 to 100 in a tidy file, hidden originals among them."""
    path = tmp_path_factory.mktemp("tidy") / "lab.csv"
    ratings = draw_ratings(8)
    ratings.assign(score=25 * (ratings["score"] - 1) + 0.5 * (ratings["score"] < 5), rating_scale="0:100").assign(
        design="acr-hr", study="lab"
    ).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def alone(tidy: Path) -> Report:
    with laid_out():
        return reports.build(None, reports.from_file(tidy), QUICK)


def test_every_document_of_a_study_alone_has_opinions_and_nothing_of_a_run(alone: Report, tmp_path: Path) -> None:
    for path in reports.save(alone, tmp_path):
        text = path.read_text(encoding="utf-8")
        assert "Opinions of people on Set5, odd name" in text
        assert "from 0 to 100" in text
        assert "Differential mean opinion scores" in text or path.suffix == ".tex"
        for words in ("PSNR", "Tables of the paper", "Accuracy, cost", "Metrics against people", "Crops", "protocol"):
            assert words not in text, (path.name, words)
    assert (tmp_path / "tables" / "dmos.tex").is_file()
    assert {figure.drawing.name for figure in alone.figures} >= {"distributions", "ranks", "matrix-mos", "matrix-dmos"}


def test_full_precision_of_every_stimulus_lies_beside_the_report(alone: Report, tidy: Path, tmp_path: Path) -> None:
    reports.save(alone, tmp_path, ["md"])
    found = pd.read_csv(tmp_path / "tables" / "stimuli.csv")
    expected = stats.mean_opinion_scores(pd.read_csv(tidy), ("dataset", "image", "method"))
    pd.testing.assert_frame_equal(found, expected, check_exact=False, rtol=1e-12)


def test_the_dmos_table_has_the_original_by_definition_and_the_means_of_stats(alone: Report, tidy: Path) -> None:
    table = alone.table("dmos")
    assert table is not None
    rows = [[cell.text for cell in row] for row in table.rows]
    dmos = stats.mean_opinion_scores(stats.differential(pd.read_csv(tidy))).set_index(["dataset", "method"])
    assert [row[2] for row in rows if row[1] == "Original (HR)"] == ["100.00 by definition"] * 2
    nearest = next(row for row in rows if row[:2] == ["Set5", "Nearest"])
    assert nearest[2] == f"{dmos.loc[('set5', 'nearest'), 'mos']:.2f}"
    findings = alone.findings
    pairs = findings.comparisons[findings.comparisons["metric"] == "dmos"]
    assert len(pairs) == 2 * 6
    assert "hr" not in {*pairs["a"], *pairs["b"]}
    assert any("Highest differential mean opinion score (DMOS)" in line for line in page.summary(findings))


def test_originals_that_people_do_not_find_good_are_named(tidy: Path) -> None:
    frame = pd.read_csv(tidy)
    poor = (frame["method"] == "hr") & (frame["image"] == "img_003") & (frame["dataset"] == "set5")
    frame.loc[poor, "score"] = 30.0
    notes = find(None, StudyRatings("lab", frame, design="acr-hr"), QUICK).notes
    assert any("1 of 5 originals have a mean below 75, the lowest is 'img_003' with 30.00" in note for note in notes)


def test_scores_beside_the_original_are_called_dmos_and_have_no_second_difference() -> None:
    study = StudyRatings("lab", draw_ratings(6), design="dcr")
    with undrawn():
        made = reports.build(None, study, QUICK)
    table = made.table("mos")
    assert table is not None
    assert table.head[2] == "DMOS"
    assert made.table("dmos") is None
    text = page.markdown(made)
    assert "from 1 (very annoying) to 5 (imperceptible)" in text
    assert "Highest degradation mean opinion score (DMOS)" in text
    assert "All pairs, DMOS" in text
    assert "MOS" not in text.replace("DMOS", "")


def test_opinions_on_another_scale_stand_beside_no_published_ones(run, tidy: Path) -> None:
    hundred = find(run, reports.from_file(tidy), Choices(models=False, pictures=False))
    assert all(mean.published is None for mean in hundred.means if mean.metric in {"mos", "dmos"})
    five = find(run, StudyRatings("lab", draw_ratings(4)), Choices(models=False, pictures=False))
    assert any(mean.published is not None for mean in five.means if mean.metric == "mos")


def test_a_study_of_stimuli_without_methods_is_reported(tmp_path: Path) -> None:
    (tmp_path / "wide.csv").write_text("clip,ann,bob,cem\nx,1,2,1\ny,4,5,4\nz,3,3,2\n")
    with laid_out():
        made = reports.build(None, reports.from_file(tmp_path / "wide.csv"), QUICK)
    assert [figure.drawing.name for figure in made.figures if figure.drawing.section == "opinions"] == ["distributions"]
    assert any("needs two methods" in note for note in made.findings.notes)
    assert "as shown on imported" in page.markdown(made)


def test_pairs_alone_have_a_figure_and_sentences(tmp_path: Path) -> None:
    with laid_out():
        made = reports.build(None, StudyRatings("pairs", draw_comparisons(), design="pc"), QUICK)
    text = page.markdown(made)
    assert "Preferred most, against the mean of all versions: " in text
    table = made.findings.preferences.models["odd name"].contrasts()
    clear = int(table["differs"].sum())
    assert 0 < clear < 6
    assert f"odd name, preference: {clear} of 6 differences in JOD are significant; not told apart: " in text
    assert [figure.drawing.name for figure in made.figures] == ["preferences"]
    assert "a lean to the left is part of the model" in text
    unknown = draw_comparisons().assign(sides="unknown")
    with undrawn():
        again = reports.build(None, StudyRatings("pairs", unknown, design="pc"), QUICK)
    assert "no lean to a side is in the model" in page.markdown(again)
    assert all(model.order == 0.0 for model in again.findings.preferences.models.values())


def test_the_command_and_the_call_make_the_same_report(tidy: Path, tmp_path: Path) -> None:
    arguments = ["report", "--ratings", str(tidy), "--out", str(tmp_path / "a"), "--no-models", "--format", "md"]
    with undrawn():
        result = CliRunner().invoke(app, arguments, catch_exceptions=False)
        made = sb.report(None, tidy, tmp_path / "b", formats=["md"], choices=QUICK)
    assert result.output.strip() == str(tmp_path / "a" / "report.md")
    assert made == [tmp_path / "b" / "report.md"]
    assert made[0].read_bytes() == (tmp_path / "a" / "report.md").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Name a run"),
        (["--study", "lab", "--ratings", "x.csv"], "two sources of opinions"),
        (["--study", "lab", "--scale", "0:9"], "name the file with --ratings"),
        (["--ratings", "TIDY", "--protocol", "matlab"], "this report has none"),
        (["--ratings", "TIDY", "--crop", "set5/img_001:0,0,9,9"], "this report has none"),
        (["--ratings", "TIDY", "--crush"], "defined for ratings from 1 to 5, and these go from 0 to 100"),
    ],
)
def test_what_does_not_fit_is_refused(tidy: Path, arguments: list[str], message: str) -> None:
    given = [str(tidy) if word == "TIDY" else word for word in arguments]
    with pytest.raises(ReportError, match=message):
        CliRunner().invoke(app, ["report", *given, "--no-models"], catch_exceptions=False)


def test_crushing_needs_hidden_originals_and_is_said() -> None:
    with pytest.raises(ReportError, match=r"design acr-hr"):
        find(None, StudyRatings("lab", draw_ratings(4), design="acr"), Choices(models=False, crush=True))
    with undrawn():
        study = StudyRatings("lab", draw_ratings(4), design="acr-hr")
        made = reports.build(None, study, Choices(models=False, crush=True))
    assert "scores above 5 were crushed by 7 DV / (2 + DV)" in page.markdown(made)

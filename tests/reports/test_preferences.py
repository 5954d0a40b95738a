"""Reports of studies by pair comparison."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from srbench import reports, stats
from srbench.bench.results import RunResults
from srbench.errors import ReportError, StatisticsError
from srbench.reports import studies
from srbench.reports.page import Report
from tests.reports.conftest import QUALITY, SETS, laid_out

QUICK = reports.Choices(pictures=False)


def draw_comparisons(raters: int = 6) -> pd.DataFrame:
    """Return forced choices between all versions of every picture but the original, sides at random."""
    source = np.random.default_rng(0)
    rows = []
    for rater in range(raters):
        for dataset, count in SETS.items():
            for number in range(count):
                for a, b in combinations([name for name in QUALITY if name != "hr"], 2):
                    left, right = (a, b) if source.random() < 0.5 else (b, a)
                    score = 1 if QUALITY[left] - QUALITY[right] + source.normal() > 0 else 2
                    rows.append((f"r{rater}", len(rows), dataset, f"img_{number + 1:03d}", left, right, score))
    return pd.DataFrame(rows, columns=["rater", "trial", "dataset", "image", "left", "right", "score"])


@pytest.fixture(scope="module")
def compared(run: RunResults) -> Report:
    with laid_out():
        return reports.build(run, reports.StudyRatings("pairs", draw_comparisons(), "synthetic", design="pc"), QUICK)


def test_a_study_of_pairs_has_a_table_of_qualities_and_one_of_pairs(compared: Report) -> None:
    table, pairs = compared.table("preferences"), compared.table("preference-pairs")
    assert table is not None
    assert pairs is not None
    assert "(synthetic ratings)" in table.caption
    assert "(synthetic ratings)" in pairs.caption
    rows = [[cell.text for cell in row] for row in table.rows]
    assert [row[:2] for row in rows[:2]] == [["Set5", "Nearest"], ["Set5", "Bicubic"]]
    assert len(rows) == 2 * 4
    assert len(pairs.rows) == 2 * 6
    qualities = [float(row[2].replace("\N{MINUS SIGN}", "-")) for row in rows[4:]]
    assert qualities[:2] == sorted(qualities[:2])
    assert max(qualities[:2]) < min(qualities[2:])
    assert "324 comparisons by 6 raters" in " ".join(table.notes)


def test_every_document_shows_both_tables_and_says_what_was_done(compared: Report, tmp_path: Path) -> None:
    page, text, latex = (path.read_text() for path in reports.save(compared, tmp_path))
    for document in (page, text):
        assert "Quality by pair comparison" in document
        assert "All pairs, by preference" in document
        assert "Thurstone" in document
        assert "504" in document
    assert r"\input{tables/preferences.tex}" in latex
    assert (tmp_path / "tables" / "preferences.tex").is_file()
    assert "Mean opinion" not in text


def test_comparisons_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "comparisons.csv"
    draw_comparisons().assign(study="lab").to_csv(file, index=False)
    found = studies.from_file(file)
    assert found.compares
    assert found.name == "lab"
    assert found.origin == "imported"
    assert stats.pair_model(found.ratings).observations == 504


def test_a_set_without_a_model_is_noted_and_damage_is_refused(run: RunResults) -> None:
    frame = draw_comparisons()
    apart = frame["left"].isin(["nearest", "bicubic"]) == frame["right"].isin(["nearest", "bicubic"])
    with laid_out():
        report = reports.build(run, reports.StudyRatings("p", frame[apart | (frame["dataset"] == "set5")]), QUICK)
    assert any("odd name: The comparisons fall into 2 groups" in note for note in report.findings.notes)
    table = report.table("preferences")
    assert table is not None
    assert len(table.rows) == 4
    with pytest.raises(StatisticsError, match="row 1 has '7'"):
        reports.build(run, reports.StudyRatings("p", frame.assign(score=7)), QUICK)


def test_a_choice_of_raters_is_refused_and_not_passed_over(run: RunResults) -> None:
    with pytest.raises(ReportError, match="leave out --raters"):
        reports.build(run, reports.StudyRatings("p", draw_comparisons()), reports.Choices(raters="finished"))

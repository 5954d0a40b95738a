"""Whose ratings a report takes: everybody who is left out is named, with what that changes."""

from __future__ import annotations

import re

import pytest

from srbench import stats
from srbench.bench import results
from srbench.errors import ReportError
from srbench.reports import Choices, StudyRatings, raters
from srbench.reports.analysis import find
from srbench.reports.cautions import cautions
from srbench.reports.methods_section import methods_section
from srbench.reports.selection import statistics_tables
from srbench.reports.verdicts import reliability


@pytest.fixture
def rated(ratings) -> stats.CheckedRatings:
    """A study with one drop-out, r03."""
    return stats.checked_ratings(ratings[~((ratings["rater"] == "r03") & (ratings["dataset"] == "set5"))])


def test_everybody_counts_unless_somebody_says_otherwise(rated):
    chosen = raters.choose(rated, "all")
    assert chosen.ratings is rated
    assert chosen.sentence == "No rater was excluded."


def test_finished_leaves_out_the_drop_out_and_says_how_far_they_came(rated):
    chosen = raters.choose(rated, "finished")
    assert dict(chosen.out) == {"r03": "45 of 70 ratings"}
    assert "r03" not in set(chosen.ratings.first["rater"])
    assert chosen.sentence == "Left out: 1 rater with 45 ratings: r03 (45 of 70 ratings)."


def test_a_list_leaves_out_whom_it_names_with_the_reason(rated, tmp_path):
    (tmp_path / "out.txt").write_text("# before the study\n\nexclude r01 knew the methods\nexclude r02\n")
    chosen = raters.choose(rated, str(tmp_path / "out.txt"))
    assert dict(chosen.out) == {"r01": "knew the methods", "r02": "listed in out.txt"}


def test_a_list_of_whom_to_keep_leaves_out_all_others(rated, tmp_path):
    (tmp_path / "in.txt").write_text("".join(f"keep r{number:02d}\n" for number in range(14)))
    assert list(raters.choose(rated, str(tmp_path / "in.txt")).out) == ["r14", "r15"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("exclude r99\n", "line 1: Unknown rater 'r99'"),
        ("r01\n", "line 1: expected 'exclude NAME REASON' or 'keep NAME', got 'r01'"),
        ("exclude r01\nkeep r02\n", "names both 'exclude' and 'keep'"),
        ("# nobody\n", "names no rater"),
        ("".join(f"exclude r{number:02d}\n" for number in range(16)), "leaves nobody of 16 raters"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused_with_its_line(rated, tmp_path, text, said):
    (tmp_path / "list.txt").write_text(text)
    with pytest.raises(ReportError, match=said):
        raters.choose(rated, str(tmp_path / "list.txt"))


def test_a_list_that_is_not_there_is_refused(rated, tmp_path):
    with pytest.raises(ReportError, match="Expected 'all', 'finished', or a text file"):
        raters.choose(rated, str(tmp_path / "none.txt"))


def test_a_report_names_who_is_flagged_and_what_leaving_them_out_changes(run, ratings):
    ratings.loc[ratings["rater"] == "r05", "score"] = 5
    findings = find(run, StudyRatings("s", ratings), Choices(pictures=False, models=False))
    said = "\n".join(reliability(findings))
    assert "the same score in 90 % of the ratings or more" in said
    assert "No rater was excluded." in said
    table = next(table for table in statistics_tables(findings) if table.name == "exclusions")
    assert {row[0].text for row in table.rows} >= {"constant", "biased", "any rule"}
    raters_table = next(table for table in statistics_tables(findings) if table.name == "raters")
    assert "r05" in [row[0].text for row in raters_table.rows if row[-1].bold]


@pytest.mark.parametrize("title", ["SRGAN-VGG54", "nearest, by hand"])
def test_what_leaving_raters_out_changes_is_said_with_names_as_they_are(run, ratings, title):
    ratings = ratings.replace({"rater": {"r05": "Zoe", "r06": "bot"}})
    ratings.loc[ratings["rater"] == "Zoe", "score"] = 5  # the farthest from what others say of the worst method
    ratings.loc[ratings["rater"] == "bot", "seconds"] = 0.1
    info = {**run.info, "methods": {**run.info["methods"], "nearest": {"title": title, "note": "", "order": 0}}}
    named = results.RunResults(run.folder, run.scores, info)
    said = reliability(find(named, StudyRatings("s", ratings), Choices(pictures=False, models=False)))
    change = rf"the largest change of a MOS is \u22120\.\d+ \({title} on (Set5|odd name)\), and "
    assert any(re.match(rf"Zoe: .*\. Without this rater {change}", line) for line in said)
    assert any(re.match(rf"All who are flagged, Zoe, bot and r14: without them {change}", line) for line in said)


def test_who_is_flagged_is_told_where_nobody_would_be_left(run, ratings):
    alone = ratings[ratings["rater"] == "r05"].assign(score=5)
    said = reliability(find(run, StudyRatings("s", alone), Choices(pictures=False, models=False)))
    assert any(line.endswith("Without this rater nobody would be left.") for line in said)


def test_what_a_study_says_of_itself_stands_in_the_methods_section_letter_by_letter(run, ratings):
    notes = ["ffmpeg cut the videos.", "SRGAN-VGG54 was shown twice."]
    found = find(run, StudyRatings("s", ratings, notes=notes), Choices(pictures=False, models=False))
    text = " ".join(methods_section(found))
    assert "No rater was excluded. ffmpeg cut the videos. SRGAN-VGG54 was shown twice." in text


def test_a_report_of_finished_raters_says_so_in_every_place(run, rated):
    choices = Choices(pictures=False, models=False, raters="finished")
    findings = find(run, StudyRatings("s", rated.every), choices)
    sentence = "Left out: 1 rater with 45 ratings: r03 (45 of 70 ratings)."
    assert sentence in findings.notes
    assert sentence in " ".join(methods_section(findings))
    assert set(findings.opinions.ratings["rater"]) == {f"r{number:02d}" for number in range(16)} - {"r03"}
    table = next(table for table in statistics_tables(findings) if table.name == "exclusions")
    assert "left out here" in {row[0].text for row in table.rows}


def test_a_report_warns_of_flagged_raters_as_long_as_they_count(run, ratings, tmp_path):
    ratings.loc[ratings["rater"] == "r05", "score"] = 5
    (tmp_path / "out.txt").write_text("exclude r05 always says 5\n")
    kept, out = (
        cautions(find(run, StudyRatings("s", ratings), Choices(pictures=False, models=False, raters=which)))
        for which in ("all", str(tmp_path / "out.txt"))
    )
    flagged = [" ".join(line for line in lines if "A rule of screening flags" in line) for lines in (kept, out)]
    assert "of 16 raters, whose ratings are in all numbers: " in flagged[0]
    assert "r05" in flagged[0]
    assert "r05" not in flagged[1]


def test_gaps_of_pairs_are_one_sentence_for_each_set(run, ratings):
    gone = (ratings["dataset"] == "set5") & (ratings["rater"] == "r01") & (ratings["method"].isin(["bicubic", "hr"]))
    gone &= (ratings["image"] == "img_001") | (ratings["method"] == "hr")
    findings = find(run, StudyRatings("s", ratings[~gone]), Choices(pictures=False, models=False))
    table = next(table for table in statistics_tables(findings) if table.name == "comparisons-mos")
    (said,) = (note for note in table.notes if "lack one of the two values" in note)
    assert said == (
        "Set5: 7 pairs lack one of the two values in 1 to 5 of 80 cells (raters x images), which are left out."
    )

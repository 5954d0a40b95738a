"""Ratings of somebody else, read in one call."""

from __future__ import annotations

from pathlib import Path

import pytest

import srbench as sb
from srbench.errors import StudyError


def test_a_table_of_ratings_becomes_one_row_an_answer(tmp_path: Path) -> None:
    file = tmp_path / "ratings.csv"
    file.write_text("rater;image;method;points\nann;1;a;80,5\nann;1;b;20\nbob;1;a;70\nbob;1;b;35\n")
    understood = sb.read_ratings(file, "0:100", columns={"score": "points"}, separator="semicolon", decimal="comma")
    means = understood.table.groupby("method")["score"].mean()
    assert means.to_dict() == pytest.approx({"a": 75.25, "b": 27.5})
    assert any("2 raters" in sentence or "4" in sentence for sentence in understood.sentences())


def test_a_file_that_says_too_little_is_refused_in_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "ratings.csv"
    file.write_text("a,b\n1,2\n")
    with pytest.raises(StudyError, match=r"ratings\.csv"):
        sb.read_ratings(file)

"""Comparisons in tables: a line each, or counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from srbench import stats
from srbench.errors import StudyError
from tests.ratings.conftest import Read


@pytest.mark.parametrize(
    "answers", [("x", "y", "tie"), ("left", "right", "equal"), ("1", "2", "1.5"), ("A", "b", "draw")]
)
def test_answers_are_names_sides_numbers_or_ties(read: Read, answers: tuple[str, str, str]) -> None:
    text = "rater,image,left,right,winner\n" + "".join(f"r{k},p,x,y,{answer}\n" for k, answer in enumerate(answers))
    found = read(text)
    assert found.table["score"].tolist() == [1.0, 2.0, 1.5]
    assert set(found.table["sides"]) == {"known"}


def test_a_name_goes_before_a_word_for_a_side(read: Read) -> None:
    assert read("rater,image,left,right,winner\nr,p,b,a,a\n").table["score"].tolist() == [2]


def test_a_nought_is_refused_because_files_mean_two_things_by_it(read: Read) -> None:
    with pytest.raises(StudyError, match=r"line 2: expected 'x', 'y', left, right or tie, got '0'"):
        read("rater,image,left,right,winner\nr,p,x,y,0\n")


def test_winners_and_losers_and_options_without_sides_have_no_lean(read: Read) -> None:
    by_winner = read("rater,image,winner,loser\nr,p,x,y\n")
    by_option = read("rater,image,option_1,option_2,choice\nr,p,y,x,x\n")
    for found, score in ((by_winner, 1), (by_option, 2)):
        assert found.table["score"].tolist() == [score]
        assert set(found.table["sides"]) == {"unknown"}


def test_our_export_of_comparisons_keeps_its_sides_through_a_tidy_table(read: Read, tmp_path) -> None:
    text = "study,rater,trial,dataset,image,left,right,score,seconds\ns,r,1,set5,p,x,y,1,2.0\ns,r,2,set5,p,y,x,2,2.0\n"
    found = read(text)
    found.save(tmp_path / "tidy.csv")
    again = read((tmp_path / "tidy.csv").read_text(), "again.csv")
    assert again.table.equals(found.table)
    assert set(again.table["sides"]) == {"known"}


def test_counts_have_the_qualities_of_their_lines(read: Read) -> None:
    source = np.random.default_rng(0)
    names, quality = ["x", "y", "z"], np.array([0.8, 0.0, -0.6])
    chance = 1 / (1 + np.exp(quality - quality[:, None]))
    wins = np.triu(source.binomial(40, chance), 1)
    wins = wins + np.tril((40 - wins).T, -1)
    text = ";".join(["", *names]) + "\n"
    text += "".join(";".join([name, *map(str, row)]) + "\n" for name, row in zip(names, wins, strict=True))
    found = read(text)
    assert len(found.table) == 120
    expanded = "rater,image,winner,loser\n" + "".join(
        f"r,p,{names[i]},{names[j]}\n" * int(wins[i, j]) for i in range(3) for j in range(3)
    )
    ours, theirs = (stats.pair_model(each.table, link="logit") for each in (found, read(expanded, "lines.csv")))
    assert ours.estimates == pytest.approx(theirs.estimates, abs=1e-9)
    assert "neither raters nor images" in found.notes[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (",x,y\nx,1,2\ny,0,0\n", "column 'x': expected .*nothing on the diagonal"),
        (",x,y\nx,,1.5\ny,0,\n", "column 'y': expected how often 'x' was preferred to 'y', a whole number"),
    ],
)
def test_counts_that_cannot_be_are_refused(read: Read, text: str, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        read(text, form="counts")


def test_a_table_that_is_no_square_is_no_table_of_counts(read: Read) -> None:
    with pytest.raises(StudyError, match=r"expected a square of counts"):
        read(",x,y\nx,,1\nz,0,\n", form="counts")


def test_ties_and_missing_answers_are_counted(read: Read) -> None:
    found = read("rater,image,left,right,winner\na,p,x,y,tie\nb,p,x,y,\nc,p,x,y,x\n")
    lines = found.sentences()
    assert any(line.endswith("2, 1 of them ties; sides known") for line in lines)
    assert found.empty == 1
    assert isinstance(found.table, pd.DataFrame)


def test_pairs_without_raters_and_images_say_so_also_when_read_again(read: Read, tmp_path) -> None:
    found = read("left,right,winner\nx,y,x\nx,y,y\n")
    found.save(tmp_path / "tidy.csv")
    again = read((tmp_path / "tidy.csv").read_text(), "again.csv")
    for each in (found, again):
        assert [note.split(":")[0] for note in each.notes] == ["The file names no raters", "The file names no images"]

"""Names of stimuli, originals, scales and repeats; and what is said about them."""

from __future__ import annotations

import pandas as pd
import pytest

from srbench import stats
from srbench.errors import StatisticsError, StudyError
from srbench.ratings import understand
from tests.ratings.conftest import Read

VOTES = "rater,file,vote\nann,p1_a.png,20\nann,p1_b.png,80\nbob,p1_a.png,30\nbob,p1_b.png,95.5\n"


def said(lines: list[str], name: str) -> str:
    return next(line for line in lines if line.startswith(name)).removeprefix(name).strip()


def test_the_declared_scale_goes_with_the_table_into_every_statistic(read: Read) -> None:
    found = read(VOTES, scale="0:100", split="{image}_{method}.png")
    assert set(found.table["rating_scale"]) == {"0:100"}
    mos = stats.mean_opinion_scores(found.table).set_index("method")["mos"]
    assert mos.to_dict() == {"a": 25.0, "b": 87.75}
    assert stats.checked_ratings(found.table).scale == stats.RatingScale(0, 100)


def test_an_assumed_scale_is_said_and_scores_off_it_are_counted_with_their_places(read: Read) -> None:
    found = read(VOTES)
    lines = found.sentences()
    assert said(lines, "scale") == "1 to 5 (assumed: say --scale LOW:HIGH if it is another)"
    assert said(lines, "off scale") == "4: 20 at line 2; 80 at line 3; 30 at line 4 and 1 more"
    with pytest.raises(
        StudyError, match=r"line 2: expected a score from 1 to 5, got 20 \(and 3 more.*--scale LOW:HIGH"
    ):
        _ = found.table


def test_a_declared_step_refuses_what_lies_between(read: Read) -> None:
    text = "rater,file,vote\nann,x,3.5\nann,y,3.25\n"
    assert len(read(text).table) == 2
    with pytest.raises(StudyError, match=r"line 3: expected a score from 1 to 5 in steps of 0.5, got 3.25"):
        _ = read(text, scale="1:5:0.5").table
    with pytest.raises(StatisticsError, match=r"written LOW:HIGH"):
        read(text, scale="five")


def test_a_tidy_table_keeps_scale_design_and_study_and_a_new_declaration_is_noted(read: Read, tmp_path) -> None:
    first = read(VOTES, scale="0:100", split="{image}_{method}.png", design="acr-hr")
    first.save(tmp_path / "tidy.csv")
    again = understand(tmp_path / "tidy.csv")
    assert again.table.equals(first.table)
    assert (again.design, again.studies) == ("acr-hr", ["theirs"])
    assert "the file's own" in said(again.sentences(), "scale")
    other = read((tmp_path / "tidy.csv").read_text(), scale="0:200")
    assert other.notes == ("The file itself has the scale 0:100; 0:200 was declared and counts.",)


def test_templates_end_each_field_where_the_rest_first_fits_and_expressions_say_it_exactly(read: Read) -> None:
    text = "rater,file,vote\nann,my_photo_x_2.png,3\n"
    assert read(text, split="{image}_{method}.png").table[["image", "method"]].to_numpy().tolist() == [
        ["my", "photo_x_2"]
    ]
    found = read(text, split=r"(?P<image>\w+)_(?P<method>x_\d)\.png").table
    assert found[["image", "method"]].to_numpy().tolist() == [["my_photo", "x_2"]]
    with pytest.raises(StudyError, match=r"1 of 1 names of stimuli do not fit.*the first is 'my_photo_x_2.png'"):
        read(text, split="{image}-{method}")


def test_the_named_original_becomes_hr(read: Read) -> None:
    found = read(VOTES, scale="0:100", split="{image}_{method}.png", reference="b")
    assert set(found.table["method"]) == {"a", "hr"}
    with pytest.raises(StudyError, match=r"Unknown method 'c'"):
        read(VOTES, split="{image}_{method}.png", reference="c")


def test_second_ratings_are_second_showings_and_said(read: Read) -> None:
    found = read("rater,file,vote\nann,x,3\nann,x,4\nbob,x,3\n")
    assert list(found.table["repeat"]) == [0, 1, 0]
    assert said(found.sentences(), "repeats").startswith("1 further ratings")
    numbered = read("rater,file,vote,repeat\nann,x,3,0\nann,x,4,1\n")
    assert said(numbered.sentences(), "repeats") == "1 second showings"
    with pytest.raises(
        StudyError, match=r"line 3: this rater \+ dataset \+ image \+ method \+ repeat was there before"
    ):
        read("rater,file,vote,repeat\nann,x,3,0\nann,x,4,0\n")


def test_missing_cells_of_the_grid_are_counted(read: Read) -> None:
    found = read("rater,file,vote\nann,x,3\nann,y,4\nbob,x,3\n")
    assert said(found.sentences(), "missing") == "1 of 4 ratings (raters x stimuli)"
    assert "1 data" not in said(found.sentences(), "set 'imported'")
    assert said(found.sentences(), "set 'imported'") == "2 images x 1 method, 2 stimuli"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rater,file,vote,trial\nann,x,3,first\n", "line 2: expected a whole trial from 0 to 1000000, got 'first'"),
        ("rater,image,method,vote\n,x,a,3\n", "column 'rater' has empty cells"),
        ("rater,file,vote,rating_scale\na,x,3,1:5\nb,x,3,0:9\n", "'rating_scale' says 0:9 and 1:5"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(read: Read, text: str, message: str) -> None:
    with pytest.raises(StudyError, match=message):
        read(text)


def test_some_synthetic_ratings_among_real_ones_are_refused(read: Read) -> None:
    assert read("rater,file,vote\nsynthetic-1,x,3\n").synthetic
    with pytest.raises(StudyError, match=r"mixes synthetic ratings with others"):
        _ = read("rater,file,vote\nsynthetic-1,x,3\nann,x,3\n").synthetic


def test_tables_are_written_as_csv_and_parquet_only(read: Read, tmp_path) -> None:
    found = read("rater,file,vote\nann,x,3.5\n")
    found.save(tmp_path / "x.parquet")
    assert pd.read_parquet(tmp_path / "x.parquet")["score"].tolist() == [3.5]
    with pytest.raises(StudyError, match=r"written as .csv or .parquet, not as 'x.txt'"):
        found.save(tmp_path / "x.txt")

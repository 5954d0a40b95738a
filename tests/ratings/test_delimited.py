"""Separators, decimal signs and damage of text tables."""

from __future__ import annotations

import pytest

from srbench.errors import StudyError
from srbench.ratings import Declaration
from tests.ratings.conftest import Read


@pytest.mark.parametrize(("sign", "name"), [(",", "comma"), (";", "semicolon"), ("\t", "tab"), ("|", "bar")])
def test_the_separator_of_the_first_line_counts_and_is_said(read: Read, sign: str, name: str) -> None:
    found = read(f"clip{sign}ann{sign}bob\nx{sign}4{sign}5\n")
    assert list(found.table["score"]) == [4, 5]
    assert f"separator {name}" in found.sentences()[0]


def test_decimal_commas_are_read_and_said(read: Read) -> None:
    found = read("clip;ann;bob\nx;3,5;4\n")
    assert list(found.table["score"]) == [3.5, 4]
    assert "decimal comma" in found.sentences()[0]
    assert list(read('clip,ann,bob\nx,"3,5",4\n').table["score"]) == [3.5, 4]


def test_both_decimal_signs_are_refused_until_one_is_declared(read: Read) -> None:
    text = "clip;ann;bob\nx;3,5;4.5\n"
    with pytest.raises(StudyError, match=r"decimal commas \('3,5'\) and decimal points \('4.5'\)"):
        read(text)
    with pytest.raises(StudyError, match=r"line 2, column 'bob': expected a score, got '4.5'"):
        read(text, decimal="comma")  # 4.5 is no number then, and must not pass for 45


def test_a_line_of_another_length_is_named_with_the_separator(read: Read) -> None:
    with pytest.raises(
        StudyError, match=r"line 4: expected 3 cells as in the first line, got 2. The separator is comma"
    ):
        read("clip,ann,bob\nx,4,5\n\ny,3\n")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "it is empty"),
        (b"\xff\xfe\x00", "Expected text in UTF-8"),
        (b"clip,ann,ann\nx,1,2\n", "two columns are called 'ann'"),
        (b"clip,ann\nx,\n", "holds no rating"),
    ],
)
def test_damaged_files_are_refused(tmp_path, data: bytes, message: str) -> None:
    from srbench.ratings import understand

    (tmp_path / "x.csv").write_bytes(data)
    with pytest.raises(StudyError, match=message):
        understand(tmp_path / "x.csv")


def test_files_that_are_no_text_are_refused_with_what_to_do(tmp_path) -> None:
    from srbench.ratings import understand

    with pytest.raises(StudyError, match=r"save the sheet with the ratings as CSV"):
        understand(tmp_path / "x.xlsx")
    (tmp_path / "x.parquet").write_text("none")
    with pytest.raises(StudyError, match=r"Cannot read ratings"):
        understand(tmp_path / "x.parquet")


@pytest.mark.parametrize("word", ["", "nan", "NA", "-", "None"])
def test_missing_answers_are_counted_and_not_read_as_scores(read: Read, word: str) -> None:
    found = read(f"clip,ann,bob\nx,4,{word}\n")
    assert len(found.table) == 1
    assert found.empty == 1


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"design": "acrr"}, "Unknown design 'acrr'. Did you mean 'acr'"),
        ({"separator": ";"}, "Unknown separator"),
        ({"split": "{picture}"}, "expects the fields .*has picture"),
        ({"split": "plain"}, "has none"),
        ({"split": "(?P<image>"}, "no regular expression"),
    ],
)
def test_a_declaration_that_cannot_be_meant_is_refused_before_the_file_is_opened(declared, message) -> None:
    with pytest.raises(StudyError, match=message):
        Declaration(**declared)

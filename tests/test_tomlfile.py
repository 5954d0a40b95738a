"""TOML files of people: what is read, and the one sentence for each way in which they cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from srbench import tomlfile
from srbench.errors import MethodError, StudyError


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_file_is_read_with_and_without_a_byte_order_mark(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "card.toml"
    path.write_text('title = "Größer"\n[lr]\nscale = 4\n', encoding=encoding, newline="\r\n")
    assert tomlfile.read(path, "the model card", MethodError) == {"title": "Größer", "lr": {"scale": 4}}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "No such file or directory."),
        (b'a = 1\nb = "\xff"\n', "line 2 is not UTF-8. Save it as UTF-8."),
        (b"a = ", "it is no TOML: Invalid value (at end of document)."),
        (
            b"a = 1\nb = 1 2\n",
            "it is no TOML: Expected newline or end of document after a statement (at line 2, column 7).",
        ),
        (b"\0", "it is no TOML: Invalid statement (at line 1, column 1)."),
    ],
    ids=["missing", "latin", "unfinished", "two values", "nul"],
)
def test_a_file_that_cannot_be_read_is_one_line_with_what_it_is_and_where(
    content: bytes | None, expected: str, tmp_path: Path
) -> None:
    path = tmp_path / "card.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MethodError) as error:
        tomlfile.read(path, "the model card", MethodError)
    assert str(error.value) == f"Cannot read the model card {path}: {expected}"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=f"^Cannot read the study {tmp_path}: Is a directory.$"):
        tomlfile.read(tmp_path, "the study", StudyError, missing="Make one.")


def test_where_a_file_is_missing_the_sentence_says_what_makes_one(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"No such file or directory\. Make a study with: srbench mos new$"):
        tomlfile.read(tmp_path / "study.toml", "the study", StudyError, missing="Make a study with: srbench mos new")


def test_no_other_module_reads_toml_files_of_people() -> None:
    package = Path(tomlfile.__file__).parent
    own = {"tomlfile.py", "paper.py"}  # the other reads what srbench ships
    found = {
        str(path.relative_to(package))
        for path in package.rglob("*.py")
        if "tomllib" in path.read_text(encoding="utf-8")
    }
    assert found == own

"""docs/ratings.md: its files are read by its commands, which print what stands below them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from srbench.cli import app

PAGE = (Path(__file__).parents[2] / "docs" / "ratings.md").read_text(encoding="utf-8")
Notebook = Callable[[list[str], Path], list[str]]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the page shows."""
    for name, text in re.findall(r"^\*\*`(\S+)`\*\*\n\n```text\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_command_prints_what_the_page_shows(files: Path) -> None:
    blocks = re.findall(r"^```console\n\$ srbench (.*?)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 4
    for command, shown in blocks:
        result = CliRunner().invoke(app, shlex.split(command), catch_exceptions=False)
        assert result.output == shown
    assert (files / "tidy.csv").is_file()


def test_the_lines_of_python_print_what_stands_below(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ((code, shown),) = re.findall(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    exec(compile(code, "docs/ratings.md", "exec"), {})
    assert capsys.readouterr().out == shown


def test_the_page_names_every_form_and_option() -> None:
    from srbench.ratings import FORMS

    assert all(f"| `{form}` |" in PAGE for form in FORMS)
    page = CliRunner().invoke(app, ["ratings", "import", "--help"], env={"COLUMNS": "200"}).output
    options = set(re.findall(r"--[a-z]+", page)) - {"--help"}
    assert {option for option in options if option not in PAGE} == set()

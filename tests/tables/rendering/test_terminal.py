"""On the terminal words are no markup, and what is shown is what `render` gives."""

from __future__ import annotations

from srbench.tables import render
from srbench.tables.rendering import terminal


def test_every_cell_is_printed_as_it_is(table, words):
    text = terminal.plain([table])
    for line in words.splitlines():
        assert line in text
    assert "\u221e*" in text
    assert "failed (1 of 5)" in text


def test_what_is_shown_is_what_the_format_rich_gives(table, capsys):
    terminal.show([table])
    assert capsys.readouterr().out.rstrip("\n") == render([table], "rich")


def test_the_best_is_bold_and_the_failed_is_red(table):
    cells = [terminal._show(cell) for row in table.rows for cell in row]
    assert [str(cell.style) for cell in cells] == ["", "bold", "dim", "", "red", ""]

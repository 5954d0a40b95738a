"""LaTeX: every character that it reads as something else is written so that it prints it."""

from __future__ import annotations

import re

import pytest

from srbench.tables import Table
from srbench.tables.rendering import latex
from srbench.tables.rendering.latex import PAGE, escape
from srbench.tables.table import cells

# What each command prints, from the LaTeX companion's tables of symbols, not from the code under test.
PRINTS = {
    r"\textbackslash{}": "\\", r"\textasciitilde{}": "~", r"\textasciicircum{}": "^", r"\textless{}": "<",
    r"\textgreater{}": ">", r"\textbar{}": "|", r"$\infty$": "\u221e", "$-$": "\u2212", "--": "\u2013",
    r"\&": "&", r"\%": "%", r"\$": "$", r"\#": "#", r"\_": "_", r"\{": "{", r"\}": "}",
}  # fmt: skip


def printed(text: str) -> str:
    return re.sub("|".join(map(re.escape, PRINTS)), lambda match: PRINTS[match.group()], text)


def test_words_print_as_they_are(words):
    assert printed(escape(words)) == " ".join(words.split())


def test_every_row_has_as_many_cells_as_columns(table):
    body = latex(table).partition(r"\toprule")[2].partition(r"\bottomrule")[0]
    rows = [line for line in body.splitlines() if line.endswith(r"\\")]
    assert [len(re.findall(r"(?<!\\)&", row)) for row in rows] == [2, 2, 2]


def test_no_row_begins_with_what_the_row_before_takes_for_an_option(table):
    for line in latex(table).splitlines():
        assert not line.startswith(("[", "*"))


def test_braces_and_dollars_are_balanced(table):
    bare = re.sub(r"\\[\\{}%&#_$]", "", latex(table))
    assert bare.count("{") == bare.count("}")
    assert bare.count("$") % 2 == 0


def test_the_best_the_star_and_the_published_figure_look_different(table):
    assert r"\textbf{$\infty$}\rlap{$^{*}$} & \textit{28.43} \\" in latex(table)


@pytest.mark.parametrize(("rows", "environment"), [(PAGE, "tabular"), (PAGE + 1, "longtable")])
def test_a_table_longer_than_a_page_breaks(rows, environment):
    text = latex(Table("t", "c", ["a", "b"], [cells("x", "1")] * rows))
    assert rf"\begin{{{environment}}}" in text

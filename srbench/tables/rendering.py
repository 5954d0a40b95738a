"""Tables as data, rendered as Markdown and LaTeX (booktabs); the page renders them as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from srbench.reports.inputs import MINUS

DASH, INFINITY = "\u2013", "\u221e"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text, whether it is the best of its row group, significantly so, or of minor weight."""

    text: str
    bold: bool = False
    star: bool = False
    soft: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        name: File name without ending.
        caption: What it shows.
        head: Titles of the columns; the first ones, `labels` many, hold words and stand left.
        rows: Cells; as many as there are titles.
        rules: Numbers of the rows that a thin rule stands above.
        notes: Sentences below.
        labels: Number of columns that hold words.
    """

    name: str
    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    rules: frozenset[int] = frozenset()
    notes: Sequence[str] = field(default=())
    labels: int = 1


def cells(*texts: str, soft: bool = False) -> list[Cell]:
    """Return plain cells."""
    return [Cell(text, soft=soft) for text in texts]


def markdown(table: Table) -> str:
    """Return a table as GitHub-flavoured Markdown under its caption."""

    def clean(text: str) -> str:
        return text.replace("|", "\\|").replace("*", "\\*")

    def show(cell: Cell) -> str:
        text = clean(cell.text)
        text = f"**{text}**" if cell.bold and text else text
        return f"{text}\\*" if cell.star else text

    align = [":--" if k < table.labels else "--:" for k in range(len(table.head))]
    lines = [f"**{clean(table.caption)}**", "", f"| {' | '.join(map(clean, table.head))} |", f"|{'|'.join(align)}|"]
    lines += [f"| {' | '.join(show(cell) for cell in row)} |" for row in table.rows]
    lines += [line for note in table.notes for line in ("", clean(note))]
    return "\n".join(lines)


_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    INFINITY: r"$\infty$", MINUS: "$-$", DASH: "--",
}  # fmt: skip


def escape(text: str) -> str:
    """Return text so that LaTeX prints it as it is; letters that its Latin fonts lack become their Unicode numbers."""
    return "".join(_LATEX.get(c, c if ord(c) < 0x100 else f"[U+{ord(c):04X}]") for c in text)


PAGE, WIDE = 45, 10
"""Rows that fit on a page: a longer table breaks across pages. Columns from which on their titles are slanted."""


def latex(table: Table) -> str:
    """Return a table for LaTeX: a float (packages booktabs, adjustbox), or a longtable where a page is too short."""

    def show(cell: Cell) -> str:
        text = escape(cell.text)
        if cell.bold and text:
            text = rf"\textbf{{{text}}}"
        if cell.star:
            text += r"\rlap{$^{*}$}"
        return rf"\textit{{{text}}}" if cell.soft and text else text

    columns = "l" * table.labels + "r" * (len(table.head) - table.labels)
    caption = rf"\caption{{{escape(table.caption)}}}\label{{tab:{table.name}}}"
    titles = list(map(escape, table.head))
    if len(titles) > WIDE:
        titles[table.labels :] = [rf"\rotatebox{{60}}{{{title}}}" for title in titles[table.labels :]]
    head = [r"\toprule", " & ".join(titles) + r" \\", r"\midrule"]
    body = []
    for number, row in enumerate(table.rows):
        body += [r"\midrule"] if number in table.rules else []
        body.append(" & ".join(show(cell) for cell in row) + r" \\")
    notes = list(map(escape, table.notes))
    if len(table.rows) > PAGE:
        if table.labels > 1:  # pairs of long names are broken, since a longtable cannot be made narrower
            columns = columns.replace("ll", r"lp{0.25\linewidth}", 1)
        lines = [r"\begingroup\scriptsize\setlength{\tabcolsep}{3pt}", rf"\begin{{longtable}}{{{columns}}}"]
        lines += [rf"{caption} \\", *head, r"\endfirsthead", *head, r"\endhead", r"\bottomrule", r"\endlastfoot"]
        lines += [*body, r"\end{longtable}", *(rf"\noindent {note}\par" for note in notes), r"\endgroup"]
    else:
        lines = [r"\begin{table}[htbp]", r"\centering", caption, r"\begin{adjustbox}{max width=\linewidth}"]
        lines += [rf"\begin{{tabular}}{{{columns}}}", *head, *body, r"\bottomrule", r"\end{tabular}"]
        lines += [r"\end{adjustbox}", *(rf"\par\smallskip\footnotesize {note}" for note in notes), r"\end{table}"]
    return "\n".join(lines) + "\n"

"""Tables as data, rendered as Markdown and LaTeX (booktabs); the page renders them as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

DASH, MINUS, INFINITY = "\u2013", "\u2212", "\u221e"


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
    """Return text so that LaTeX prints it as it is."""
    return "".join(_LATEX.get(character, character) for character in text)


def latex(table: Table) -> str:
    """Return a table as a LaTeX float for the packages booktabs and adjustbox."""

    def show(cell: Cell) -> str:
        text = escape(cell.text)
        if cell.bold and text:
            text = rf"\textbf{{{text}}}"
        if cell.star:
            text += r"\rlap{$^{*}$}"
        return rf"\textit{{{text}}}" if cell.soft and text else text

    columns = "l" * table.labels + "r" * (len(table.head) - table.labels)
    lines = [
        r"\begin{table}[tp]",
        r"\centering",
        rf"\caption{{{escape(table.caption)}}}",
        rf"\label{{tab:{table.name}}}",
        r"\begin{adjustbox}{max width=\linewidth}",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        " & ".join(map(escape, table.head)) + r" \\",
        r"\midrule",
    ]
    for number, row in enumerate(table.rows):
        if number in table.rules:
            lines.append(r"\midrule")
        lines.append(" & ".join(show(cell) for cell in row) + r" \\")
    lines += [r"\bottomrule", r"\end{tabular}", r"\end{adjustbox}"]
    lines += [rf"\par\smallskip\footnotesize {escape(note)}" for note in table.notes]
    lines.append(r"\end{table}")
    return "\n".join(lines) + "\n"

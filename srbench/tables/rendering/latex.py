"""Tables as LaTeX: floats for the packages booktabs and adjustbox, long ones for longtable."""

from __future__ import annotations

from srbench.tables.numbers import DASH, INFINITY, MINUS
from srbench.tables.table import Table, TableCell

_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", INFINITY: r"$\infty$", MINUS: "$-$", DASH: "--",
}  # fmt: skip

PAGE, WIDE = 45, 10
"""Rows that fit on a page: a longer table breaks across pages. Columns from which on their titles are slanted."""


def escape(text: str) -> str:
    """Return text so that LaTeX prints it as it is; letters that its Latin fonts lack become their Unicode numbers."""
    return "".join(_LATEX.get(c, c if ord(c) < 0x100 else f"[U+{ord(c):04X}]") for c in " ".join(text.split()))


def latex(table: Table) -> str:
    """Return a table for LaTeX: a float (packages booktabs, adjustbox), or a longtable where a page is too short."""
    caption = rf"\caption{{{escape(table.caption)}}}\label{{tab:{table.name}}}"
    notes = list(map(escape, table.notes))
    arrange = _pages if len(table.rows) > PAGE else _float
    return "\n".join(arrange(table, caption, notes)) + "\n"


def _float(table: Table, caption: str, notes: list[str]) -> list[str]:
    return [
        r"\begin{table}[htbp]",
        r"\centering",
        caption,
        r"\begin{adjustbox}{max width=\linewidth}",
        rf"\begin{{tabular}}{{{_columns(table)}}}",
        *_head(table),
        *_body(table),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{adjustbox}",
        *(rf"\par\smallskip\footnotesize {note}" for note in notes),
        r"\end{table}",
    ]


def _pages(table: Table, caption: str, notes: list[str]) -> list[str]:
    columns = _columns(table)
    if table.labels > 1:  # pairs of long names are broken, since a longtable cannot be made narrower
        columns = columns.replace("ll", r"lp{0.25\linewidth}", 1)
    return [
        r"\begingroup\scriptsize\setlength{\tabcolsep}{3pt}",
        rf"\begin{{longtable}}{{{columns}}}",
        rf"{caption} \\",
        *_head(table),
        r"\endfirsthead",
        *_head(table),
        r"\endhead",
        r"\bottomrule",
        r"\endlastfoot",
        *_body(table),
        r"\end{longtable}",
        *(rf"\noindent {note}\par" for note in notes),
        r"\endgroup",
    ]


def _columns(table: Table) -> str:
    return "l" * table.labels + "r" * (len(table.head) - table.labels)


def _head(table: Table) -> list[str]:
    titles = list(map(escape, table.head))
    if len(titles) > WIDE:
        titles[table.labels :] = [rf"\rotatebox{{60}}{{{title}}}" for title in titles[table.labels :]]
    return [r"\toprule", _row(titles), r"\midrule"]


def _body(table: Table) -> list[str]:
    lines = []
    for number, row in enumerate(table.rows):
        lines += [r"\midrule"] if number in table.rules else []
        lines.append(_row(list(map(_show, row))))
    return lines


def _row(texts: list[str]) -> str:
    line = " & ".join(texts) + r" \\"
    # After the end of a row, or a rule, LaTeX would take these for an option.
    return f"{{}}{line}" if line.startswith(("[", "*")) else line


def _show(cell: TableCell) -> str:
    text = escape(cell.text)
    if cell.bold and text:
        text = rf"\textbf{{{text}}}"
    if cell.star:
        text += r"\rlap{$^{*}$}"
    return rf"\textit{{{text}}}" if cell.soft and text else text

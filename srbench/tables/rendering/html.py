"""Tables as HTML, for pages of reports and for notebooks."""

from __future__ import annotations

from html import escape

from srbench.tables.table import Table, TableCell


def html(table: Table) -> str:
    """Return a table as a figure with its caption and notes; classes name what a page may style."""
    head = "".join(f'<th scope="col"{_kind(k, table)}>{escape(title)}</th>' for k, title in enumerate(table.head))
    notes = "".join(f'<p class="note">{escape(note)}</p>\n' for note in table.notes)
    rows = "\n".join(_row(number, table) for number in range(len(table.rows)))
    return (
        f'<figure class="table" id="{escape(table.name)}">\n<figcaption>{escape(table.caption)}</figcaption>\n'
        f'<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>\n'
        f"{notes}</figure>\n"
    )


def _row(number: int, table: Table) -> str:
    rule = ' class="rule"' if number in table.rules else ""
    cells = "".join(_cell(cell, _kind(k, table, cell)) for k, cell in enumerate(table.rows[number]))
    return f"<tr{rule}>{cells}</tr>"


def _kind(column: int, table: Table, cell: TableCell | None = None) -> str:
    names = ["n"] * (column >= table.labels) + ["soft"] * (cell is not None and cell.soft)
    return f' class="{" ".join(names)}"' if names else ""


def _cell(cell: TableCell, kind: str) -> str:
    text = escape(cell.text)
    text = f"<b>{text}</b>" if cell.bold and text else text
    return f"<td{kind}>{text}{'<sup>*</sup>' if cell.star else ''}</td>"

"""Tables on a terminal, drawn by rich."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from srbench.tables.table import Table, TableCell

WIDTH = 140
"""Columns where the output is no terminal."""


def show(tables: Sequence[Table]) -> None:
    """Print tables to standard output."""
    _print(tables, Console(width=None if sys.stdout.isatty() else WIDTH))


def plain(tables: Sequence[Table]) -> str:
    """Return what `show` prints where the output is no terminal."""
    buffer = io.StringIO()
    _print(tables, Console(file=buffer, width=WIDTH))
    return buffer.getvalue().rstrip("\n")


def _print(tables: Sequence[Table], console: Console) -> None:
    for table in tables:
        # Captions and notes may be wider than the grid: they stand outside of it, in one line each.
        console.print(table.caption, markup=False, highlight=False, soft_wrap=True)
        console.print(_grid(table))
        for note in table.notes:
            console.print(note, markup=False, highlight=False, soft_wrap=True)


def _grid(table: Table) -> Grid:
    grid = Grid(header_style="bold")
    for column, head in enumerate(table.head):
        grid.add_column(Text(head), justify="left" if column < table.labels else "right", overflow="fold")
    for number, row in enumerate(table.rows):
        if number in table.rules:
            grid.add_section()
        grid.add_row(*map(_show, row))
    return grid


def _show(cell: TableCell) -> Text:
    failed = cell.mean is not None and cell.mean.failed
    style = "bold" if cell.bold else "red" if failed else "dim" if cell.soft else ""
    return Text(f"{cell.text}*" if cell.star else cell.text, style)

"""Tables and sentences as GitHub-flavoured Markdown."""

from __future__ import annotations

import re

from srbench.tables.table import Table, TableCell

_SPECIAL = re.compile(r"[\\`*_|<>~$]|\](?=[(\[:])")
_STARTS_BLOCK = re.compile(r"^([#>+=-]|\d+(?=[.)]))")


def escape(text: str) -> str:
    r"""Return text so that Markdown prints it as it is, inside a table, a heading or a sentence.

    >>> print(escape("a|b_c <d> & [e](f)"))
    a\|b\_c \<d\> &amp; [e\](f)
    """
    escaped = _SPECIAL.sub(lambda match: f"\\{match.group()}", text).replace("&", "&amp;")
    return " ".join(escaped.split())


def paragraph(text: str) -> str:
    """Return text as a paragraph of its own: it opens no heading, list or quotation."""
    escaped = escape(text)
    start = _STARTS_BLOCK.match(escaped)
    if start is None:
        return escaped
    mark = start.group()
    return f"{mark}\\{escaped[len(mark) :]}" if mark.isdigit() else f"\\{escaped}"


def markdown(table: Table) -> str:
    """Return a table under its caption, with its notes below."""
    align = [":--" if k < table.labels else "--:" for k in range(len(table.head))]
    lines = [f"**{escape(table.caption)}**", "", _row(list(map(escape, table.head))), f"|{'|'.join(align)}|"]
    lines += [_row([_show(cell) for cell in row]) for row in table.rows]
    lines += [line for note in table.notes for line in ("", paragraph(note))]
    return "\n".join(lines)


def _row(texts: list[str]) -> str:
    return f"| {' | '.join(texts)} |"


def _show(cell: TableCell) -> str:
    text = escape(cell.text)
    text = f"**{text}**" if cell.bold and text else text
    return f"{text}\\*" if cell.star else text

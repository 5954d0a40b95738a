"""One renderer of tables per format; each escapes what its format reads as something else."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from srbench.errors import RunError, unknown
from srbench.tables.rendering.html import html
from srbench.tables.rendering.latex import latex
from srbench.tables.rendering.markdown import markdown
from srbench.tables.table import Table

__all__ = ["FORMATS", "csv", "html", "json_records", "latex", "markdown", "render"]

FORMATS = ("rich", "md", "csv", "latex", "json", "html")


def render(tables: Sequence[Table], form: str) -> str:
    """Return tables as text in one of `FORMATS`; `rich` is without colours here, see `terminal.show`.

    Raises:
        RunError: There is no such format.
    """
    if form in {"md", "latex", "html"}:
        one = {"md": markdown, "latex": latex, "html": html}[form]
        return "\n\n".join(one(table).rstrip("\n") for table in tables)
    if form == "json":
        return json_records(tables)
    if form == "csv":
        return csv(tables)
    if form == "rich":
        from srbench.tables.rendering.terminal import plain

        return plain(tables)
    raise RunError(unknown("format", form, FORMATS))


def csv(tables: Sequence[Table]) -> str:
    """Return the records of tables as CSV; infinite means are `inf`."""
    import pandas as pd

    rows = [record for table in tables for record in table.records()]
    return pd.DataFrame(rows).to_csv(index=False, lineterminator="\n").rstrip("\n")


def json_records(tables: Sequence[Table]) -> str:
    """Return the records of tables as JSON, which has no infinity: infinite means are the strings `inf` and `-inf`."""
    rows = [record for table in tables for record in table.records()]
    return json.dumps([{key: _finite(value) for key, value in row.items()} for row in rows], indent=1)


def _finite(value: Any) -> Any:
    return str(value) if isinstance(value, float) and math.isinf(value) else value

"""Runs pieces of code as a notebook runs its cells: one namespace, no file, the last expression of a cell is shown."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

Notebook = Callable[[list[str], Path], list[str]]

# Read from standard input, so that __main__ has no file, as in a notebook: workers cannot import it.
_DRIVER = """
import ast, json, linecache, sys
from pathlib import Path
import pandas as pd

pd.set_option("display.width", 120, "display.max_columns", 20)

def text(value):
    from srbench.tables.rendering import markdown
    from srbench.tables.table import Table
    if isinstance(value, Table):
        return markdown(value)
    return str(value) if isinstance(value, pd.DataFrame) else repr(value)

shown = []
for number, source in enumerate(json.loads(Path(sys.argv[1]).read_text()), 1):
    name = f"<cell {number}>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    body = ast.parse(source).body
    last = ast.Expression(body.pop().value) if body and isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), name, "exec"), globals())
    value = None if last is None else eval(compile(last, name, "eval"), globals())
    shown.append("" if value is None else text(value))
Path(sys.argv[1]).write_text(json.dumps(shown))
"""


def run_cells(cells: list[str], folder: Path) -> list[str]:
    """Run the cells in `folder` and return what each shows: tables as Markdown, everything else as a prompt would."""
    exchange = folder / "cells.json"
    exchange.write_text(json.dumps(cells))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SRBENCH_")}
    command = [sys.executable, "-W", "error", "-", str(exchange)]
    done = subprocess.run(
        command, input=_DRIVER, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    shown: list[str] = json.loads(exchange.read_text())
    exchange.unlink()
    return shown

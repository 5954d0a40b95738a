"""Reads the assignments of a Python file that holds data, without running it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from srbench.errors import StudyError


def assignments(path: Path) -> dict[str, Any]:
    """Return {name: value} of the assignments at the top of a Python file.

    Values may be numbers, words, lists, tuples, sets and dictionaries, names that were assigned before, `+` of these, a
    sign, and `float('nan')`. Imports, assertions and bare expressions are passed over, and everything else that the
    file does is refused: nothing of it is executed.

    Raises:
        StudyError: The file is no Python, or a value is no data.
    """
    try:
        tree = ast.parse(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise StudyError(f"Cannot read ratings from {path}: {error}.") from None
    found: dict[str, Any] = {}
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target, value = statement.targets[0], statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            target, value = statement.target, statement.value
        elif isinstance(statement, ast.Import | ast.ImportFrom | ast.Assert | ast.Expr):
            continue
        else:
            raise _no_data(path, statement)
        if not isinstance(target, ast.Name):
            raise _no_data(path, statement)
        try:
            found[target.id] = _Values(path, found)(value)
        except RecursionError:
            raise StudyError(f"Cannot read ratings from {path}: it is nested too deeply.") from None
    return found


def _no_data(path: Path, node: ast.stmt | ast.expr) -> StudyError:
    came = ast.unparse(node).splitlines()[0][:60]
    return StudyError(
        f"{path}, line {node.lineno}: expected data, got '{came}'. The file is read, not run: write its values out, or "
        "export it as JSON."
    )


class _Values:
    """The values of expressions that are data."""

    def __init__(self, path: Path, known: Mapping[str, Any]) -> None:
        self._path, self._known = path, known

    def __call__(self, node: ast.expr) -> Any:
        makers: dict[type[ast.expr], Callable[[Any], Any]] = {
            ast.Constant: lambda n: n.value,
            ast.List: lambda n: [self(each) for each in n.elts],
            ast.Tuple: lambda n: tuple(self(each) for each in n.elts),
            ast.Set: lambda n: {self(each) for each in n.elts},
            ast.Dict: self._dict,
            ast.Name: self._name,
            ast.BinOp: self._sum,
            ast.UnaryOp: self._signed,
            ast.Call: self._not_a_number,
        }
        try:
            return makers[type(node)](node)
        except (KeyError, TypeError):
            raise _no_data(self._path, node) from None

    def _dict(self, node: ast.Dict) -> dict[Any, Any]:
        if None in node.keys:  # **other
            raise TypeError
        return {self(key): self(value) for key, value in zip(node.keys, node.values, strict=True) if key is not None}

    def _name(self, node: ast.Name) -> Any:
        return self._known[node.id]

    def _sum(self, node: ast.BinOp) -> Any:
        if not isinstance(node.op, ast.Add):
            raise TypeError
        return self(node.left) + self(node.right)

    def _signed(self, node: ast.UnaryOp) -> Any:
        value = self(node.operand)
        if isinstance(node.op, ast.USub):
            return -value
        if isinstance(node.op, ast.UAdd):
            return +value
        raise TypeError

    def _not_a_number(self, node: ast.Call) -> float:
        words = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
        if not (isinstance(node.func, ast.Name) and node.func.id == "float") or node.keywords or len(words) != 1:
            raise TypeError
        if str(words[0]).lower() != "nan":
            raise TypeError
        return float("nan")

"""Marks of code: while a mark stays, scores stay."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterable
from pathlib import Path
from types import CodeType
from typing import Any

from srbench import plugins
from srbench.sources import closure


def mark(module: str, function: Callable[..., Any], more: Iterable[bytes] = ()) -> str:
    """Return a hash of the files of `module` and of what it imports from here, and of `more`, 16 digits long.

    Data files that a plugin read while it was imported count, too.

    Where the module has no file, as in a notebook, the code of `function` is taken instead.
    """
    digest = hashlib.sha256()
    files = closure(module)
    read = [sha256.encode() for sha256 in plugins.read_at_import(module).values()]
    for part in [*map(Path.read_bytes, files), *more, *read]:
        digest.update(part)
    if not files:
        digest.update(repr(_code(inspect.unwrap(function))).encode())
    return digest.hexdigest()[:16]


def _code(function: Callable[..., Any]) -> object:
    def parts(code: CodeType) -> object:
        inner = [parts(constant) if inspect.iscode(constant) else constant for constant in code.co_consts]
        return code.co_code, code.co_names, inner

    code = getattr(function, "__code__", None)
    return parts(code) if code else type(function).__qualname__

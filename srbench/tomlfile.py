"""Files that people write in TOML (model cards, manifests, studies, queues): one way to read them, one wording."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from srbench.errors import SrbenchError


def read(path: Path, what: str, error: type[SrbenchError], *, missing: str = "") -> dict[str, Any]:
    """Return what a TOML file in UTF-8 says, with or without the byte order mark of editors on Windows.

    Args:
        path: The file.
        what: It is to be, as messages call it: `the model card`.
        error: To raise.
        missing: A sentence for where there is no such file: what makes one.

    Raises:
        SrbenchError: As `error`: the file cannot be opened, is no UTF-8 or no TOML, and where.
    """
    where = f"{what} {path}"
    try:
        content = path.read_bytes()
    except OSError as reason:
        hint = f" {missing}" if missing and isinstance(reason, FileNotFoundError) else ""
        raise error(f"Cannot read {where}: {reason.strerror}.{hint}") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as reason:
        line = content.count(b"\n", 0, reason.start) + 1
        raise error(f"Cannot read {where}: line {line} is not UTF-8. Save it as UTF-8.") from None
    return parse(text, where, error)


def parse(text: str, where: str, error: type[SrbenchError]) -> dict[str, Any]:
    """Return what the text of a TOML file says; `where` is what messages call it.

    Raises:
        SrbenchError: As `error`: it is no TOML; the sentence says in which line and column.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as reason:
        raise error(f"Cannot read {where}: it is no TOML: {' '.join(str(reason).split())}.") from None

"""Files of ratings, written by a test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from srbench.ratings import Declaration, Understood, understand

Read = Callable[..., Understood]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a function that writes `text` into a file and understands it."""

    def read_text(text: str, name: str = "theirs.csv", **declared: object) -> Understood:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return understand(tmp_path / name, Declaration(**declared))  # type: ignore[arg-type]  # names are the test's

    return read_text

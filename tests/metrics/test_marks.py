"""A mark changes with the code and the data that a score depends on, and with nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from srbench.metrics.marks import mark

NOWHERE = "a_module_without_a_file"


def of(source: str) -> str:
    names: dict[str, Callable[..., Any]] = {}
    exec(source, names)
    return mark(NOWHERE, names["score"])


def test_the_mark_of_a_module_is_that_of_its_files_whatever_the_function() -> None:
    assert mark("srbench.metrics.structural", len) == mark("srbench.metrics.structural", max)
    assert mark("srbench.metrics.structural", len) != mark("srbench.images", len)
    assert len(mark("srbench.metrics.structural", len)) == 16


def test_further_data_counts() -> None:
    marks = {mark("srbench.metrics.structural", len, more) for more in ((), (b"a",), (b"b",), (b"a", b"b"))}
    assert len(marks) == 4


def test_a_function_of_a_notebook_is_known_by_its_code_and_not_by_its_comments() -> None:
    first = of("def score(sr, hr):\n    return abs(sr - hr).mean()\n")
    assert of("# moved\n\ndef score(sr, hr):  # renamed nothing\n    return abs(sr - hr).mean()\n") == first
    assert of("def score(sr, hr):\n    return abs(sr - hr).max()\n") != first
    assert of("def score(sr, hr):\n    return 2 * abs(sr - hr).mean()\n") != first


def test_a_function_inside_a_function_counts() -> None:
    inner = "def score(sr, hr):\n    def inside(x):\n        return x + {}\n    return inside(sr)\n"
    assert of(inner.format(1)) != of(inner.format(2))

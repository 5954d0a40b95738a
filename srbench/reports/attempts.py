"""Goes on where a statistic is not defined for the data, and takes down why."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from srbench.errors import StatisticsError

Found = TypeVar("Found")


class Attempt:
    """Calls a function; where its statistic is not defined, the sentence joins the notes and None comes back."""

    def __init__(self, notes: list[str]) -> None:
        self.notes = notes

    def __call__(self, function: Callable[[], Found]) -> Found | None:
        """Return what `function` returns, or None where its statistic is not defined."""
        try:
            return function()
        except StatisticsError as error:
            self.notes.append(str(error))
            return None

"""Shards of a run: several processes on one folder, none of which leads, each with a fixed part of the images."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from srbench.errors import RunError

T = TypeVar("T")
_TEXT = re.compile(r"\s*(\d{1,9})\s*/\s*(\d{1,9})\s*", re.ASCII)
TAG = re.compile(r"(\d+)-of-(\d+)", re.ASCII)
"""How names of files name a shard."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One part of a run.

    Attributes:
        number: Which one, from 1.
        of: How many there are.

    Raises:
        RunError: There is no such part.
    """

    number: int
    of: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of:
            raise RunError(f"There is no shard {self}. Expected K/N with K from 1 to N, such as 3/20.")

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @property
    def tag(self) -> str:
        """What names of files call it."""
        return f"{self.number}-of-{self.of}"

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Return the shard that a text such as `3/20` names.

        Raises:
            RunError: It names none.

        >>> Shard.parse("3/20")
        Shard(number=3, of=20)
        """
        found = _TEXT.fullmatch(text)
        if found is None:
            raise RunError(f"Expected a shard such as 3/20, the third of twenty; got '{text}'.")
        return cls(int(found[1]), int(found[2]))

    def share(self, items: Iterable[T]) -> Iterator[T]:
        """Yield this shard's part: every `of`-th item, so that neighbours, which cost about the same, are spread.

        All that decides is the order of the items. What is done already takes no part, so that a shard that starts
        late, or again, has the same share as before.

        >>> list(Shard(2, 3).share("abcdefg"))
        ['b', 'e']
        """
        return (item for place, item in enumerate(items) if place % self.of == self.number - 1)

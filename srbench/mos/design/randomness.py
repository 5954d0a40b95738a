"""Random numbers that every machine draws alike, for ever."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


class Stream:
    """Random numbers from SHA-256 in counter mode: the same on every machine and under every library version."""

    def __init__(self, *key: object) -> None:
        self._key = "/".join(str(part) for part in key).encode()
        self._words = self._blocks()

    def _blocks(self) -> Iterator[int]:
        for counter in itertools.count():
            block = hashlib.sha256(self._key + b"#%d" % counter).digest()
            for start in range(0, 32, 8):
                yield int.from_bytes(block[start : start + 8], "big")

    def below(self, n: int) -> int:
        """Return a whole number from 0 to n - 1, each equally likely (by rejection, not by remainder alone)."""
        limit = 2**64 - 2**64 % n
        while (word := next(self._words)) >= limit:
            pass
        return word % n

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return `items` in random order (Fisher and Yates)."""
        result = list(items)
        for last in range(len(result) - 1, 0, -1):
            other = self.below(last + 1)
            result[last], result[other] = result[other], result[last]
        return result

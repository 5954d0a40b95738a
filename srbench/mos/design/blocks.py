"""Incomplete designs: each rater rates a part of all items, so that all parts together are balanced and connected."""

from __future__ import annotations

import functools
import math
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from srbench.errors import StudyError
from srbench.mos.design.randomness import Stream

if TYPE_CHECKING:
    from srbench.mos.design.items import Item


class Blocks:
    """The items of each rater of an incomplete design, from the study's seed and a number alone.

    All items are dealt out in rounds, each in a random order, and blocks are cut from that sequence: over any number of
    blocks no item is dealt more than once oftener than another. Within a round the methods of a data set take turns,
    each with the next picture, so that within a block its methods, and its pictures, are shown about equally often. No
    block has an item twice: one that would come again waits for the next block.

    Args:
        name: Name of the study.
        seed: Its seed.
        size: Items in a block.
        pool: All items.

    Raises:
        StudyError: A block would be larger than the pool.
    """

    def __init__(self, name: str, seed: int, size: int, pool: Sequence[Item]) -> None:
        if size > len(pool):
            raise too_many(size, len(pool))
        self._key = (name, seed)
        self._size = size
        self._pool = pool
        self._waiting: list[Item] = []
        self._rounds = 0
        self._dealt: list[list[Item]] = []
        self._lock = threading.Lock()

    def __getitem__(self, number: int) -> list[Item]:
        """Return the block of a number from 1, in canonical order."""
        with self._lock:
            while len(self._dealt) < number:
                self._dealt.append(sorted(self._deal()))
        return list(self._dealt[number - 1])

    def _deal(self) -> list[Item]:
        block: list[Item] = []
        taken: set[Item] = set()
        while True:
            later = []
            for item in self._waiting:
                if len(block) < self._size and item not in taken:
                    block.append(item)
                    taken.add(item)
                else:
                    later.append(item)
            self._waiting = later
            if len(block) == self._size:
                return block
            self._waiting += self._round()

    def _round(self) -> list[Item]:
        self._rounds += 1
        stream = Stream("srbench blocks 1", *self._key, self._rounds)
        placed = []
        for dataset in sorted({item.dataset for item in self._pool}):
            turns = _turns([item for item in self._pool if item.dataset == dataset], stream)
            placed += [((place + 0.5) / len(turns), item) for place, item in enumerate(turns)]
        # Data sets are mixed in proportion to their sizes.
        return [item for _, item in sorted(placed, key=lambda entry: (entry[0], entry[1].dataset))]


def _turns(pool: Sequence[Item], stream: Stream) -> list[Item]:
    """Return the items of one data set so that methods take turns, each with the next picture."""
    by_place = {(item.picture, (item.method, item.other_method)): item for item in pool}
    pictures = stream.shuffled(sorted({item.picture for item in pool}))
    methods = stream.shuffled(sorted({(item.method, item.other_method) for item in pool}))
    stride = _stride(len(pictures), len(methods))
    order = [
        by_place.get((pictures[(stride * step + turn) % len(pictures)], method))
        for step in range(len(pictures))
        for turn, method in enumerate(methods)
    ]
    return [item for item in order if item is not None]


def _stride(pictures: int, methods: int) -> int:
    """Return by how many pictures a method goes on: past those of the other methods, and it must come to all."""
    return next(n for n in range(min(methods, pictures), 2 * pictures + 1) if math.gcd(n, pictures) == 1)


def too_many(size: int, pool: int) -> StudyError:
    """Return the error of a part that is larger than the whole."""
    return StudyError(f"trials_per_rater is {size}, but the study has {pool} trials. Leave the entry out.")


@functools.lru_cache(maxsize=8)
def blocks(name: str, seed: int, size: int, pool: tuple[Item, ...]) -> Blocks:
    """Return the blocks of a study; those of studies that were asked for last are dealt once.

    Raises:
        StudyError: See `Blocks`.
    """
    return Blocks(name, seed, size, pool)

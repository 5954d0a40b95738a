"""A study by pair comparison as it would go: simulated raters answer in turn, and each gets what would come next."""

from __future__ import annotations

import bisect
import functools
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from srbench.mos.design.schedule import rating_order
from srbench.mos.design.study import StudyDesign
from srbench.mos.store.definitions import NO_PREFERENCE
from srbench.mos.store.selection import Choose, Known, Pair

Answer: TypeAlias = tuple[int, Pair, int]
"""The rater, from 1; the pair, left and right; the score: 1 for the left one, 2 for the right one, 3 for neither."""


def rehearse(
    choose: Choose, answer: Callable[[int, Pair], int], raters: int, trials: int, source: np.random.Generator
) -> list[Answer]:
    """Let all raters of a study answer at the same time, as they do on a server.

    They come in the order of their numbers. Then each round of answers has a random order. Whoever answers is shown
    the next pair at once: `choose` is told what a store would tell it then, every answer so far and what the others are
    looking at. Checks among the trials are left out.

    Args:
        choose: Returns the pair for a rater at a position, from 1.
        answer: Returns the score that a rater gives a pair.
        raters: Number of raters.
        trials: Of each rater.
        source: Random numbers, for the order of answers.

    Returns:
        The answers as they came.
    """
    tally, given = _Tally(), []
    shown: list[list[Pair]] = [[] for _ in range(raters)]
    open_now: dict[int, Pair] = {}

    def show(rater: int) -> None:
        mine = tuple(shown[rater])
        others = tuple(sorted(pair for other, pair in open_now.items() if other != rater))
        known = Known(tally.read(), others, mine, mine[-1][0] if mine else None)
        open_now[rater] = choose(rater + 1, len(mine) + 1, known)
        shown[rater].append(open_now[rater])

    for rater in range(raters):
        show(rater)
    for position in range(1, trials + 1):
        for rater in source.permutation(raters).tolist():
            pair = open_now.pop(rater)
            score = answer(rater + 1, pair)
            tally.add(pair, score)
            given.append((rater + 1, pair, score))
            if position < trials:
                show(rater)
    return given


def scheduled(design: StudyDesign) -> Choose:
    """Return the pairs of a design that are fixed before the study, as a choice that follows from no answer."""
    order = functools.cache(functools.partial(rating_order, design))

    def choose(number: int, position: int, _known: Known) -> Pair:
        item = order(number)[position - 1]
        return item.stimulus, str(item.other)

    return choose


class _Tally:
    """The answers so far, in the order and form in which a store counts them."""

    def __init__(self) -> None:
        self._keys: list[tuple[str, str, int]] = []
        self._counts: dict[tuple[str, str, int], int] = {}

    def add(self, pair: Pair, score: int) -> None:
        left, right = pair
        if left > right:
            left, right = right, left
            score = score if score == NO_PREFERENCE else 3 - score
        key = (left, right, score)
        if key not in self._counts:
            bisect.insort(self._keys, key)
        self._counts[key] = self._counts.get(key, 0) + 1

    def read(self) -> tuple[tuple[str, str, int, int], ...]:
        return tuple((*key, self._counts[key]) for key in self._keys)

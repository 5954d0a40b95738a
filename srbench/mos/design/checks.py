"""Trials that look at the rater: gold, traps and repeats, mixed into the ratings and never counted among them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from srbench.errors import StudyError
from srbench.mos.design.items import Item, practice
from srbench.mos.design.randomness import Stream
from srbench.mos.design.study import StudyDesign
from srbench.mos.store.definitions import Purpose

_APART = 4
"""A repeat comes at least a quarter of all ratings after the first showing."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One place of a rater's order.

    Attributes:
        item: What is shown; None where it is chosen once it is due.
        purpose: Empty for what counts.
        expected: The right answer of a gold or trap trial.
    """

    item: Item | None
    purpose: Purpose = ""
    expected: int | None = None


def weave(study: StudyDesign, number: int, order: Sequence[Item | None]) -> list[Slot]:
    """Return the order of rater `number` with the study's checks among it.

    Gold and traps lie all over the order, one in each of so many equal parts of it; repeats in its second half. No
    picture comes twice running.

    Raises:
        StudyError: There are too few ratings to repeat any.
    """
    settings = study.settings
    if not settings.checks:
        return [Slot(item) for item in order]
    stream = Stream("srbench checks 1", study.name, study.seed, number)
    known = _known(study, stream)
    placed: dict[int, list[Slot]] = {}
    for place, slot in zip(_places(len(order), 0, len(known), stream), known, strict=True):
        placed.setdefault(place, []).append(slot)
    taken: set[Item] = set()
    for place in _places(len(order), len(order) // 2, settings.repeats, stream):
        item = _repeated(order, place, taken, stream)
        taken.add(item)
        placed.setdefault(place, []).append(Slot(item, "repeat"))
    return [
        slot
        for place in range(len(order) + 1)
        for slot in [*placed.get(place, []), *([Slot(order[place])] if place < len(order) else [])]
    ]


def _known(study: StudyDesign, stream: Stream) -> list[Slot]:
    """Return the gold and trap trials, which show pictures of the practice, in random order."""
    settings, pool = study.settings, practice(study, stream)
    if settings.gold + settings.traps > len(pool):
        raise StudyError(
            f"{settings.gold} gold and {settings.traps} trap trials need as many pictures of the practice as trials, "
            f"and there are {len(pool)}. Raise count under [calibration]."
        )
    shown = stream.shuffled(pool)
    slots = [Slot(item, "gold", expected) for item, expected in shown[: settings.gold]]
    traps = shown[settings.gold : settings.gold + settings.traps]
    slots += [Slot(item, "trap", 1 + stream.below(settings.choices)) for item, _ in traps]
    return stream.shuffled(slots)


def _places(length: int, first: int, count: int, stream: Stream) -> list[int]:
    """Return before which rating each of `count` checks comes: one in each of so many equal parts from `first` on."""
    edges = [first + (length - first) * part // max(1, count) for part in range(count + 1)]
    return [low + stream.below(max(1, high - low)) for low, high in itertools.pairwise(edges)]


def _repeated(order: Sequence[Item | None], place: int, taken: set[Item], stream: Stream) -> Item:
    beside = {item.picture for item in order[max(0, place - 1) : place + 1] if item is not None}
    earlier = order[: max(0, place - len(order) // _APART)]
    fitting = [item for item in earlier if item is not None and item not in taken and item.picture not in beside]
    if not fitting:
        raise StudyError("There are too few ratings to repeat so many of them. Lower `repeats` in [settings].")
    return fitting[stream.below(len(fitting))]

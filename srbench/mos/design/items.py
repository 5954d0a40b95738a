"""What a study shows: one item for every trial that is rated, and those of the practice."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from srbench.mos.design.randomness import Stream
from srbench.mos.design.study import REFERENCE, StudyDesign
from srbench.mos.store.definitions import Stimulus


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """One trial before it has a place; items sort by what is shown, never by the random ids."""

    dataset: str
    image: str
    method: str
    repeat: int
    other_method: str
    stimulus: str
    other: str | None

    @property
    def picture(self) -> tuple[str, str]:
        """What must not be shown twice running."""
        return (self.dataset, self.image)


def items(study: StudyDesign) -> list[Item]:
    """Return what each rater rates, in canonical order."""
    shown = [s for s in study.stimuli if s.role == "rating"]
    if study.compares:
        return sorted(pair for group in _by_picture(shown) for pair in _pairs(group))
    originals = {(s.dataset, s.image): s.id for s in study.stimuli if s.role == "reference"}
    if not study.shows_original:
        originals = {}
    return sorted(
        Item(s.dataset, s.image, s.method, s.repeat, "", s.id, originals.get((s.dataset, s.image))) for s in shown
    )


def practice(study: StudyDesign, stream: Stream) -> list[tuple[Item, int]]:
    """Return the trials of one attempt at calibration, by picture, each with the score that it teaches.

    `stream` decides the sides of pairs.
    """
    shown = [s for s in study.stimuli if s.role == "calibration"]
    trials = []
    for group in _by_picture(shown):
        high = next(s for s in group if s.method == REFERENCE)
        low = next(s for s in group if s.method != REFERENCE)
        if study.compares:
            left, right = (low, high) if stream.below(2) else (high, low)
            trials.append((_item(left, right.id), 1 if left is high else 2))
        else:
            beside = high.id if study.shows_original else None
            trials += [(_item(low, beside), 1), (_item(high, beside), 5)]
    return trials


def _by_picture(stimuli: Sequence[Stimulus]) -> list[list[Stimulus]]:
    groups: dict[tuple[str, str], list[Stimulus]] = {}
    for each in sorted(stimuli, key=lambda s: (s.dataset, s.image, s.method, s.repeat)):
        groups.setdefault((each.dataset, each.image), []).append(each)
    return list(groups.values())


def _item(stimulus: Stimulus, other: str | None) -> Item:
    return Item(stimulus.dataset, stimulus.image, stimulus.method, stimulus.repeat, "", stimulus.id, other)


def _pairs(group: Sequence[Stimulus]) -> list[Item]:
    return [Item(a.dataset, a.image, a.method, 0, b.method, a.id, b.id) for a, b in itertools.combinations(group, 2)]

"""Who sees what when: an order per rater, from the study's seed and the rater's number alone."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from srbench.errors import StudyError
from srbench.mos.design.blocks import blocks
from srbench.mos.design.randomness import Stream
from srbench.mos.design.study import REFERENCE, StudyDesign
from srbench.mos.store.definitions import ScheduledTrial, Stimulus

_TRIES = 100_000


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


def schedule(study: StudyDesign, number: int, pool: Sequence[Item] | None = None) -> list[ScheduledTrial]:
    """Return all trials of rater `number` (from 1): every attempt at calibration, then the ratings.

    Raters 1 and 2, 3 and 4 and so on form pairs: the second sees the first one's random order backwards (and
    left and right exchanged in pair comparison), so that over each pair every stimulus has the same mean place. Where
    raters rate a part of all (`trials_per_rater`) every one has a random order of its own.

    Args:
        study: The design.
        number: The rater, from 1.
        pool: What this rater rates; default: `share` of the rater's number.

    Raises:
        StudyError: The number is below 1, or no order exists because one picture has most of the trials.
    """
    if number < 1:
        raise StudyError(f"Raters are numbered from 1, got {number}.")
    trials = [
        trial for attempt in range(1, study.settings.attempts + 1) for trial in _calibrate(study, number, attempt)
    ]
    order = rating_order(study, number, pool)
    sessions = _sessions(study, len(order))
    trials += [
        ScheduledTrial(0, place + 1, place * sessions // len(order) + 1, item.stimulus, item.other)
        for place, item in enumerate(order)
    ]
    return trials


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


def share(study: StudyDesign, block: int) -> list[Item]:
    """Return what the rater of a block (from 1) rates, in canonical order: all items, or `trials_per_rater` of them.

    Raises:
        StudyError: There are fewer items than `trials_per_rater`.
    """
    pool, size = items(study), study.settings.trials_per_rater
    return blocks(study.name, study.seed, size, tuple(pool))[block] if size else pool


def rating_order(study: StudyDesign, number: int, pool: Sequence[Item] | None = None) -> list[Item]:
    """Return the items in the order of rater `number`; see `schedule`."""
    whole = not study.settings.trials_per_rater
    stream = Stream("srbench schedule 1", study.name, study.seed, (number + 1) // 2 if whole else number)
    mirrored = whole and number % 2 == 0
    shown = share(study, number) if pool is None else pool
    order = _spread(_without_neighbours(shown, stream), stream, study.retest.gap)
    if study.compares:
        order = [_swap(item) if stream.below(2) != mirrored else item for item in order]
    return order[::-1] if mirrored else order


def _without_neighbours(pool: Sequence[Item], stream: Stream) -> list[Item]:
    """Draw items one by one, each equally likely among those of another picture than the one before.

    A picture that holds more than half of what is left must come next, or two of its items would meet at the end.
    """
    left = stream.shuffled(pool)
    counts = Counter(item.picture for item in left)
    fullest = counts.most_common(1)
    if fullest and fullest[0][1] > (len(left) + 1) // 2:
        raise StudyError(
            f"No order shows picture {'/'.join(fullest[0][0])} never twice running: it has more "
            "than half of all trials. Add pictures."
        )
    order: list[Item] = []
    while left:
        last = order[-1].picture if order else None
        crowded, most = max(counts.items(), key=lambda entry: entry[1])
        forced = most > len(left) // 2
        index = next(i for i, item in enumerate(left) if (item.picture == crowded if forced else item.picture != last))
        item = left.pop(index)
        counts[item.picture] -= 1
        order.append(item)
    return order


def _spread(order: list[Item], stream: Stream, gap: float) -> list[Item]:
    """Move the second showing of each retest picture until it is at least `gap` of all trials from the first."""
    least = int(gap * len(order))
    for repeated in [item for item in order if item.repeat]:
        twin = (repeated.dataset, repeated.image, repeated.method)
        first = next(i for i, o in enumerate(order) if not o.repeat and (o.dataset, o.image, o.method) == twin)
        here = order.index(repeated)
        for _ in range(_TRIES):
            if abs(here - first) >= least:
                break
            there = stream.below(len(order))
            if abs(there - first) >= least and not _in_retest(order, there) and _may_swap(order, here, there):
                order[here], order[there] = order[there], order[here]
                here = there
        else:
            raise StudyError("No order keeps the retest's showings apart. Lower its gap or add pictures.")
    return order


def _in_retest(order: Sequence[Item], place: int) -> bool:
    item = order[place]
    return any(o.repeat and (o.picture, o.method) == (item.picture, item.method) for o in order)


def _may_swap(order: list[Item], a: int, b: int) -> bool:
    order[a], order[b] = order[b], order[a]
    fine = all(
        order[i].picture != order[i + 1].picture
        for place in (a, b)
        for i in (place - 1, place)
        if 0 <= i < len(order) - 1
    )
    order[a], order[b] = order[b], order[a]
    return fine


def _sessions(study: StudyDesign, trials: int) -> int:
    longest = int(60 * study.settings.session_minutes / study.settings.seconds_per_trial)
    return max(1, -(-trials // max(1, longest)))


def _calibrate(study: StudyDesign, number: int, attempt: int) -> list[ScheduledTrial]:
    shown = [s for s in study.stimuli if s.role == "calibration"]
    stream = Stream("srbench calibration 1", study.name, study.seed, number, attempt)
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
    expected = {item.stimulus: score for item, score in trials}
    order = _without_neighbours(sorted(item for item, _ in trials), stream)
    return [
        ScheduledTrial(attempt, place, 1, item.stimulus, item.other, expected[item.stimulus])
        for place, item in enumerate(order, start=1)
    ]


def _by_picture(stimuli: Sequence[Stimulus]) -> list[list[Stimulus]]:
    groups: dict[tuple[str, str], list[Stimulus]] = {}
    for each in sorted(stimuli, key=lambda s: (s.dataset, s.image, s.method, s.repeat)):
        groups.setdefault((each.dataset, each.image), []).append(each)
    return list(groups.values())


def _item(stimulus: Stimulus, other: str | None) -> Item:
    return Item(stimulus.dataset, stimulus.image, stimulus.method, stimulus.repeat, "", stimulus.id, other)


def _pairs(group: Sequence[Stimulus]) -> list[Item]:
    return [Item(a.dataset, a.image, a.method, 0, b.method, a.id, b.id) for a, b in itertools.combinations(group, 2)]


def _swap(item: Item) -> Item:
    if item.other is None:
        return item
    return Item(item.dataset, item.image, item.other_method, 0, item.method, item.other, item.stimulus)

"""Who sees what when: an order per rater, from the study's seed and the rater's number alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from srbench.errors import StudyError
from srbench.mos.design.blocks import blocks, too_many
from srbench.mos.design.checks import weave
from srbench.mos.design.items import Item, items, practice
from srbench.mos.design.randomness import Stream
from srbench.mos.design.study import StudyDesign
from srbench.mos.store.definitions import ScheduledTrial
from srbench.mos.store.selection import session_of

_TRIES = 100_000


def schedule(study: StudyDesign, number: int, pool: Sequence[Item] | None = None) -> list[ScheduledTrial]:
    """Return all trials of rater `number` (from 1): every attempt at calibration, then the ratings with their checks.

    Where pairs are selected actively the places of the ratings stay empty: `srbench.mos.design.active` fills them once
    they are due.

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
    active = study.settings.selection == "active"
    order = [None] * study.settings.trials_per_rater if active else rating_order(study, number, pool)
    woven = weave(study, number, order)
    for position, slot in enumerate(woven, start=1):
        if slot.item is not None:
            session = session_of(position, len(woven), study.settings)
            shown = (slot.item.stimulus, slot.item.other, slot.expected, slot.purpose)
            trials.append(ScheduledTrial(0, position, session, *shown))
    return trials


def share(study: StudyDesign, block: int) -> list[Item]:
    """Return what the rater of a block (from 1) rates, in canonical order: all items, or `trials_per_rater` of them.

    Nothing is known of it before where pairs are selected actively.

    Raises:
        StudyError: There are fewer items than `trials_per_rater`.
    """
    return [] if study.settings.selection == "active" else part_of(study, items(study), block)


def part_of(study: StudyDesign, pool: Sequence[Item], block: int) -> list[Item]:
    """Return what the rater of a block (from 1) has of `pool`, in canonical order; see `share`.

    Active selection is taken as the full design, whose blocks are as large.

    Raises:
        StudyError: There are fewer items than `trials_per_rater`.
    """
    size = study.settings.trials_per_rater
    if not size:
        return list(pool)
    if study.settings.selection != "random":
        return blocks(study.name, study.seed, size, tuple(pool))[block]
    if size > len(pool):
        raise too_many(size, len(pool))
    return sorted(Stream("srbench random 1", study.name, study.seed, block).shuffled(pool)[:size])


def length(study: StudyDesign) -> int:
    """Return how many ratings each rater gives, checks not among them."""
    return study.settings.trials_per_rater or len(items(study))


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


def _calibrate(study: StudyDesign, number: int, attempt: int) -> list[ScheduledTrial]:
    stream = Stream("srbench calibration 1", study.name, study.seed, number, attempt)
    taught = practice(study, stream)
    expected = {item.stimulus: score for item, score in taught}
    order = _without_neighbours(sorted(item for item, _ in taught), stream)
    return [
        ScheduledTrial(attempt, place, 1, item.stimulus, item.other, expected[item.stimulus])
        for place, item in enumerate(order, start=1)
    ]


def _swap(item: Item) -> Item:
    if item.other is None:
        return item
    return Item(item.dataset, item.image, item.other_method, 0, item.method, item.other, item.stimulus)

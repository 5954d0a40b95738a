"""Active selection of pairs: each rater is shown the pair that tells most of the methods, given all answers so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from srbench.mos.design.belief import Array, Belief
from srbench.mos.design.randomness import Stream
from srbench.mos.design.study import StudyDesign
from srbench.mos.store.definitions import NO_PREFERENCE, Stimulus
from srbench.mos.store.selection import Known, Pair

_DIGITS = 9  # of a gain: machines differ in the last ones, and must not differ in their choice


@dataclass(frozen=True)
class _Field:
    """The versions of one data set: which picture and method a stimulus is."""

    images: tuple[str, ...]
    methods: tuple[str, ...]
    versions: dict[str, tuple[int, int]]  # by the id of the stimulus
    stimuli: dict[tuple[int, int], str]

    @classmethod
    def of(cls, shown: Sequence[Stimulus]) -> _Field:
        images, methods = (tuple(sorted({getattr(s, name) for s in shown})) for name in ("image", "method"))
        versions = {s.id: (images.index(s.image), methods.index(s.method)) for s in shown}
        return cls(images, methods, versions, {place: key for key, place in versions.items()})


class ActiveSelection:
    """Chooses pairs for the raters of one study; the same answers lead to the same choice, on every machine.

    Data sets take turns, in proportion to their pictures. Within a set it is the pair and picture with the largest
    expected gain of information about the methods' qualities (`Belief.gains`). A rater never sees a pair of one
    picture twice, nor one picture twice running where there is another. Sides are random.

    Args:
        design: A study by pair comparison, with its pictures.
    """

    def __init__(self, design: StudyDesign) -> None:
        self._key = (design.name, design.seed)
        rated = [s for s in design.stimuli if s.role == "rating"]
        self._pictures = {s.id: (s.dataset, s.image) for s in design.stimuli}
        names = sorted({s.dataset for s in rated})
        self._fields = {name: _Field.of([s for s in rated if s.dataset == name]) for name in names}
        self._found: dict[str, Array] = {}  # where the last search ended: a good place to begin the next one

    def __call__(self, number: int, position: int, known: Known) -> Pair:
        """Return the two stimuli, left and right, that rater `number` is shown at `position`."""
        last = self._pictures[known.before] if known.before else None
        stream = Stream("srbench active 1", *self._key, number, position)
        for dataset in self._turns(known.mine):
            choice = self._best(dataset, known, last, stream)
            if choice is not None:
                return choice if stream.below(2) else (choice[1], choice[0])
        return self._again(known, last, stream)

    def _turns(self, mine: Sequence[Pair]) -> list[str]:
        """Return the data sets, the one whose share is least used up by this rater first."""
        used = Counter(self._pictures[first][0] for first, _ in mine)
        return sorted(self._fields, key=lambda name: ((used[name] + 0.5) / len(self._fields[name].images), name))

    def _best(self, dataset: str, known: Known, last: tuple[str, str] | None, stream: Stream) -> Pair | None:
        field = self._fields[dataset]
        belief = _belief(field, known, self._found.get(dataset))
        gains = np.round(belief.gains(), _DIGITS)
        self._found[dataset] = belief.qualities
        allowed = np.triu(np.ones(gains.shape[1:], dtype=bool), 1)[None].repeat(len(gains), axis=0)
        for pair in known.mine:
            image, a, b = self._place(field, pair) or (0, 0, 0)  # of another set: the diagonal is not allowed anyway
            allowed[image, min(a, b), max(a, b)] = False
        if last is not None and last[0] == dataset and last[1] in field.images:
            allowed[field.images.index(last[1])] = False
        if not allowed.any():
            return None
        best = np.argwhere(allowed & (gains >= gains[allowed].max()))
        image, a, b = (int(each) for each in best[stream.below(len(best))])
        return field.stimuli[image, a], field.stimuli[image, b]

    def _again(self, known: Known, last: tuple[str, str] | None, stream: Stream) -> Pair:
        """Return a pair where nothing new is left that may follow: one of the picture before, else any."""
        mine = {frozenset(pair) for pair in known.mine}
        pairs = [pair for field in self._fields.values() for pair in _pairs(field)]
        fresh = [pair for pair in pairs if frozenset(pair) not in mine]
        other = [pair for pair in pairs if self._pictures[pair[0]] != last]
        return stream.shuffled(fresh or other or pairs)[0]

    @staticmethod
    def _place(field: _Field, pair: Pair) -> tuple[int, int, int] | None:
        if pair[0] not in field.versions:
            return None
        image, a = field.versions[pair[0]]
        return image, a, field.versions[pair[1]][1]


def _pairs(field: _Field) -> Iterator[Pair]:
    for image in range(len(field.images)):
        for a in range(len(field.methods)):
            for b in range(a + 1, len(field.methods)):
                yield field.stimuli[image, a], field.stimuli[image, b]


def _belief(field: _Field, known: Known, start: Array | None) -> Belief:
    images, methods = len(field.images), len(field.methods)
    wins, pending = np.zeros((images, methods, methods)), np.zeros((images, methods, methods))
    versions = field.versions
    for left, right, score, count in known.answers:
        if left in versions:
            image, a = versions[left]
            b = versions[right][1]
            share = 0.5 if score == NO_PREFERENCE else float(score == 1)
            wins[image, a, b] += share * count
            wins[image, b, a] += (1.0 - share) * count
    for left, right in known.open:
        if left in versions:
            image, a = versions[left]
            b = versions[right][1]
            pending[image, a, b] += 1.0
            pending[image, b, a] += 1.0
    return Belief(wins, pending, start)

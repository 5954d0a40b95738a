"""What the raters of one simulated study by pair comparison think of every version, and the truth about it."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from srbench.mos.design.rehearsal import Answer
from srbench.mos.design.simulation import Array, Spread, draw_around
from srbench.mos.design.study import StudyDesign
from srbench.mos.store.definitions import NO_PREFERENCE, Stimulus
from srbench.mos.store.selection import Pair
from srbench.stats import links
from srbench.stats.pairs import Pairs, just_noticed

SPAN = 4.0
"""Over so many JOD the close pairs of methods lie, evenly: between them are nearest neighbour and a good network."""


def with_pictures(design: StudyDesign, images: Mapping[str, int]) -> StudyDesign:
    """Return a design with so many pictures of each set, which are only names."""
    sets = tuple(
        replace(each, images=tuple(f"{image:06d}" for image in range(images[each.name])), count=0)
        for each in design.sets
    )
    stimuli = [
        Stimulus(f"{place:04x}{image:014x}{version:014x}", "rating", each.name, name, method, 0, "0" * 64, 8, 8)
        for place, each in enumerate(sets)
        for image, name in enumerate(each.images)
        for version, method in enumerate(sorted(each.versions))
    ]
    return replace(design, sets=sets, stimuli=tuple(stimuli))


class World:
    """What the raters of one simulated study think of every version.

    Methods lie in close pairs, whose places are evenly over `SPAN`: two of a pair differ by the effect or not at all,
    by turns, so that one study shows both power and false alarms.

    Args:
        design: With pictures (`with_pictures`).
        raters: Number of raters.
        effect: Difference of a close pair before rounding, in points of the opinion scale.
        spread: Sizes of the effects.
        study: Number of the study: which pairs differ.
        source: Random numbers.
        span: Instead of `SPAN`.
    """

    def __init__(
        self,
        design: StudyDesign,
        raters: int,
        effect: float,
        spread: Spread,
        study: int,
        source: np.random.Generator,
        span: float = SPAN,
    ) -> None:
        jod = _jod(spread)
        self.methods = {each.name: tuple(sorted(each.versions)) for each in design.sets}
        self.pairs: dict[str, list[tuple[str, str, bool]]] = {}
        self.truth: dict[str, Array] = {}
        self.places = {s.id: (s.dataset, s.method, s.image) for s in design.stimuli}
        self._thought: dict[str, Array] = {}
        for each in design.sets:
            centre, self.pairs[each.name] = self._placed(self.methods[each.name], effect, span * jod, study, source)
            taste = draw_around(centre, raters, len(each.images), replace(spread, rest=0.0), source)
            self._thought[each.name] = taste + spread.rest * source.standard_normal(taste.shape)
            here = taste.mean(axis=(1, 2))
            self.truth[each.name] = (here - here.mean()) / jod
        self._rows = {name: {m: row for row, m in enumerate(methods)} for name, methods in self.methods.items()}
        self._columns = {each.name: {image: i for i, image in enumerate(each.images)} for each in design.sets}

    @staticmethod
    def _placed(
        methods: Sequence[str], effect: float, span: float, study: int, source: np.random.Generator
    ) -> tuple[Array, list[tuple[str, str, bool]]]:
        order = source.permutation(len(methods))
        groups = [order[start : start + 2] for start in range(0, len(order), 2)]
        centre, pairs = np.zeros(len(methods)), []
        for number, group in enumerate(groups):
            centre[group] = span * (number / max(1, len(groups) - 1) - 0.5)
            if len(group) == 2:
                differs = (study + number) % 2 == 0
                centre[group] += np.array([0.5, -0.5]) * effect * differs
                a, b = sorted(methods[place] for place in group)
                pairs.append((a, b, differs))
        return centre, pairs

    def answer(self, rater: int, pair: Pair) -> int:
        """Return 1 where rater (from 1) prefers the left one, else 2."""
        dataset, left, image = self.places[pair[0]]
        right = self.places[pair[1]][1]
        thought, rows = self._thought[dataset][:, rater - 1, self._columns[dataset][image]], self._rows[dataset]
        return 1 if thought[rows[left]] > thought[rows[right]] else 2

    def choices(self, dataset: str, answers: Sequence[Answer]) -> Array:
        """Return what was chosen on one data set, where no rater had a pair of one picture twice.

        Returns:
            Shape (methods, methods, raters, images): 1 where the first method was preferred to the second, -1 where it
            was the other way round, 0 for no preference, and NaN where a rater was not asked.
        """
        rows, columns = self._rows[dataset], self._columns[dataset]
        chosen: Array = np.full((len(rows), *self._thought[dataset].shape), np.nan)
        for rater, (left, right), score in answers:
            name, method, image = self.places[left]
            if name == dataset:
                a, b = rows[method], rows[self.places[right][1]]
                choice = 0.0 if score == NO_PREFERENCE else 3.0 - 2.0 * score
                chosen[a, b, rater - 1, columns[image]] = choice
                chosen[b, a, rater - 1, columns[image]] = -choice
        return chosen

    def error(self, dataset: str, model: Pairs) -> float:
        """Return the mean square error of a model's qualities on these pictures to these raters, in square JOD."""
        return float(np.mean((model.estimates - self.truth[dataset]) ** 2))


@functools.lru_cache(maxsize=64)
def _jod(spread: Spread) -> float:
    """Return one JOD in points of the opinion scale before rounding."""
    noise = float(np.sqrt(2.0)) * spread.rest  # of one answer, which compares two impressions
    tastes = float(np.hypot(spread.method_image, spread.method_rater))
    return just_noticed(links.find("probit"), tastes / spread.rest) * noise


def table(world: World, answers: Sequence[Answer]) -> pd.DataFrame:
    """Return answers as a study's comparisons: columns rater, dataset, image, left, right, score."""
    rows = []
    for rater, (left, right), score in answers:
        dataset, method, image = world.places[left]
        given = 1.5 if score == NO_PREFERENCE else float(score)
        rows.append((f"r{rater}", dataset, image, method, world.places[right][1], given))
    return pd.DataFrame(rows, columns=["rater", "dataset", "image", "left", "right", "score"])

"""Planning: what a study with so many raters and pictures can find, and what it costs."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from srbench.errors import StudyError
from srbench.mos.design.items import Item
from srbench.mos.design.pair_planning import Saving, rehearsals, savings
from srbench.mos.design.schedule import part_of
from srbench.mos.design.simulation import Array, Spread, draw, draw_impressions
from srbench.mos.design.study import ImageSet, StudyDesign
from srbench.mos.store.selection import sessions
from srbench.stats.intervals import crossed_means, excludes_zero, family_intervals
from srbench.stats.signed_rank import signed_rank, smallest_p

Cells: TypeAlias = NDArray[np.bool_]

_STUDIES = 300
_OTHER_PAIRS = 11
"""So many pairs beside the one in question are looked at in an incomplete design, where each is a least-squares fit."""


@dataclass(frozen=True, slots=True)
class Power:
    """What a study can find on one set of pictures.

    Attributes:
        dataset: Name of the set.
        images: Number of pictures.
        methods: Number of methods that are compared with each other.
        power: Share of simulated studies that called the difference significant by the rule of the report: an
            interval that holds for all pairs of methods at once, over raters and pictures, without 0. Where pairs are
            selected actively it is that of the model of pairs.
        power_wilcoxon: The same by Wilcoxon's p on the means per picture, not adjusted: it takes the raters as given.
        false_alarms: Share that called this pair different where it is not; among all pairs at most alpha is wanted.
        false_alarms_wilcoxon: The same by Wilcoxon's p.
        smallest_p: The smallest p that Wilcoxon's test of so many pictures can reach, however large the difference.
    """

    dataset: str
    images: int
    methods: int
    power: float
    power_wilcoxon: float
    false_alarms: float
    false_alarms_wilcoxon: float
    smallest_p: float


@dataclass(frozen=True, slots=True)
class StudyCost:
    """What a study costs one rater and all of them.

    Attributes:
        trials: Ratings per rater.
        ratings: Ratings of all raters.
        sessions: Sessions per rater.
        hours: Hours per rater, calibration and breaks included.
        hours_total: Hours of all raters.
    """

    trials: int
    ratings: int
    sessions: int
    hours: float
    hours_total: float


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a study can find, set by set, and what it costs.

    Attributes:
        power: What it can find.
        cost: What it costs.
        studies: How many studies were simulated for each set.
        savings: Where pairs are selected actively, what that finds beside balanced blocks of as many trials.
    """

    power: tuple[Power, ...]
    cost: StudyCost
    studies: int
    savings: tuple[Saving, ...] = ()


def plan(design: StudyDesign, raters: int, effect: float, *, simulations: int | None = None, seed: int = 0) -> Prospect:
    """Return what the study of `design` can find and what it costs, before it is made.

    Args:
        design: The design; where it names no pictures, as many as it demands, else ten of each set.
        raters: Number of raters.
        effect: Difference of two mean opinion scores to find.
        simulations: How many studies are simulated for each set; default: 300, or where pairs are selected actively as
            many as `pair_planning.rehearsals` says, because each of those chooses every pair as the server does.
        seed: Equal seeds give equal answers.

    Raises:
        StudyError: See `power`.
    """
    images = {each.name: len(each.images) or each.count or 10 for each in design.sets}
    spent = cost(design, raters, trials(design, images))
    if design.settings.selection == "active":
        studies = rehearsals(design, images, raters) if simulations is None else simulations
        saved = savings(design, images, raters, effect, studies, seed)
        return Prospect(tuple(_of_active(each, design, images) for each in saved), spent, studies, tuple(saved))
    studies = _STUDIES if simulations is None else simulations
    methods = {each.name: max(2, len(each.versions)) for each in design.sets}
    seen = shown_cells(design, images, raters) if design.settings.trials_per_rater else None
    found = power(
        images, raters, effect, methods=methods, studies=studies, seed=seed, seen=seen, chooses=design.compares
    )
    return Prospect(tuple(found), spent, studies)


def _of_active(saved: Saving, design: StudyDesign, images: Mapping[str, int]) -> Power:
    (methods,) = (len(each.versions) for each in design.sets if each.name == saved.dataset)
    found, count = saved.active, images[saved.dataset]
    shares = (found.power, found.power_wilcoxon, found.false_alarms, found.false_alarms_wilcoxon)
    return Power(saved.dataset, count, methods, *shares, smallest_p(count))


def power(
    images: Mapping[str, int],
    raters: int,
    effect: float,
    *,
    mos: float = 3.0,
    alpha: float = 0.05,
    methods: int | Mapping[str, int] = 2,
    studies: int = 300,
    seed: int = 0,
    spread: Spread | None = None,
    seen: Mapping[str, Cells] | None = None,
    chooses: bool = False,
) -> list[Power]:
    """Simulate studies in which two methods differ by `effect` in MOS, with crossed effects of raters and pictures.

    Args:
        images: Number of pictures of each set.
        raters: Number of raters.
        effect: Difference of the two mean opinion scores.
        mos: Their mean.
        alpha: Level of the test.
        methods: How many methods the study compares, the two included, on every set or by its name: more pairs ask for
            more evidence each.
        studies: How many studies are simulated; the power is known to about 1 / sqrt(studies).
        seed: Equal seeds give equal answers.
        spread: Sizes of the effects.
        seen: For each set which cells are rated, see `shown_cells`; default: all.
        chooses: Whether raters choose the better of two versions instead of giving scores; then the mean of the
            choices, each +1 or -1, is what an interval is made for.

    Raises:
        StudyError: The sizes are not positive, or mos +- effect / 2 leaves the scale.
    """
    if raters < 2 or studies < 1 or min(images.values(), default=0) < 1:
        raise StudyError("A plan needs two raters or more, and at least one picture per set and one simulation.")
    families = dict.fromkeys(images, methods) if isinstance(methods, int) else methods
    if min(families.values()) < 2:
        raise StudyError(f"A plan compares two methods or more; got {min(families.values())}.")
    if not effect >= 0 or not 0 < alpha < 1:
        raise StudyError(f"Expected an effect of 0 or more and alpha between 0 and 1, got {effect} and {alpha}.")
    rows = []
    for number, (dataset, count) in enumerate(images.items()):
        source = np.random.default_rng([seed, number])
        means = mos + effect / 2, mos - effect / 2
        drawn = DrawnStudy(
            families[dataset], raters, count, spread or Spread(), seen[dataset] if seen else None, chooses
        )
        found = _share(means, drawn, alpha, studies, source)
        false = _share((mos, mos), drawn, alpha, studies, source)
        rows.append(Power(dataset, count, drawn.methods, *found, *false, smallest_p(count)))
    return rows


def cost(study: StudyDesign, raters: int, trials: int) -> StudyCost:
    """Return the time that `trials` ratings per rater take under the settings of `study`."""
    settings = study.settings
    per_picture = 1 if study.compares else 2
    seconds = (trials + study.calibration.count * per_picture) * settings.seconds_per_trial
    breaks = sessions(trials, settings) - 1
    hours = (seconds + 60 * settings.break_minutes * breaks) / 3600
    return StudyCost(trials, trials * raters, breaks + 1, hours, hours * raters)


def trials(study: StudyDesign, images: Mapping[str, int]) -> int:
    """Return the number of ratings per rater of a design, with so many pictures of each set."""
    total = 0
    for each in study.sets:
        k = len(each.versions)
        total += images[each.name] * (k * (k - 1) // 2 if study.compares else k)
    total += study.retest.count if study.retest.method else 0
    return min(total, study.settings.trials_per_rater or total)


def shown_cells(study: StudyDesign, images: Mapping[str, int], raters: int) -> dict[str, Cells]:
    """Return for each set which rater sees which version of which picture in an incomplete design.

    Args:
        study: The design; its pictures need not be known yet.
        images: Number of pictures of each set.
        raters: The raters have the blocks 1 to this.

    Returns:
        Shape (V, raters, pictures) for V versions, or V pairs of versions in pair comparison.

    Raises:
        StudyError: There are fewer items than `trials_per_rater`.
    """
    pool = sorted(item for each in study.sets for item in _items(study, each, images[each.name]))
    dealt = [part_of(study, pool, rater + 1) for rater in range(raters)]
    found = {}
    for each in study.sets:
        versions = sorted({(item.method, item.other_method) for item in pool if item.dataset == each.name})
        cells: Cells = np.zeros((len(versions), raters, images[each.name]), dtype=bool)
        for rater in range(raters):
            for item in dealt[rater]:
                if item.dataset == each.name:
                    cells[versions.index((item.method, item.other_method)), rater, int(item.image)] = True
        found[each.name] = cells
    return found


def _items(study: StudyDesign, chosen: ImageSet, images: int) -> list[Item]:
    pairs = list(itertools.combinations(sorted(chosen.versions), 2)) if study.compares else [
        (version, "") for version in chosen.versions
    ]  # fmt: skip
    return [
        Item(chosen.name, f"{image:06d}", method, 0, other, f"{chosen.name}/{image}/{method}/{other}", None)
        for image in range(images)
        for method, other in pairs
    ]


@dataclass(frozen=True)
class DrawnStudy:
    """How one simulated study is drawn; `differences` does it."""

    methods: int
    raters: int
    images: int
    spread: Spread
    seen: Cells | None
    chooses: bool

    def differences(self, means: tuple[float, float], source: np.random.Generator) -> Array:
        """Return the differences of pairs of methods, the pair in question first; NaN where a rater does not see both.

        Args:
            means: Of the two methods in question; the others lie in the middle.
            source: Random numbers.

        Returns:
            Shape (pairs, raters, images): all pairs, or those of an incomplete design that are enough to know its
            degrees of freedom.
        """
        whole = [*means, *[sum(means) / 2] * (self.methods - 2)]
        first, second = np.triu_indices(self.methods, 1)
        others = 1 + source.permutation(first.size - 1)
        some = np.append(0, others if self.seen is None else others[:_OTHER_PAIRS])
        first, second = first[some], second[some]
        drawn = draw_impressions if self.chooses else draw
        scores = drawn(whole, self.raters, self.images, self.spread, source)
        found: Array = scores[first] - scores[second]
        if self.chooses:
            found = np.sign(found)
        if self.seen is None:
            return found
        # Which version is which method does not matter to a study, but some are seen by more raters.
        shown = self.seen[source.permutation(len(self.seen))]
        rated = shown[some] if self.chooses else shown[first] & shown[second]
        return np.where(rated, found, np.nan)


def _share(
    means: tuple[float, float], drawn: DrawnStudy, alpha: float, studies: int, source: np.random.Generator
) -> tuple[float, float]:
    by_rule = by_wilcoxon = 0
    for _ in range(studies):
        differences = drawn.differences(means, source)
        shown = differences[0][:, ~np.isnan(differences[0]).all(axis=0)]
        if shown.shape[1] < 2:
            continue  # nobody saw both on two pictures: such a study finds nothing
        by_wilcoxon += signed_rank(np.nanmean(shown, axis=0)).p < alpha
        low, high = family_intervals(*crossed_means(differences), drawn.methods, 1 - alpha)
        by_rule += bool(excludes_zero(low[0], high[0]))
    return by_rule / studies, by_wilcoxon / studies

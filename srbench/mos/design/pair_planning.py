"""What a study by active selection can find: rehearsals of it, each beside one of balanced blocks of as many trials."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from srbench.errors import StatisticsError, StudyError
from srbench.mos.design.active import ActiveSelection
from srbench.mos.design.rehearsal import rehearse, scheduled
from srbench.mos.design.simulation import Array, Spread, latent_mean
from srbench.mos.design.study import StudyDesign
from srbench.mos.design.world import World, table, with_pictures
from srbench.mos.store.selection import Choose
from srbench.stats.pairs import Pairs, pair_model
from srbench.stats.signed_rank import signed_rank

Kind: TypeAlias = Literal["active", "blocks"]

_PARTS = (0.4, 0.7)
"""After these parts of all trials the scale of active selection is looked at, and at their end."""

_BUDGET, _FEWEST, _MOST = 20.0, 4, 300
_SAMPLES = 1000
_CHOICE, _CELL, _FIT = 0.0005, 8e-7, 0.2  # seconds of a processor: a choice, its part of each cell, a scale


@dataclass(frozen=True, slots=True)
class Found:
    """How often close methods were told apart by one way to select pairs, and how exact its scale was.

    Attributes:
        power: Share of close pairs whose qualities differ by the effect that the report's interval called different.
        power_wilcoxon: The same by Wilcoxon's p of the mean choices on the pictures where the two were compared.
        false_alarms: Share of close pairs of equal quality that the interval called different.
        false_alarms_wilcoxon: The same by Wilcoxon's p.
        error: Root mean square error of the qualities on the study's pictures to its raters, in JOD.
    """

    power: float
    power_wilcoxon: float
    false_alarms: float
    false_alarms_wilcoxon: float
    error: float


@dataclass(frozen=True, slots=True)
class Saving:
    """What active selection of pairs finds on one data set, beside balanced blocks of as many trials.

    Attributes:
        dataset: Name of the set.
        active: By active selection.
        blocks: By balanced blocks, with the same raters, who think the same of every version.
        trials: Trials of a rater after which active selection has the error that blocks have after all; more than all
            where it is not as exact, by the square root of trials. NaN where no study has a scale.
        trials_range: Between these it lies in 95 % of bootstrap samples of the simulated studies.
        pairs: How many close pairs differed and how many did not, over all studies.
        without_scale: Studies, of either kind, whose answers were too few for a scale: they find nothing.
    """

    dataset: str
    active: Found
    blocks: Found
    trials: float
    trials_range: tuple[float, float]
    pairs: tuple[int, int]
    without_scale: int


def rehearsals(design: StudyDesign, images: Mapping[str, int], raters: int) -> int:
    """Return how many studies take about half a minute of a processor, from their sizes alone."""
    choice = 0.0
    for each in design.sets:
        cells = images[each.name] * len(each.versions) ** 2
        choice += (_CHOICE + _CELL * cells) * images[each.name] / sum(images.values())
    fits = (2 + len(_PARTS)) * len(design.sets) * _FIT
    return int(np.clip(_BUDGET / (raters * design.settings.trials_per_rater * choice + fits), _FEWEST, _MOST))


def savings(
    design: StudyDesign,
    images: Mapping[str, int],
    raters: int,
    effect: float,
    studies: int,
    seed: int = 0,
    spread: Spread | None = None,
) -> list[Saving]:
    """Rehearse studies by active selection, and the same ones with balanced blocks, and return what each set finds.

    Args:
        design: The design; its pictures need not be known yet.
        images: Number of pictures of each set.
        raters: Number of raters, who all rate at the same time.
        effect: Difference of two mean opinion scores to find.
        studies: How many are simulated.
        seed: Equal seeds give equal answers.
        spread: Sizes of the effects.

    Raises:
        StudyError: The sizes are not positive, there are fewer pairs than `trials_per_rater`, or the effect leaves the
            scale.
    """
    if raters < 2 or studies < 1 or min(images.values(), default=0) < 1 or not effect >= 0:
        raise StudyError(
            f"A plan needs two raters or more, and at least one picture per set and one simulation, and an effect of "
            f"0 or more; got {raters} raters, {studies} simulations, an effect of {effect:g}."
        )
    spread, made = spread or Spread(), with_pictures(design, images)
    latent = latent_mean(3.0 + effect / 2, spread.total) - latent_mean(3.0 - effect / 2, spread.total)
    trials = design.settings.trials_per_rater
    parts = sorted({max(2, round(share * trials)) for share in _PARTS if share * trials < trials})
    counts = {each.name: _Counts(len(parts)) for each in made.sets}
    blocks = scheduled(replace(made, settings=replace(made.settings, selection="full")))
    for study in range(studies):
        choosers: dict[Kind, Choose] = {"active": ActiveSelection(made), "blocks": blocks}
        world = World(made, raters, latent, spread, study, np.random.default_rng([seed, study]))
        for kind, choose in choosers.items():
            order = np.random.default_rng([seed, study, 1])
            answers = rehearse(choose, world.answer, raters, trials, order)
            for name, part in _by_set(made, table(world, answers)):
                counts[name].add(kind, world, name, part, world.choices(name, answers))
            if kind == "active":
                for place, size in enumerate(parts):
                    for name, part in _by_set(made, table(world, answers[: size * raters])):
                        model = _scale(part, world, name, ())
                        counts[name].curve[place].append(np.nan if model is None else world.error(name, model))
    return [counts[each.name].saving(each.name, [*parts, trials]) for each in made.sets]


class _Counts:
    """What was found on one data set, over all studies."""

    def __init__(self, parts: int) -> None:
        self._hits: Counter[tuple[Kind, bool, str]] = Counter()
        self._pairs: Counter[bool] = Counter()
        self._errors: dict[Kind, list[float]] = {"active": [], "blocks": []}
        self.curve: list[list[float]] = [[] for _ in range(parts)]

    def add(self, kind: Kind, world: World, name: str, comparisons: pd.DataFrame, choices: Array) -> None:
        methods = world.methods[name]
        model = _scale(comparisons, world, name)
        called = set() if model is None else {(row.a, row.b) for row in model.contrasts().itertuples() if row.differs}
        self._errors[kind].append(np.nan if model is None else world.error(name, model))
        for a, b, differs in world.pairs[name]:
            self._pairs[differs] += kind == "active"
            self._hits[kind, differs, "rule"] += (a, b) in called
            self._hits[kind, differs, "wilcoxon"] += _by_wilcoxon(choices[methods.index(a), methods.index(b)])

    def saving(self, name: str, sizes: list[int]) -> Saving:
        errors = np.array([*self.curve, self._errors["active"], self._errors["blocks"]])
        known = errors[:, ~np.isnan(errors).any(axis=0)]
        pairs = self._pairs[True], self._pairs[False]
        without = int(np.isnan(errors[-2:]).sum())
        if not known.size:
            found = self._found("active", np.nan), self._found("blocks", np.nan)
            return Saving(name, *found, np.nan, (np.nan, np.nan), pairs, without)
        *curve, goal = np.sqrt(known.mean(axis=1)).tolist()
        samples = np.random.default_rng(0).integers(0, known.shape[1], (known.shape[1], _SAMPLES))
        again = [reached(sizes, each[:-1], each[-1]) for each in np.sqrt(known[:, samples].mean(axis=1)).T.tolist()]
        low, high = np.quantile(again, (0.025, 0.975)).tolist()
        found = self._found("active", curve[-1]), self._found("blocks", goal)
        return Saving(name, *found, reached(sizes, curve, goal), (low, high), pairs, without)

    def _found(self, kind: Kind, error: float) -> Found:
        def share(differs: bool, rule: str) -> float:
            pairs = self._pairs[differs]
            return self._hits[kind, differs, rule] / pairs if pairs else float("nan")

        power, false_alarms = ((share(differs, "rule"), share(differs, "wilcoxon")) for differs in (True, False))
        return Found(*power, *false_alarms, error)


def reached(sizes: list[int], curve: list[float], goal: float) -> float:
    """Return at how many trials a curve of errors falls to `goal`, on logarithms.

    Where it has not at the last of `sizes`, errors are taken to fall with the square root of trials.
    """
    if curve[0] <= goal:
        return float(sizes[0])
    for (a, high), (b, low) in pairwise(zip(sizes, curve, strict=True)):
        if high >= goal >= low:
            share = np.log(high / goal) / max(np.log(high / low), 1e-12)
            return float(a * (b / a) ** share)
    return float(sizes[-1] * (curve[-1] / goal) ** 2)


def _by_set(design: StudyDesign, comparisons: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    for each in design.sets:  # also where nobody was asked about one
        yield each.name, comparisons[comparisons["dataset"] == each.name]


def _scale(comparisons: pd.DataFrame, world: World, name: str, effects: tuple[str, ...] | None = None) -> Pairs | None:
    methods = list(world.methods[name])
    try:
        return pair_model(comparisons, methods=methods, effects=effects)
    except StatisticsError:  # too few answers: groups that were never compared, or no room for tastes
        return None


def _by_wilcoxon(chosen: Array) -> bool:
    shown = chosen[:, ~np.isnan(chosen).all(axis=0)]
    return shown.shape[1] > 1 and signed_rank(np.nanmean(shown, axis=0)).p < 0.05

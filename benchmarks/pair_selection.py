"""How many trials active selection saves in pair comparison: simulated studies with full, random and active designs.

    python benchmarks/pair_selection.py [--studies 20] [--seed 0] [--figure docs/figures/study/pair-selection.svg]

Six methods on ten pictures, 12 raters. Qualities are drawn anew for each study over about 4 JOD, a method suits some
pictures and some raters more than others, and every answer has noise of standard deviation 1. Each rater answers n of
the 150 pairs: a balanced block of the full design, pairs at random, or those that `ActiveSelection` chooses from all
answers so far, the raters in turn as on a server. A rater answers a pair of one picture alike in every design, so that
with all 150 pairs the designs are the same. The scale is then estimated by `stats.pair_model`, as in a report.

The error is that of the noise of answers: the root mean square difference, in JOD, from the mean quality of each method
on these pictures, to these raters. In brackets that from the quality on all pictures to all raters, which no number of
trials with ten pictures and 12 raters removes.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from srbench import stats
from srbench.errors import StatisticsError
from srbench.mos.design import schedule
from srbench.mos.design.active import ActiveSelection
from srbench.mos.design.study import ImageSet, StudyDesign
from srbench.mos.store.definitions import Settings, Stimulus
from srbench.mos.store.selection import Known, Pair
from srbench.stats import links
from srbench.stats.pairs import just_noticed

METHODS, PICTURES, RATERS = 6, 10, 12
SIZES = (15, 25, 40, 60, 90, 150)
DESIGNS = ("full", "random", "active")
RANGE, QUALITY, PICTURE, TASTE = 3.2, 0.3, 0.4, 0.2
"""The range over which qualities lie evenly (4 JOD), and standard deviations: of a quality from its even place, of a
method on one picture, and to one rater. That of an answer's noise is 1."""

PAIRS = PICTURES * METHODS * (METHODS - 1) // 2


def make_design(seed: int) -> StudyDesign:
    """Return a study by pair comparison whose pictures are only names."""
    names, images = [f"m{m}" for m in range(METHODS)], [f"p{i}" for i in range(PICTURES)]
    stimuli = [
        Stimulus(f"{1000 * i + m:032x}", "rating", "set", image, name, 0, "0" * 64, 8, 8)
        for i, image in enumerate(images)
        for m, name in enumerate(names)
    ]
    sets = (ImageSet("set", tuple(names), tuple(images)),)
    return StudyDesign("pairs", seed, sets, Settings("pc", pass_fraction=0.0), stimuli=tuple(stimuli))


class World:
    """What raters think of every version, and how they answer each pair."""

    def __init__(self, design: StudyDesign, seed: int) -> None:
        source = np.random.default_rng([seed, 1])
        quality = np.linspace(0, RANGE, METHODS) + source.normal(0, QUALITY, METHODS)
        picture = source.normal(0, PICTURE, (PICTURES, METHODS))
        taste = source.normal(0, TASTE, (RATERS, METHODS))
        noise = source.normal(0, 1, (RATERS, PICTURES, METHODS, METHODS))
        latent = quality + picture[None] + taste[:, None]
        self.unit = just_noticed(links.find("probit"), float(np.hypot(PICTURE, TASTE) * np.sqrt(2)))
        self.all = (quality - quality.mean()) / self.unit
        self.here = (latent.mean(axis=(0, 1)) - latent.mean()) / self.unit
        self.versions = {s.id: (int(s.image[1:]), int(s.method[1:])) for s in design.stimuli}
        self._margin = latent[..., :, None] - latent[..., None, :] + np.triu(noise, 1)

    def answer(self, rater: int, pair: Pair) -> int:
        """Return 1 where the left one is preferred, else 2; the sides make no difference."""
        (image, left), (_, right) = (self.versions[each] for each in pair)
        first, second = min(left, right), max(left, right)
        prefers_first = self._margin[rater, image, first, second] > 0
        return 1 if prefers_first == (first == left) else 2


Answered = list[tuple[int, Pair, int]]


def ask(world: World, pairs: Callable[[int, int, Known], Pair], size: int) -> Answered:
    """Let the raters answer `size` trials each, in turn."""
    answers: Answered = []
    known: Counter[tuple[str, str, int]] = Counter()
    mine: list[list[Pair]] = [[] for _ in range(RATERS)]
    for position in range(1, size + 1):
        for rater in range(RATERS):
            counts = tuple((*key, count) for key, count in known.items())
            before = mine[rater][-1][0] if mine[rater] else None
            pair = pairs(rater + 1, position, Known(counts, (), tuple(mine[rater]), before))
            score = world.answer(rater, pair)
            mine[rater].append(pair)
            known[(*pair, score)] += 1
            answers.append((rater, pair, score))
    return answers


def scheduled(design: StudyDesign, selection: str, size: int) -> Callable[[int, int, Known], Pair]:
    """Return pairs as they are fixed before a study, `size` for each rater."""
    part = replace(design.settings, trials_per_rater=size % PAIRS, selection=selection if size < PAIRS else "full")
    fixed = replace(design, settings=part)
    orders = [schedule.rating_order(fixed, rater + 1) for rater in range(RATERS)]

    def next_pair(number: int, position: int, _known: Known) -> Pair:
        item = orders[number - 1][position - 1]
        return item.stimulus, str(item.other)

    return next_pair


def errors(world: World, answers: Answered) -> tuple[float, float]:
    """Return the root mean square error of the estimated qualities, here and of all, in JOD of the world."""
    rows = [
        (f"r{rater}", "set", world.versions[left][0], world.versions[left][1], world.versions[right][1], score)
        for rater, (left, right), score in answers
    ]
    table = pd.DataFrame(rows, columns=["rater", "dataset", "image", "left", "right", "score"])
    names = [str(m) for m in range(METHODS)]
    try:
        model = stats.pair_model(table, methods=names, order=False)
    except StatisticsError:  # few answers, which say nothing of taste: the message says to leave that out
        model = stats.pair_model(table, methods=names, order=False, effects=())
    found = model.estimates * model.unit / world.unit
    return tuple(float(np.sqrt(np.mean((found - truth) ** 2))) for truth in (world.here, world.all))


def simulate(seed: int) -> tuple[dict[tuple[str, int], tuple[float, float]], list[float]]:
    """Return the errors of each design and size in one study, and how long active choices took."""
    design = make_design(seed)
    world = World(design, seed)
    found = {
        (kind, size): errors(world, ask(world, scheduled(design, kind, size), size))
        for kind in ("full", "random")
        for size in SIZES[:-1]
    }
    whole = errors(world, ask(world, scheduled(design, "full", PAIRS), PAIRS))
    found |= {(kind, PAIRS): whole for kind in DESIGNS}  # all pairs are all pairs
    chooser, took = ActiveSelection(design), []

    def timed(number: int, position: int, known: Known) -> Pair:
        start = time.perf_counter()
        pair = chooser(number, position, known)
        took.append(time.perf_counter() - start)
        return pair

    answers = ask(world, timed, SIZES[-2])
    found |= {("active", size): errors(world, answers[: size * RATERS]) for size in SIZES[:-1]}
    return found, took


def reached(sizes: Sequence[int], curve: Sequence[float], goal: float) -> float:
    """Return at how many trials a curve falls to `goal`, interpolated on logarithms; NaN where it does not."""
    if curve[0] <= goal:
        return float(sizes[0])
    for (a, high), (b, low) in pairwise(zip(sizes, curve, strict=True)):
        if high >= goal >= low:
            share = (np.log(high) - np.log(goal)) / max(np.log(high) - np.log(low), 1e-12)
            return float(np.exp(np.log(a) + share * (np.log(b) - np.log(a))))
    return float("nan")


def draw(means: dict[str, np.ndarray], path: Path) -> None:
    """Draw the three curves."""
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    for kind, marker in zip(DESIGNS, "os^", strict=True):
        axes.loglog(SIZES, means[kind][:, 0], marker=marker, label=kind)
    axes.set(xlabel="trials per rater", ylabel="error of the scale (JOD)")
    axes.set_xticks(SIZES, [str(size) for size in SIZES])
    axes.minorticks_off()
    levels = [0.1, 0.2, 0.4, 0.8]
    axes.set_yticks(levels, [str(level) for level in levels])
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.savefig(path)


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--figure", type=Path)
    options = parser.parse_args()
    found, took = [], []
    for study in range(options.studies):
        each, seconds = simulate(options.seed + study)
        found.append(each)
        took += seconds
    means = {
        kind: np.sqrt(np.mean(np.array([[each[kind, size] for size in SIZES] for each in found]) ** 2, axis=0))
        for kind in DESIGNS
    }
    print(f"{METHODS} methods, {PICTURES} pictures, {RATERS} raters, {options.studies} studies: error in JOD")
    print("trials a rater " + "".join(f"{size:>15}" for size in SIZES))
    for kind in DESIGNS:
        print(f"{kind:15}" + "".join(f"{here:7.3f} ({every:.3f})" for here, every in means[kind]))
    for size in SIZES[1:-1]:
        goal = means["full"][SIZES.index(size), 0]
        needed = {kind: reached(SIZES, means[kind][:, 0], goal) for kind in ("active", "random")}
        print(
            f"the error of the full design with {size} trials a rater: active after {needed['active']:.0f} "
            f"({1 - needed['active'] / size:.0%} fewer), random after {needed['random']:.0f}"
        )
    print(f"a choice: median {1000 * np.median(took):.1f} ms, 99 % below {1000 * np.quantile(took, 0.99):.1f} ms")
    if options.figure:
        draw(means, options.figure)


if __name__ == "__main__":
    main()

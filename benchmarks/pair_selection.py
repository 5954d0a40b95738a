"""How many trials active selection saves in pair comparison: simulated studies with full, random and active designs.

    python benchmarks/pair_selection.py [--studies 20] [--seed 0] [--figure docs/figures/study/pair-selection.svg]

Six methods on ten pictures, 12 raters. Qualities are drawn anew for each study, a method suits some pictures and some
raters more than others, and every answer has noise of standard deviation 1. Each rater answers n of the 150 pairs: a
balanced block of the full design, pairs at random, or those that `ActiveSelection` chooses from all answers so far, the
raters in turn as on a server. The scale is then estimated by `stats.pair_model`, as in a report. Prints the root mean
square error of the qualities in JOD, the trials at which active selection reaches the error of the full design with all
150 pairs, and how long a choice takes.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from srbench import stats
from srbench.mos.design import schedule
from srbench.mos.design.active import ActiveSelection
from srbench.mos.design.study import ImageSet, StudyDesign
from srbench.mos.store.definitions import Settings, Stimulus
from srbench.mos.store.selection import Known, Pair
from srbench.stats import links
from srbench.stats.pairs import just_noticed

METHODS, PICTURES, RATERS = 6, 10, 12
SIZES = (10, 15, 25, 40, 60, 90, 150)
DESIGNS = ("full", "random", "active")
QUALITY, PICTURE, TASTE = 1.5, 0.4, 0.2
"""Standard deviations of a method's quality, on one picture, and to one rater; that of an answer's noise is 1."""

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


@dataclass
class World:
    """What raters think of every version, and one answer at a time."""

    design: StudyDesign
    source: np.random.Generator
    latent: dict[tuple[int, str], float] = field(init=False)
    truth: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        quality = self.source.normal(0, QUALITY, METHODS)
        picture = self.source.normal(0, PICTURE, (PICTURES, METHODS))
        taste = self.source.normal(0, TASTE, (RATERS, METHODS))
        unit = just_noticed(links.find("probit"), float(np.hypot(PICTURE, TASTE) * np.sqrt(2)))
        self.truth = (quality - quality.mean()) / unit
        self.latent = {
            (rater, s.id): quality[m] + picture[i, m] + taste[rater, m]
            for s in self.design.stimuli
            for i, m in [(int(s.image[1:]), int(s.method[1:]))]
            for rater in range(RATERS)
        }

    def answer(self, rater: int, pair: Pair) -> int:
        """Return 1 where the left one is preferred, else 2."""
        difference = self.latent[rater, pair[0]] - self.latent[rater, pair[1]]
        return 1 if difference + self.source.normal() > 0 else 2


Answered = list[tuple[int, Pair, int]]


def ask(world: World, pairs: Callable[[int, int, Known], Pair]) -> Answered:
    """Let the raters answer in turn; everybody sees all pairs in the end, in an order that `pairs` decides."""
    answers: Answered = []
    known: Counter[tuple[str, str, int]] = Counter()
    mine: list[list[Pair]] = [[] for _ in range(RATERS)]
    for position in range(1, PAIRS + 1):
        for rater in range(RATERS):
            counts = tuple((*key, count) for key, count in known.items())
            before = mine[rater][-1][0] if mine[rater] else None
            pair = pairs(rater + 1, position, Known(counts, (), tuple(mine[rater]), before))
            score = world.answer(rater, pair)
            mine[rater].append(pair)
            known[(*pair, score)] += 1
            answers.append((rater, pair, score))
    return answers


def fixed(design: StudyDesign, size: int) -> Callable[[int, int, Known], Pair]:
    """Return pairs as they are scheduled before a study, `size` for each rater."""
    orders = [schedule.rating_order(design, rater + 1) for rater in range(RATERS)]

    def next_pair(number: int, position: int, _known: Known) -> Pair:
        item = orders[number - 1][min(position, size) - 1]
        return item.stimulus, str(item.other)

    return next_pair


def error(world: World, answers: Answered) -> float:
    """Return the root mean square error of the estimated qualities, in JOD."""
    methods = {s.id: (s.image, s.method) for s in world.design.stimuli}
    rows = [
        (f"r{rater}", "set", methods[left][0], methods[left][1], methods[right][1], score)
        for rater, (left, right), score in answers
    ]
    table = pd.DataFrame(rows, columns=["rater", "dataset", "image", "left", "right", "score"])
    model = stats.pair_model(table, methods=[f"m{m}" for m in range(METHODS)])
    return float(np.sqrt(np.mean((model.estimates - world.truth) ** 2)))


def simulate(seed: int) -> tuple[dict[tuple[str, int], float], list[float]]:
    """Return the error of each design and size in one study, and how long active choices took."""
    errors: dict[tuple[str, int], float] = {}
    design = make_design(seed)
    for kind in ("full", "random"):
        for size in SIZES:
            part = replace(design.settings, trials_per_rater=0 if size == PAIRS else size, selection=kind)
            drawn = replace(design, settings=replace(part, selection="full") if size == PAIRS else part)
            world = World(design, np.random.default_rng([seed, 1]))
            pairs = fixed(drawn, size)
            answers = [
                (rater, pair, world.answer(rater, pair))
                for position in range(1, size + 1)
                for rater in range(RATERS)
                for pair in [pairs(rater + 1, position, Known((), (), (), None))]
            ]
            errors[kind, size] = error(world, answers)
    chooser, took = ActiveSelection(design), []

    def timed(number: int, position: int, known: Known) -> Pair:
        start = time.perf_counter()
        pair = chooser(number, position, known)
        took.append(time.perf_counter() - start)
        return pair

    world = World(design, np.random.default_rng([seed, 1]))
    answers = ask(world, timed)
    for size in SIZES:
        errors["active", size] = error(world, answers[: size * RATERS])
    return errors, took


def reached(sizes: Sequence[int], errors: Sequence[float], goal: float) -> float:
    """Return at how many trials a falling curve reaches `goal`, interpolated on logarithms; NaN where it does not."""
    for (a, high), (b, low) in zip(
        zip(sizes, errors, strict=True), zip(sizes[1:], errors[1:], strict=True), strict=False
    ):
        if high >= goal >= low:
            share = (np.log(high) - np.log(goal)) / max(np.log(high) - np.log(low), 1e-12)
            return float(np.exp(np.log(a) + share * (np.log(b) - np.log(a))))
    return float("nan")


def draw(means: dict[str, list[float]], path: Path) -> None:
    """Draw the three curves."""
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
    for kind, marker in zip(DESIGNS, "os^", strict=True):
        axes.loglog(SIZES, means[kind], marker=marker, label=kind)
    axes.set(xlabel="trials per rater", ylabel="error of the scale (JOD)")
    axes.set_xticks(SIZES, [str(size) for size in SIZES])
    axes.minorticks_off()
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
        errors, seconds = simulate(options.seed + study)
        found.append(errors)
        took += seconds
    means = {
        kind: [float(np.sqrt(np.mean([each[kind, size] ** 2 for each in found]))) for size in SIZES] for kind in DESIGNS
    }
    print(f"{METHODS} methods, {PICTURES} pictures, {RATERS} raters, {options.studies} studies: error in JOD")
    print("trials a rater " + "".join(f"{size:>8}" for size in SIZES))
    for kind in DESIGNS:
        print(f"{kind:15}" + "".join(f"{value:8.3f}" for value in means[kind]))
    for size in (40, 60, 90, PAIRS):
        goal = means["full"][SIZES.index(size)]
        print(
            f"the error of the full design with {size} trials a rater: active after "
            f"{reached(SIZES, means['active'], goal):.0f}, random after {reached(SIZES, means['random'], goal):.0f}"
        )
    print(f"a choice: median {1000 * np.median(took):.1f} ms, longest {1000 * max(took):.1f} ms")
    if options.figure:
        draw(means, options.figure)


if __name__ == "__main__":
    main()

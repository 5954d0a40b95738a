"""Simulated studies: how often the rules of the report find what is not there and what is, and how intervals cover.

    python benchmarks/significance.py [--table decisions|correlations|taste|paper] [--studies 400] [--seed 0] [--jobs 2]

Without --table the first three are printed. `python benchmarks/statistics_page.py OUTPUT` puts them into the page.

decisions: families of 4, 9 and 12 methods, 26 raters, scores rounded to 1..5, with random effects of raters, images,
rater x image, method x image and method x rater. A line is one number of images, one family, one setting of deviations.

- level: share of studies of equal methods in which any pair is called different (wanted: 5 %, at most 7);
- power: share of studies in which the one method that is 0.2 (0.5 on five images) better is told from the first other;
- coverage: share of the 95 % intervals of single differences, and of single methods' means, that hold the truth;
- Wilcoxon: the level when Holm-adjusted p values of Wilcoxon's test on image means decide instead;
- one pair: how often p of a single pair of equal methods falls below 0.05 by Wilcoxon's test on image means, and on
  single ratings (--unit rating).

correlations: coverage of the intervals of correlations of a metric with people.

taste: how often taste is found in studies without any, and with some, by the report's test (ordinal model in which
raters have their own spread and width) and by the F test of method x rater in points.

paper: studies drawn from the opinion scores of the SRGAN paper's Table 2, and how many of them conclude what the paper
does, for four guesses at the variances that it does not print.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass
from itertools import product

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats as scipy_stats

from srbench.mos.design import simulation as simulate
from srbench.stats import checked_ratings, compare, logistic
from srbench.stats.correlations import NAMES, pooled
from srbench.stats.intervals import crossed_means, shared_critical
from srbench.stats.ordinal import effect_p
from srbench.stats.signed_rank import signed_rank
from srbench.stats.stimuli import Stimuli

Array = npt.NDArray[np.float64]

RATERS = 26
IMAGES = (5, 14, 100)
FAMILIES = (4, 9, 12)
SPREADS = {
    "no interaction": (0.0, 0.0),
    "planner's": (0.25, 0.15),
    "images only": (0.3, 0.0),
    "taste only": (0.0, 0.15),
    "both, large": (0.3, 0.3),
}
"""Standard deviations of method x image and of method x rater."""
SD_RATER, SD_IMAGE, SD_RATER_IMAGE, SD_REST = 0.4, 0.4, 0.2, 0.6
PAPER_SPREADS = ((0.15, 0.05), (0.25, 0.05), (0.15, 0.15), (0.25, 0.15))
"""The same under which the paper's study is drawn again."""
NOT_APART = ("selfexsr", "srcnn")
"""The one pair of BSD100 that the paper does not tell apart."""
METRICS = {"good": (1.0, 0.5), "noisy": (2.0, 1.0)}
"""Errors of a metric: deviations of an image as a whole, and of single stimuli."""
TASTE_SIZE = (5, 12, 8)
CHUNK = 25
"""Studies that one process draws in one go."""


@dataclass(frozen=True)
class Setting:
    """One kind of study."""

    images: int
    methods: int
    method_image: float
    method_rater: float

    @property
    def effect(self) -> float:
        """The difference that power is measured for."""
        return 0.5 if self.images < 10 else 0.2

    def draw(self, effect: float, source: np.random.Generator) -> Array:
        """Draw one study whose last method is `effect` better; shape (methods, raters, images)."""
        means = np.full(self.methods, 3.0)
        means[-1] += effect
        m, r, i = self.methods, RATERS, self.images
        scores = (
            means[:, None, None]
            + source.normal(0, SD_RATER, (1, r, 1))
            + source.normal(0, SD_IMAGE, (1, 1, i))
            + source.normal(0, SD_RATER_IMAGE, (1, r, i))
            + source.normal(0, self.method_image, (m, 1, i))
            + source.normal(0, self.method_rater, (m, r, 1))
            + source.normal(0, SD_REST, (m, r, i))
        )
        whole: Array = np.clip(np.rint(scores), 1, 5)
        return whole


@dataclass(frozen=True)
class Shares:
    """What `measure` found, as shares of studies, or of intervals."""

    level: float
    power: float
    coverage: float
    coverage_mean: float
    wilcoxon: float
    pair_images: float
    pair_ratings: float


def decide(scores: Array) -> tuple[npt.NDArray[np.bool_], Array]:
    """Return whether the family interval of every pair excludes 0, and the pairs' |t| / quantile of a 95 % interval."""
    first, second = np.triu_indices(len(scores), 1)
    value, error, degrees = crossed_means(scores[first] - scores[second])
    critical = shared_critical(len(scores), degrees)
    return np.abs(value) > critical * error, _reach(value, error, degrees)


def _reach(value: Array, error: Array, degrees: Array) -> Array:
    """Return the distance from 0 in half widths of the 95 % interval."""
    reach: Array = np.abs(value) / (error * scipy_stats.t.isf(0.025, degrees))
    return reach


def any_by_holm(by_image: Array, alpha: float = 0.05) -> bool:
    """Return whether Holm-adjusted p values of Wilcoxon's test call any pair different; shape (methods, images).

    The smallest p decides. On many images a pair whose normal p is ten times too large is not computed exactly.
    """
    first, second = np.triu_indices(len(by_image), 1)
    differences = np.round(by_image[first] - by_image[second], 10)
    ranks = scipy_stats.rankdata(np.abs(differences), axis=1) - (differences == 0).sum(axis=1, keepdims=True)
    ranks[differences == 0] = 0.0
    z = (np.sign(differences) * ranks).sum(axis=1) / np.sqrt(np.maximum((ranks**2).sum(axis=1), 1.0))
    normal = 2.0 * scipy_stats.norm.sf(np.abs(z))
    bound = alpha / len(first)
    worth = normal < 10.0 * bound if by_image.shape[1] > 30 else np.full(len(first), True)
    order = np.argsort(normal)
    return any(signed_rank(differences[place]).p < bound for place in order[worth[order]])


def measure(setting: Setting, studies: int, seed: int | list[int], wilcoxon: bool = True) -> Shares:
    """Simulate `studies` studies without and as many with a difference."""
    source = np.random.default_rng(seed)
    pair = setting.methods - 2  # the first method and the last
    found = np.zeros(7)
    for _ in range(studies):
        scores = setting.draw(0.0, source)
        differs, reach = decide(scores)
        means, error, degrees = crossed_means(scores)
        of_means = _reach(means - 3.0, error, degrees)
        by_wilcoxon: tuple[float, ...] = (0.0, 0.0, 0.0)
        if wilcoxon:
            by_image = scores.mean(axis=1)
            one = signed_rank(by_image[0] - by_image[1]).p, signed_rank((scores[0] - scores[1]).ravel()).p
            by_wilcoxon = any_by_holm(by_image), one[0] < 0.05, one[1] < 0.05
        told = decide(setting.draw(setting.effect, source))[0][pair]
        found += (differs.any(), told, (reach <= 1).mean(), (of_means <= 1).mean(), *by_wilcoxon)
    return Shares(*(float(share) for share in found / studies))


def print_decisions(studies: int, seed: int, pool: ProcessPoolExecutor) -> None:
    """Print one line per setting."""
    error = 196 * np.sqrt(0.05 * 0.95 / studies)
    print(f"{studies} studies of {RATERS} raters; a share near 5 % is known to +-{error:.1f} points. All in %.\n")
    print(
        f"| Images | Methods | Spread, {studies} studies each | Level | Power | Coverage, difference | Coverage, mean "
        "| Wilcoxon, Holm: level | One pair, images | One pair, ratings |"
    )
    print("|--:|--:|:--|--:|--:|--:|--:|--:|--:|--:|")
    kinds = list(product(IMAGES, FAMILIES, SPREADS))
    settings = [Setting(images, methods, *SPREADS[name]) for images, methods, name in kinds]
    seeds = [[seed, number] for number in range(len(kinds))]
    measured = [astuple(found) for found in pool.map(measure, settings, [studies] * len(kinds), seeds)]
    for (images, methods, name), found in zip(kinds, measured, strict=True):
        print(f"| {images} | {methods} | {name} | " + " | ".join(f"{100 * share:.1f}" for share in found) + " |")
    print_range("| all | all | all |", 100 * np.array(measured))


def print_range(begin: str, shares: Array) -> None:
    """Print the last line of a table: the least and the largest figure of each column of `shares`, (lines, columns)."""
    ends = zip(shares.min(axis=0), shares.max(axis=0), strict=True)
    print(begin + " " + " | ".join(f"{low:.1f} to {high:.1f}" for low, high in ends) + " |", flush=True)


def conclusions(spread: simulate.Spread, studies: int, seed: int) -> tuple[int, int, Counter[tuple[str, str]]]:
    """Draw the paper's study `studies` times.

    Returns:
        In how many every difference on BSD100 but that of `NOT_APART` is significant; in how many Wilcoxon's test finds
        nothing on Set5; and how often each pair of BSD100 was not told apart.
    """
    exact, inconclusive, missed = 0, 0, Counter[tuple[str, str]]()
    for number in range(seed, seed + studies):
        table = compare(simulate.paper_study(seed=number, spread=spread, images={"bsd100": 100}))
        same = list(table.loc[~table["significant"], ["a", "b"]].itertuples(index=False, name=None))
        exact += same == [NOT_APART]
        missed.update(same)
        five = compare(simulate.paper_study(seed=number, spread=spread, images={"set5": 5}))
        inconclusive += not (five["p_adjusted"] < 0.05).any()
    return exact, inconclusive, missed


def print_conclusions(studies: int, seed: int) -> None:
    """Print one line per pair of standard deviations."""
    print(f"{studies} studies of {RATERS} raters, drawn from the means of the paper's Table 2")
    print(f"{'':42}{'the paper on BSD100':>20}{'Wilcoxon, Set5: none':>22}   not told apart on BSD100")
    for method_image, method_rater in PAPER_SPREADS:
        spread = simulate.Spread(method_image=method_image, method_rater=method_rater)
        exact, inconclusive, missed = conclusions(spread, studies, seed)
        named = ", ".join(f"{a}-{b} {count}" for (a, b), count in missed.most_common(4))
        label = f"sd method x image {method_image:.2f}, x rater {method_rater:.2f}"
        print(f"{label:42}{exact:20d}{inconclusive:22d}   {named}", flush=True)


@dataclass(frozen=True)
class Raters:
    """How the raters of a study of taste differ, beyond severity.

    Attributes:
        noise: Standard deviation of the logarithm of raters' noise.
        stretch: The same of the width that they use of the scale.
        ends: Mean distance by which they avoid the ends of the scale more than its middle, over 0.8.
        liking: Standard deviation of method x rater, in points.
    """

    noise: float = 0.0
    stretch: float = 0.0
    ends: float = 0.0
    liking: float = 0.0

    def draw(self, source: np.random.Generator) -> Array:
        """Draw a study of methods from bad to excellent, so that the scale ends for severe and for lenient raters."""
        m, r, i = TASTE_SIZE
        latent = (
            np.linspace(1.1, 4.9, m)[:, None, None]
            + source.normal(0, 0.6, (1, r, 1))
            + source.normal(0, 0.3, (1, 1, i))
            + source.normal(0, 0.25, (m, 1, i))
            + source.normal(0, self.liking, (m, r, 1))
            + source.normal(0, 0.6, (m, r, i)) * np.exp(source.normal(0, self.noise, (1, r, 1)))
        )
        said = 3 + np.exp(source.normal(0, self.stretch, (1, r, 1))) * (latent - 3)
        low, high = np.abs(source.normal(0, self.ends, (2, 1, r, 1)))
        scores: Array = 1.0 + (said > 1.5 - low) + (said > 2.5) + (said > 3.5) + (said > 4.5 + high)
        return scores


TASTES = {
    "severe and lenient": Raters(),
    "and of different noise": Raters(noise=0.3),
    "and of different width of the scale": Raters(stretch=0.2),
    "and who avoid the ends of the scale": Raters(ends=0.5),
    "and all of these": Raters(noise=0.3, stretch=0.2, ends=0.4),
    "severe and lenient, with taste of 0.3": Raters(liking=0.3),
    "all of these, with taste of 0.3": Raters(noise=0.3, stretch=0.2, ends=0.4, liking=0.3),
    "severe and lenient, with taste of 0.5": Raters(liking=0.5),
}


def f_test(cells: Array) -> float:
    """Return p of method x rater against the rest, from mean squares of scores of shape (methods, raters, images)."""
    m, r, i = cells.shape

    def mean(*axes: int) -> Array:
        found: Array = cells.mean(axis=axes, keepdims=True)
        return found

    two = mean(2) - mean(1, 2) - mean(0, 2) + mean(0, 1, 2)
    rest = cells - mean(2) - mean(1) - mean(0) + mean(1, 2) + mean(0, 2) + mean(0, 1) - mean(0, 1, 2)
    freedom = (m - 1) * (r - 1), (m - 1) * (r - 1) * (i - 1)
    ratio = i * float((two**2).sum()) / freedom[0] / (float((rest**2).sum()) / freedom[1])
    return float(scipy_stats.f.sf(ratio, *freedom))


def tastes_found(raters: Raters, studies: int, seed: int | list[int]) -> Array:
    """Return in how many studies the ordinal model, and the F test, find taste at the 5 % level."""
    source = np.random.default_rng(seed)
    names = ["method", "rater", "image"]
    cells = pd.MultiIndex.from_product([[f"{k:02d}" for k in range(size)] for size in TASTE_SIZE], names=names)
    found = np.zeros(2)
    for _ in range(studies):
        scores = raters.draw(source)
        table = pd.DataFrame({"score": scores.ravel()}, index=cells).reset_index().assign(dataset="s")
        found += effect_p(checked_ratings(table), "method:rater") < 0.05, f_test(scores) < 0.05
    return found


def print_tastes(studies: int, seed: int, pool: ProcessPoolExecutor) -> None:
    """Print one line per kind of raters."""
    m, r, i = TASTE_SIZE
    print(f"{studies} studies of {m} methods, {r} raters and {i} images: taste found at the 5 % level, in %\n")
    print(f"| Raters, {studies} studies each | Ordinal model | F test in points |\n|:--|--:|--:|")
    parts = _parts(studies)
    work = [(raters, part, [seed, 1, line, k]) for line, raters in enumerate(TASTES.values()) for k, part in parts]
    found = pool.map(tastes_found, *zip(*work, strict=True))
    for name, counts in zip(TASTES, _sums(found, len(parts)), strict=True):
        print(f"| {name} | " + " | ".join(f"{100 * count / studies:.1f}" for count in counts) + " |", flush=True)


def _parts(studies: int) -> list[tuple[int, int]]:
    """Return numbered parts of `studies`, of which each process takes one at a time."""
    sizes = [CHUNK] * (studies // CHUNK) + ([studies % CHUNK] if studies % CHUNK else [])
    return list(enumerate(sizes))


def _sums(found: Iterable[Array], parts: int) -> Iterator[Array]:
    """Yield the sum of every `parts` results."""
    each = iter(found)
    while (first := next(each, None)) is not None:
        yield first + sum(next(each) for _ in range(parts - 1))


def correlation_study(images: int, metric: str, source: np.random.Generator) -> tuple[Array, Array]:
    """Draw values of a metric and opinion scores of 9 methods, both of shape (images * 9,), image by image."""
    of_image, of_stimulus = METRICS[metric]
    method = np.linspace(0.0, 3.0, 9)
    quality = 1.2 + 1.1 * method + source.normal(0, 0.4, (images, 1)) + source.normal(0, 0.25, (images, 9))
    opinions: Array = np.clip(quality + source.normal(0, 0.7 / np.sqrt(RATERS), (images, 9)), 1, 5)
    values = 25 + 2 * method + source.normal(0, of_image, (images, 1)) + source.normal(0, of_stimulus, (images, 9))
    return values.ravel(), opinions.ravel()


def _correlations(images: int, metric: str, source: np.random.Generator) -> Array:
    values, opinions = correlation_study(images, metric, source)
    image, method = np.divmod(np.arange(values.size), 9)
    stimuli = Stimuli("", metric, image, method, values, opinions[:, None], np.zeros(values.size))
    found = pooled(stimuli, logistic.fit(values, opinions)(values))
    return np.array([(found[name].value, *found[name].interval("fisher")) for name in NAMES])


def true_correlations(metric: str, seed: int) -> tuple[float, float, float]:
    """Return PLCC, SRCC and KRCC of so many images that their error is a fiftieth of a hundred images'."""
    values, opinions = correlation_study(250_000, metric, np.random.default_rng([seed, 2]))
    fitted = logistic.fit(values[:90_000], opinions[:90_000])(values)
    return (
        float(np.corrcoef(fitted, opinions)[0, 1]),
        float(scipy_stats.spearmanr(values, opinions).statistic),
        float(scipy_stats.kendalltau(values, opinions).statistic),
    )


def correlations_covered(
    images: int, metric: str, true: tuple[float, float, float], studies: int, seed: int | list[int]
) -> Array:
    """Return in how many studies the interval of each correlation holds the true value."""
    source = np.random.default_rng(seed)
    inside = np.zeros(3)
    for _ in range(studies):
        _, low, high = _correlations(images, metric, source).T
        inside += (low <= true) & (true <= high)
    return inside


def print_correlations(studies: int, seed: int, pool: ProcessPoolExecutor) -> None:
    """Print one line per metric and number of images."""
    print(f"{studies} studies of 9 methods; share of 95 % intervals that hold the true correlation, in %\n")
    print(
        f"| Metric, {studies} studies each | Images | "
        + " | ".join(f"Coverage, {name}" for name in ("PLCC", "SRCC", "KRCC"))
        + " |"
    )
    print("|:--|--:|--:|--:|--:|")
    true = dict(zip(METRICS, pool.map(true_correlations, METRICS, [seed] * len(METRICS)), strict=True))
    kinds, parts = list(product(METRICS, IMAGES)), _parts(studies)
    work = [
        (images, metric, true[metric], part, [seed, 3, line, k])
        for line, (metric, images) in enumerate(kinds)
        for k, part in parts
    ]
    found = pool.map(correlations_covered, *zip(*work, strict=True))
    shares = 100 * np.array(list(_sums(found, len(parts)))) / studies
    for (metric, images), line in zip(kinds, shares, strict=True):
        named = f"{metric} (SRCC {true[metric][1]:.2f})"
        print(f"| {named} | {images} | " + " | ".join(f"{share:.1f}" for share in line) + " |")
    print_range("| all | all |", shares)


TABLES = {"decisions": print_decisions, "correlations": print_correlations, "taste": print_tastes}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", choices=(*TABLES, "paper"), help="default: all but 'paper'")
    parser.add_argument("--studies", type=int, help="default: 400, or 20 of the paper")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes (default: one per core)")
    options = parser.parse_args()
    if options.table == "paper":
        print_conclusions(options.studies or 20, options.seed)
        return
    started = time.perf_counter()
    with ProcessPoolExecutor(options.jobs) as pool:
        for name in [options.table] if options.table else TABLES:
            TABLES[name](options.studies or 400, options.seed, pool)
            print()
    spent = sum(os.times()[:4])
    print(f"{time.perf_counter() - started:.0f} s on the clock, {spent:.0f} s of processors' time, {options.jobs} jobs")


if __name__ == "__main__":
    main()

"""How often the rule of the report finds a difference that is not there, and one that is: simulated studies.

    python benchmarks/significance.py [--studies 400] [--seed 0]
    python benchmarks/significance.py --paper [--studies 20]

Families of 4, 9 and 12 methods, 26 raters, scores rounded to 1..5, with random effects of raters, images, rater x
image, method x image and method x rater. A line is one number of images, one family, one setting of deviations.

- level: share of studies of equal methods in which any pair is called different (wanted: 5 %, at most 7);
- power: share of studies in which the one method that is 0.2 (0.5 on five images) better is told from the first other;
- coverage: share of studies whose 95 % intervals of one difference, and of one method's mean, hold the truth;
- Wilcoxon: the level when Holm-adjusted p values of Wilcoxon's test on image means decide instead;
- one pair: how often p of a single pair of equal methods falls below 0.05 by Wilcoxon's test on image means, and on
  single ratings (--unit rating).

With --taste: how often taste is found in studies without any, and with some, by the report's test (ordinal model) and
by the F test of method x rater in points. With --correlations: coverage of the intervals of correlations.

With --paper: studies drawn from the opinion scores of the SRGAN paper's Table 2, and how many of them conclude what the
paper does, for four guesses at the variances that it does not print.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import astuple, dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats as scipy_stats

from srbench.mos.design import simulation as simulate
from srbench.stats import agreement, compare, holm, taste
from srbench.stats.intervals import CrossedMean, crossed_mean, family_critical
from srbench.stats.signed_rank import signed_rank

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
TASTE_SIZE = (5, 12, 8)
TASTES = {
    "severe and lenient": (0.0, 0.0, 0.0),
    "and of different noise": (0.3, 0.0, 0.0),
    "and of different width of the scale": (0.0, 0.2, 0.0),
    "severe and lenient, with taste of 0.3": (0.0, 0.0, 0.3),
}
"""Spread of raters' noise and of the width that they use (logarithms), and of method x rater in points."""
NOT_APART = ("selfexsr", "srcnn")
"""The one pair of BSD100 that the paper does not tell apart."""


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
    """What `measure` found, as shares of studies."""

    level: float
    power: float
    coverage: float
    coverage_mean: float
    wilcoxon: float
    pair_images: float
    pair_ratings: float


def decide(scores: Array) -> tuple[list[CrossedMean], npt.NDArray[np.bool_]]:
    """Return the difference of every pair, and whether the family interval excludes 0."""
    first, second = np.triu_indices(len(scores), 1)
    means = [crossed_mean(scores[a] - scores[b]) for a, b in zip(first, second, strict=True)]
    critical = family_critical(len(scores), max(1, int(np.median([mean.degrees for mean in means]))))
    return means, np.array([abs(mean.value) > critical * mean.error for mean in means])


def measure(setting: Setting, studies: int, seed: int, wilcoxon: bool = True) -> Shares:
    """Simulate `studies` studies without and as many with a difference."""
    source = np.random.default_rng(seed)
    first, second = np.triu_indices(setting.methods, 1)
    found = np.zeros(7)
    for _ in range(studies):
        scores = setting.draw(0.0, source)
        means, differs = decide(scores)
        low, high = means[0].interval()
        low_mean, high_mean = crossed_mean(scores[0]).interval()
        any_wilcoxon = by_images = by_ratings = False
        if wilcoxon:
            by_image = scores.mean(axis=1)
            p = [signed_rank(by_image[a] - by_image[b]).p for a, b in zip(first, second, strict=True)]
            any_wilcoxon = bool((holm(np.array(p)) < 0.05).any())
            by_images, by_ratings = p[0] < 0.05, signed_rank((scores[0] - scores[1]).ravel()).p < 0.05
        better = decide(setting.draw(setting.effect, source))[1]
        told = better[(first == 0) & (second == setting.methods - 1)][0]
        found += (
            differs.any(),
            told,
            low <= 0 <= high,
            low_mean <= 3.0 <= high_mean,
            any_wilcoxon,
            by_images,
            by_ratings,
        )
    return Shares(*(float(share) for share in found / studies))


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


def taste_study(source: np.random.Generator, noise: float, stretch: float, liking: float) -> pd.DataFrame:
    """Draw a study of severe and lenient raters of methods from bad to excellent, so that the scale ends for both.

    Args:
        source: Random numbers.
        noise: Standard deviation of the logarithm of raters' noise.
        stretch: The same of the width that raters use of the scale.
        liking: Standard deviation of method x rater.
    """
    m, r, i = TASTE_SIZE
    latent = (
        np.linspace(1.1, 4.9, m)[:, None, None]
        + source.normal(0, 0.6, (1, r, 1))
        + source.normal(0, 0.3, (1, 1, i))
        + source.normal(0, 0.25, (m, 1, i))
        + source.normal(0, liking, (m, r, 1))
        + source.normal(0, 0.6, (m, r, i)) * np.exp(source.normal(0, noise, (1, r, 1)))
    )
    scores = np.clip(np.rint(3 + np.exp(source.normal(0, stretch, (1, r, 1))) * (latent - 3)), 1, 5)
    cells = pd.MultiIndex.from_product([[f"{k:02d}" for k in range(size)] for size in TASTE_SIZE],
                                       names=["method", "rater", "image"])  # fmt: skip
    return pd.DataFrame({"score": scores.ravel()}, index=cells).reset_index().assign(dataset="s")


def f_test(ratings: pd.DataFrame) -> float:
    """Return p of method x rater against the rest, from mean squares of a whole study."""
    cells = ratings["score"].to_numpy(dtype=np.float64).reshape(TASTE_SIZE)
    m, r, i = cells.shape

    def mean(*axes: int) -> Array:
        found: Array = cells.mean(axis=axes, keepdims=True)
        return found

    two = mean(2) - mean(1, 2) - mean(0, 2) + mean(0, 1, 2)
    rest = cells - mean(2) - mean(1) - mean(0) + mean(1, 2) + mean(0, 2) + mean(0, 1) - mean(0, 1, 2)
    freedom = (m - 1) * (r - 1), (m - 1) * (r - 1) * (i - 1)
    ratio = i * float((two**2).sum()) / freedom[0] / (float((rest**2).sum()) / freedom[1])
    return float(scipy_stats.f.sf(ratio, *freedom))


def print_taste(studies: int, seed: int) -> None:
    """Print one line per kind of raters."""
    m, r, i = TASTE_SIZE
    print(f"{studies} studies of {m} methods, {r} raters and {i} images: taste found at the 5 % level, in %\n")
    print("| Raters | Ordinal model | F test in points |\n|:--|--:|--:|")
    for name, (noise, stretch, liking) in TASTES.items():
        source = np.random.default_rng(seed)
        found = np.zeros(2)
        for _ in range(studies):
            ratings = taste_study(source, noise, stretch, liking)
            found += taste(ratings).iloc[0]["p"] < 0.05, f_test(ratings) < 0.05
        print(f"| {name} | {100 * found[0] / studies:.1f} | {100 * found[1] / studies:.1f} |", flush=True)


def correlation_study(images: int, source: np.random.Generator) -> tuple[Array, Array]:
    """Draw a metric and opinion scores of 9 methods, both of shape (images, 9)."""
    method = np.linspace(0.0, 3.0, 9)
    quality = 1.2 + 1.1 * method + source.normal(0, 0.4, (images, 1)) + source.normal(0, 0.25, (images, 9))
    opinions: Array = np.clip(quality + source.normal(0, 0.7 / np.sqrt(RATERS), (images, 9)), 1, 5)
    metric = 25 + 2 * method + source.normal(0, 1.0, (images, 1)) + source.normal(0, 0.5, (images, 9))
    return metric, opinions


def correlation_tables(images: int, source: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return such a study as scores and ratings, one rater who gives the mean."""
    metric, opinions = correlation_study(images, source)
    cells = pd.MultiIndex.from_product([[f"{k:04d}" for k in range(images)], [f"{k}" for k in range(9)]],
                                       names=["image", "method"])  # fmt: skip
    table = pd.DataFrame({"value": metric.ravel(), "score": opinions.ravel()}, index=cells).reset_index()
    table = table.assign(dataset="s", metric="m", rater="all")
    return table.drop(columns=["score", "rater"]), table.drop(columns=["value", "metric"])


def print_correlations(studies: int, seed: int) -> None:
    """Print one line per number of images."""
    names = ("plcc", "srcc", "krcc")
    source = np.random.default_rng(seed)
    true = agreement(*correlation_tables(1000, source)).iloc[0]
    print(f"{studies} studies; true values " + ", ".join(f"{name.upper()} {true[name]:.3f}" for name in names) + "\n")
    print("| Images | " + " | ".join(f"Coverage, {name.upper()}" for name in names) + " |\n|--:|--:|--:|--:|")
    for images in IMAGES:
        inside = np.zeros(3)
        for _ in range(studies):
            row = agreement(*correlation_tables(images, source)).iloc[0]
            inside += [row[f"{name}_low"] <= true[name] <= row[f"{name}_high"] for name in names]
        print(f"| {images} | " + " | ".join(f"{100 * share / studies:.1f}" for share in inside) + " |", flush=True)


def main() -> None:
    """Print one line per setting."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, help="default: 400, or 20 with --paper")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--paper", action="store_true", help="draw the paper's own study instead")
    parser.add_argument("--taste", action="store_true", help="false alarms and power of the test of taste instead")
    parser.add_argument("--correlations", action="store_true", help="coverage of correlations' intervals instead")
    options = parser.parse_args()
    if options.taste or options.correlations:
        (print_taste if options.taste else print_correlations)(
            options.studies or (40 if options.taste else 300), options.seed
        )
        return
    if options.paper:
        print_conclusions(options.studies or 20, options.seed)
        return
    studies = options.studies or 400
    error = 1.96 * np.sqrt(0.05 * 0.95 / studies)
    print(f"{studies} studies of {RATERS} raters; a share near 5 % is known to +-{100 * error:.1f} points. All in %.\n")
    print(
        "| Images | Methods | Spread | Level | Power | Coverage, difference | Coverage, mean | Wilcoxon, Holm: level | "
        "One pair, images | One pair, ratings |"
    )
    print("|--:|--:|:--|--:|--:|--:|--:|--:|--:|--:|")
    for images in IMAGES:
        for methods in FAMILIES:
            for name, (method_image, method_rater) in SPREADS.items():
                found = measure(Setting(images, methods, method_image, method_rater), studies, options.seed)
                cells = " | ".join(f"{100 * share:.1f}" for share in astuple(found))
                print(f"| {images} | {methods} | {name} | {cells} |", flush=True)


if __name__ == "__main__":
    main()

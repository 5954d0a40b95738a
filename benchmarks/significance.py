"""How often the tests of the report find a difference that is not there, and one that is: simulated studies.

    python benchmarks/significance.py [--studies 400] [--seed 0]
    python benchmarks/significance.py --paper [--studies 20]

Two methods, 26 raters, scores rounded to 1..5, with random effects of raters, images, method x image and
method x rater. Each line is one size of data set and one pair of standard deviations; the shares are those of
the studies in which a rule calls the two methods different at the 5 % level.

With --paper: studies drawn from the opinion scores of the SRGAN paper's Table 2, and how many of them conclude what the
paper does, for four guesses at the variances that it does not print.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from srbench.mos.design import simulation as simulate
from srbench.stats import bootstrap, compare
from srbench.stats.signed_rank import signed_rank

RATERS = 26
SIZES = {"Set14": 14, "BSD100": 100}
SD_METHOD_IMAGE = (0.0, 0.3)
SD_METHOD_RATER = (0.0, 0.15)
SD_RATER, SD_IMAGE, SD_REST = 0.4, 0.4, 0.6
EFFECT = 0.2
SPREADS = ((0.15, 0.05), (0.25, 0.05), (0.15, 0.15), (0.25, 0.15))
"""Standard deviations of method x image and of method x rater under which the paper's study is drawn again."""
NOT_APART = ("selfexsr", "srcnn")
"""The one pair of BSD100 that the paper does not tell apart."""
RULES = ("crossed interval", "Wilcoxon, image means", "both (the report)", "Wilcoxon, ratings")


@dataclass(frozen=True)
class Setting:
    """One kind of study."""

    name: str
    images: int
    method_image: float
    method_rater: float

    def differences(self, effect: float, source: np.random.Generator) -> npt.NDArray[np.float64]:
        """Draw one study and return first minus second method, shape (raters, images)."""
        shape = (2, RATERS, self.images)
        scores = (
            np.array([3.0 + effect, 3.0])[:, None, None]
            + source.normal(0, SD_RATER, (1, RATERS, 1))
            + source.normal(0, SD_IMAGE, (1, 1, self.images))
            + source.normal(0, self.method_image, (2, 1, self.images))
            + source.normal(0, self.method_rater, (2, RATERS, 1))
            + source.normal(0, SD_REST, shape)
        )
        whole = np.clip(np.rint(scores), 1, 5)
        return whole[0] - whole[1]


def shares(setting: Setting, effect: float, studies: int, seed: int) -> list[float]:
    """Return, for each of `RULES`, the share of studies in which it calls the methods different."""
    source = np.random.default_rng(seed)
    weights = bootstrap.draw(RATERS, setting.images, seed=seed + 1)
    found = np.zeros(len(RULES))
    for _ in range(studies):
        differences = setting.differences(effect, source)
        low, high = bootstrap.crossed_interval(differences, weights)
        outside = low > 0 or high < 0
        by_image = signed_rank(differences.mean(axis=0)).p < 0.05
        by_rating = signed_rank(differences.ravel()).p < 0.05
        found += (outside, by_image, outside and by_image, by_rating)
    return [float(share) for share in found / studies]


def conclusions(spread: simulate.Spread, studies: int, seed: int) -> tuple[int, int, Counter[tuple[str, str]]]:
    """Draw the paper's study `studies` times.

    Returns:
        In how many every difference on BSD100 but that of `NOT_APART` is significant; in how many nothing on Set5 is;
        and how often each pair of BSD100 was not told apart.
    """
    exact, inconclusive, missed = 0, 0, Counter[tuple[str, str]]()
    for number in range(seed, seed + studies):
        table = compare(simulate.paper_study(seed=number, spread=spread, images={"bsd100": 100}))
        same = list(table.loc[~table["significant"], ["a", "b"]].itertuples(index=False, name=None))
        exact += same == [NOT_APART]
        missed.update(same)
        five = compare(simulate.paper_study(seed=number, spread=spread, images={"set5": 5}))
        inconclusive += not five["significant"].any()
    return exact, inconclusive, missed


def print_conclusions(studies: int, seed: int) -> None:
    """Print one line per pair of standard deviations."""
    print(f"{studies} studies of {RATERS} raters, drawn from the means of the paper's Table 2")
    print(f"{'':42}{'the paper on BSD100':>20}{'nothing on Set5':>20}   not told apart on BSD100")
    for method_image, method_rater in SPREADS:
        spread = simulate.Spread(method_image=method_image, method_rater=method_rater)
        exact, inconclusive, missed = conclusions(spread, studies, seed)
        named = ", ".join(f"{a}-{b} {count}" for (a, b), count in missed.most_common(4))
        label = f"sd method x image {method_image:.2f}, x rater {method_rater:.2f}"
        print(f"{label:42}{exact:20d}{inconclusive:20d}   {named}", flush=True)


def main() -> None:
    """Print one line per setting."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, help="default: 400, or 20 with --paper")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--paper", action="store_true", help="draw the paper's own study instead")
    options = parser.parse_args()
    if options.paper:
        print_conclusions(options.studies or 20, options.seed)
        return
    options.studies = options.studies or 400
    error = 1.96 * np.sqrt(0.05 * 0.95 / options.studies)
    print(f"{options.studies} studies of {RATERS} raters; a share near 5 % is known to +-{100 * error:.1f} points")
    print(f"{'':39}" + "".join(f"{rule:>24}" for rule in RULES))
    print(f"{'':39}" + "   no difference (power)" * len(RULES))
    for name, images in SIZES.items():
        for method_image in SD_METHOD_IMAGE:
            for method_rater in SD_METHOD_RATER:
                setting = Setting(name, images, method_image, method_rater)
                null = shares(setting, 0.0, options.studies, options.seed)
                power = shares(setting, EFFECT, options.studies, options.seed + 7)
                label = f"{name:7} method x image {method_image:.1f}, x rater {method_rater:.2f}"
                cells = "".join(f"{100 * n:15.1f} ({100 * p:5.1f})" for n, p in zip(null, power, strict=True))
                print(f"{label:39}  {cells}", flush=True)
    print(f"Power is for a true difference of {EFFECT} on the scale of 1 to 5. Wilcoxon's p is not adjusted here.")


if __name__ == "__main__":
    main()

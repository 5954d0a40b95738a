"""Synthetic ratings with known means: to try the statistics, the report and the plan of a study, never as a result."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from srbench import paper
from srbench.errors import StudyError
from srbench.mos.store.definitions import SYNTHETIC
from srbench.mos.store.rows import RATING_COLUMNS

if TYPE_CHECKING:
    import pandas as pd

Array: TypeAlias = NDArray[np.float64]

IMAGES = {"set5": 5, "set14": 14, "bsd100": 100}
"""Pictures of each set of the paper."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Standard deviations of the effects, in points of the opinion scale before rounding.

    The defaults are of the size that crowds and labs report for five-point scales (ITU-T P.913 and the data of
    public studies); they are assumptions, and a pilot's own figures should replace them.

    Attributes:
        image: Pictures differ.
        rater: Raters differ in severity.
        method_image: A method suits some pictures more than others.
        method_rater: Raters differ in taste.
        rest: The same rater would not answer the same twice.
    """

    image: float = 0.3
    rater: float = 0.35
    method_image: float = 0.25
    method_rater: float = 0.15
    rest: float = 0.6

    @property
    def total(self) -> float:
        """Standard deviation of a single rating before rounding."""
        return math.hypot(self.image, self.rater, self.method_image, self.method_rater, self.rest)


PAPER_SPREAD = Spread(method_image=0.15, method_rater=0.05)
"""Chosen because with it the paper's conclusions mostly come out; the paper itself prints no variances."""


def draw(means: Sequence[float], raters: int, images: int, spread: Spread, source: np.random.Generator) -> Array:
    """Draw whole scores from 1 to 5 whose expected means are `means`.

    Args:
        means: Mean opinion score of each of M methods, between 1 and 5.
        raters: R.
        images: I.
        spread: Sizes of the effects.
        source: Random numbers.

    Returns:
        Shape (M, R, I).

    Raises:
        StudyError: A mean is not between 1 and 5, or there is no rater or image.
    """
    scores: Array = np.clip(np.rint(draw_impressions(means, raters, images, spread, source)), 1, 5)
    return scores


def draw_impressions(
    means: Sequence[float], raters: int, images: int, spread: Spread, source: np.random.Generator
) -> Array:
    """Draw what raters think before they round it to a score, or compare it with what they think of another version.

    Arguments, shape and errors are those of `draw`.
    """
    return draw_around([latent_mean(mean, spread.total) for mean in means], raters, images, spread, source)


def draw_around(
    centre: Sequence[float] | Array, raters: int, images: int, spread: Spread, source: np.random.Generator
) -> Array:
    """Draw what raters think of methods whose `centre` on the scale before rounding is known; see `draw`."""
    if raters < 1 or images < 1:
        raise StudyError(f"A simulation needs raters and images, got {raters} and {images}.")
    m = len(centre)
    impressions: Array = (
        np.asarray(centre, dtype=np.float64)[:, None, None]
        + spread.image * source.standard_normal((1, 1, images))
        + spread.rater * source.standard_normal((1, raters, 1))
        + spread.method_image * source.standard_normal((m, 1, images))
        + spread.method_rater * source.standard_normal((m, raters, 1))
        + spread.rest * source.standard_normal((m, raters, images))
    )
    return impressions


def latent_mean(mean: float, sd: float) -> float:
    """Return the centre of the normal distribution whose rounded values, clipped to 1..5, have this mean.

    Rounding to the ends of the scale pulls means inward, so a MOS of 1.11 lies below 1 on the latent scale.

    Raises:
        StudyError: No distribution has that mean: it must lie between 1 and 5, ends excluded.
    """
    if not 1 < mean < 5:
        raise StudyError(f"A simulated mean opinion score lies between 1 and 5, ends excluded; got {mean}.")
    low, high = -20.0, 26.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if _rounded_mean(middle, sd) < mean else (low, middle)
    return (low + high) / 2


def _rounded_mean(centre: float, sd: float) -> float:
    return 1 + sum(0.5 * math.erfc((k + 0.5 - centre) / (sd * math.sqrt(2))) for k in range(1, 5))


def paper_study(
    raters: int = paper.RATERS, seed: int = 0, spread: Spread | None = None, images: Mapping[str, int] | None = None
) -> pd.DataFrame:
    """Draw a study with the paper's sets and versions whose expected MOS are those that the paper prints.

    The study and every rater and picture are named synthetic, so that no table or figure can hide it.

    Args:
        raters: Number of raters.
        seed: Equal seeds give equal ratings.
        spread: Sizes of the effects; default: `PAPER_SPREAD`.
        images: Pictures per set, as in the paper where it is left out.

    Returns:
        Columns as in `Rating`; `trial` is a random place in the rater's order.
    """
    import pandas as pd

    source, spread, published = np.random.default_rng(seed), spread or PAPER_SPREAD, paper.mos()
    names = [f"{SYNTHETIC}{number:02d}" for number in range(1, raters + 1)]
    parts = []
    for dataset, count in (images or IMAGES).items():
        versions = paper.versions(dataset)
        scores = draw([published[dataset, method] for method in versions], raters, count, spread, source)
        pictures = [f"{SYNTHETIC}{number:03d}" for number in range(1, count + 1)]
        cells = pd.MultiIndex.from_product([versions, names, pictures], names=["method", "rater", "image"])
        parts.append(pd.DataFrame({"score": scores.reshape(-1).astype(int)}, index=cells).reset_index())
        parts[-1]["dataset"] = dataset
    table = pd.concat(parts, ignore_index=True)
    table["study"] = f"{SYNTHETIC}paper-seed{seed}"
    table["repeat"] = 0
    table["seconds"] = np.round(source.lognormal(math.log(3.5), 0.4, len(table)), 2)
    table["trial"] = pd.Series(source.random(len(table))).groupby(table["rater"]).rank(method="first").astype(int)
    return table[RATING_COLUMNS].sort_values(["rater", "trial"], ignore_index=True)

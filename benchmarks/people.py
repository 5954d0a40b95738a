"""How often the intervals of metrics against people cover the truth: simulated studies.

    python benchmarks/people.py [--studies 200] [--seed 0] [--images 5 14 100] [--tastes 0 0.2] [--bca 0] [--jobs 2]

Nine methods, 26 raters who differ in severity and in taste, scores rounded to 1..5, and a metric with an error of its
own for each method (the same in all studies), each image and each picture. The truth is the mean figure of the studies
of most images, each with other images and other raters, which is what intervals must hold for. Prints the share of
studies whose 95 % interval covers it, of correlations over all stimuli, within images and across images, and of both
accuracies over pairs; in brackets, without the raters' part of the interval.

With --bca N, correlations over all stimuli and within images have a further interval after a semicolon: scipy's BCa
bootstrap of N resamples of images. `python benchmarks/statistics_page.py OUTPUT` puts the tables into the page.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import stats as scipy_stats

from srbench.stats import logistic
from srbench.stats.correlations import KINDS, NAMES, correlations_inside, grouped, kendall, pearson, pooled, spearman
from srbench.stats.jackknife import Estimate, Scale
from srbench.stats.ordering import estimates
from srbench.stats.stimuli import Stimuli

Array = npt.NDArray[np.float64]

METHODS, RATERS = 9, 26
ERRORS = {
    "good": (0.2, 0.3, 0.2),
    "noisy": (0.6, 1.2, 0.5),
}
"""Standard deviations of a metric's errors, in points of the scale: of a method, an image, and a picture."""
TASTES = (0.0, 0.2)


@dataclass(frozen=True)
class Setting:
    """One kind of metric, judged by one kind of raters."""

    method: float
    image: float
    picture: float
    taste: float

    def draw(self, images: int, source: np.random.Generator) -> Stimuli:
        """Draw a study."""
        m, r, i = METHODS, RATERS, images
        # The same in all studies: a metric's liking of a method is no matter of chance.
        error = np.random.default_rng(5).normal(0, self.method, (m, 1))
        quality = np.linspace(1.4, 4.2, m)[:, None] + source.normal(0, 0.35, (1, i)) + source.normal(0, 0.25, (m, i))
        scores = (
            quality[:, None, :]
            + source.normal(0, 0.4, (1, r, 1))
            + source.normal(0, self.taste, (m, r, 1))
            + source.normal(0, 0.2, (1, r, i))
            + source.normal(0, 0.6, (m, r, i))
        )
        value = quality + error + source.normal(0, self.image, (1, i)) + source.normal(0, self.picture, (m, i))
        method, image = np.divmod(np.arange(m * i), i)
        whole = np.clip(np.rint(scores), 1, 5).transpose(0, 2, 1).reshape(m * i, r)
        return Stimuli("s", "m", image, method, value.ravel(), whole, np.zeros(m * i))


def figures(study: Stimuli) -> dict[str, tuple[Estimate, Scale]]:
    """Return every figure of a study by its name, with the scale of its interval."""
    fitted = logistic.fit(study.value, study.opinions)(study.value)
    found: dict[str, tuple[Estimate, Scale]] = {
        f"{name.upper()}, all": (each, "fisher") for name, each in pooled(study, fitted).items()
    }
    for kind in KINDS:
        found |= {f"{name.upper()}, {kind}": (each, "fisher") for name, each in grouped(study, fitted, kind)[0].items()}
    clear, calibrated = estimates(study)
    return found | {"clear pairs": (clear, "logit"), "calibrated": (calibrated, "logit")}


Interval = tuple[float, float]


def bootstrapped(study: Stimuli, resamples: int, source: np.random.Generator) -> dict[str, Interval]:
    """Return BCa intervals of correlations, from resampled images; the curve is held fixed."""
    fitted, image = logistic.fit(study.value, study.opinions)(study.value), study.image
    inside = correlations_inside(*(study.grid(part) for part in (study.value, fitted, study.opinions)))
    known = ~np.isnan(inside).any(axis=0)
    inside = np.where(known, inside, 0.0)
    of_weights: dict[str, Callable[[Array], Array]] = {
        "PLCC, all": lambda w: pearson(fitted, study.opinions, w[:, image]),
        "SRCC, all": lambda w: spearman(study.value, study.opinions, w[:, image]),
        "KRCC, all": lambda w: kendall(study.value, study.opinions, image, w),
    }
    for name, row in zip(NAMES, inside, strict=True):
        of_weights[f"{name.upper()}, within"] = lambda w, row=row: w @ row / (w @ known)
    found = {}
    for name, figure in of_weights.items():

        def statistic(chosen: Array, axis: int = -1, figure: Callable[[Array], Array] = figure) -> Array:
            flat = np.atleast_2d(np.moveaxis(chosen, axis, -1)).astype(int)
            rows = flat.reshape(-1, flat.shape[-1])
            made: Array = figure(np.stack([np.bincount(row, minlength=study.images) for row in rows]).astype(float))
            return made.reshape(chosen.shape[:-1])

        ends = scipy_stats.bootstrap(
            (np.arange(study.images),), statistic, vectorized=True, n_resamples=resamples, method="BCa", rng=source
        ).confidence_interval
        found[name] = float(ends.low), float(ends.high)
    return found


@dataclass(frozen=True)
class Found:
    """What one study gave."""

    figures: dict[str, tuple[Estimate, Scale]]
    bootstrapped: dict[str, Interval]


def drawn(setting: Setting, images: int, studies: int, seed: list[int], resamples: int) -> list[Found]:
    """Draw studies."""
    source, found = np.random.default_rng(seed), []
    for _ in range(studies):
        study = setting.draw(images, source)
        (own,) = source.spawn(1)  # so that the studies are the same without a bootstrap
        found.append(Found(figures(study), bootstrapped(study, resamples, own) if resamples else {}))
    return found


def covered(found: list[Found], name: str, truth: float) -> str:
    """Return the share of studies whose interval covers, and in brackets that of intervals over images only."""
    whole, images, usable = 0, 0, 0
    for each, scale in (study.figures[name] for study in found):
        low, high = each.interval(scale)
        less, more = replace(each, raters=np.empty(0), cells=np.empty((0, 0))).interval(scale)
        usable += not np.isnan(low)
        whole += low <= truth <= high
        images += less <= truth <= more
    if not usable:
        return "none"
    lost = f", {len(found) - usable} without" if usable < len(found) else ""
    ends = [study.bootstrapped[name] for study in found if name in study.bootstrapped]
    other = f"; {100 * np.mean([low <= truth <= high for low, high in ends]):.1f}" if ends else ""
    return f"{100 * whole / usable:.1f} ({100 * images / usable:.1f}{other}){lost}"


CHUNK = 25
"""Studies that one process draws in one go."""


def main() -> None:
    """Print one table for each kind of metric and raters."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--images", type=int, nargs="+", default=[5, 14, 100])
    parser.add_argument("--tastes", type=float, nargs="+", default=TASTES)
    parser.add_argument("--bca", type=int, default=0, help="resamples of a BCa bootstrap; default: none")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes (default: one per core)")
    options = parser.parse_args()
    with ProcessPoolExecutor(options.jobs) as pool:
        for metric, errors in ERRORS.items():
            for taste in options.tastes:
                print_coverage(metric, Setting(*errors, taste), options, pool)


def print_coverage(metric: str, setting: Setting, options: argparse.Namespace, pool: ProcessPoolExecutor) -> None:
    """Print one table."""
    sizes = sorted(options.images)
    parts = [min(CHUNK, options.studies - begin) for begin in range(0, options.studies, CHUNK)]
    # Equal seeds give equal raters: what differs between two tables is the metric, or the raters' taste, not chance.
    work = [
        (setting, images, part, [options.seed, images, k], options.bca)
        for images in sizes
        for k, part in enumerate(parts)
    ]
    each = iter(pool.map(drawn, *zip(*work, strict=True)))
    found = {images: [study for _ in parts for study in next(each)] for images in sizes}
    most = found[sizes[-1]]
    truth = {name: float(np.mean([study.figures[name][0].value for study in most])) for name in most[0].figures}
    what = "images only; BCa" if options.bca else "images only"
    print(f"\n{options.studies} studies, coverage in % ({what})\n")
    print(
        f"| {metric.capitalize()} metric, taste {setting.taste:g} ({what}) | Truth | "
        + " | ".join(f"{images} images" for images in sizes)
        + " |"
    )
    print("|:--|--:|" + "--:|" * len(sizes))
    for name, value in truth.items():
        cells = " | ".join(covered(found[images], name, value) for images in sizes)
        print(f"| {name} | {value:.3f} | {cells} |", flush=True)


if __name__ == "__main__":
    main()

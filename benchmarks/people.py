"""How often the intervals of metrics against people cover the truth: simulated studies.

    python benchmarks/people.py [--studies 200] [--seed 0] [--images 5 14 100]

Nine methods, 26 raters who differ in severity and in taste, scores rounded to 1..5, and a metric with an error of its
own for each method (the same in all studies), each image and each picture. The truth is the mean figure of the studies
of most images, each with other images and other raters, which is what intervals must hold for. Prints the share of
studies whose 95 % interval covers it, of correlations over all stimuli, within images and across images, and of both
accuracies over pairs; in brackets, without the raters' part of the interval.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from srbench.stats import logistic
from srbench.stats.correlations import KINDS, grouped, pooled
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


def covered(found: list[dict[str, tuple[Estimate, Scale]]], name: str, truth: float) -> str:
    """Return the share of studies whose interval covers, and in brackets that of intervals over images only."""
    whole, images, usable = 0, 0, 0
    for each, scale in (study[name] for study in found):
        low, high = each.interval(scale)
        less, more = Estimate(each.value, each.images, np.empty(0)).interval(scale)
        usable += not np.isnan(low)
        whole += low <= truth <= high
        images += less <= truth <= more
    lost = f", {len(found) - usable} without" if usable < len(found) else ""
    return f"{100 * whole / usable:.0f} ({100 * images / usable:.0f}){lost}" if usable else "none"


def main() -> None:
    """Print one table for each kind of metric and raters."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--images", type=int, nargs="+", default=[5, 14, 100])
    options = parser.parse_args()
    for metric, errors in ERRORS.items():
        for taste in TASTES:
            # Equal seeds: what differs between two tables is the metric, or the raters' taste, and not chance.
            setting, source = Setting(*errors, taste), np.random.default_rng(options.seed)
            drawn = {
                images: [figures(setting.draw(images, source)) for _ in range(options.studies)]
                for images in sorted(options.images)
            }
            most = drawn[max(options.images)]
            truth = {name: float(np.mean([each[name][0].value for each in most])) for name in most[0]}
            print(f"\n{metric} metric, taste {taste:g}; {options.studies} studies, coverage in % (images only)\n")
            print("| Figure | Truth | " + " | ".join(f"{images} images" for images in drawn) + " |")
            print("|:--|--:|" + "--:|" * len(drawn))
            for name, value in truth.items():
                cells = " | ".join(covered(found, name, value) for found in drawn.values())
                print(f"| {name} | {value:.3f} | {cells} |", flush=True)


if __name__ == "__main__":
    main()

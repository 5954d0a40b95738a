"""The figures of a report, each a function of the findings; `all_figures` says which of them apply."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from matplotlib.figure import Figure

from srbench.reports import phrases, pictures
from srbench.reports.figures import crops, metrics, opinions, people, predictions, preferences, significance, style
from srbench.reports.findings import Findings, Opinions
from srbench.reports.inputs import SYNTHETIC
from srbench.tables.numbers import count
from srbench.tables.table import OPINIONS, ORIGINAL

__all__ = ["Drawing", "all_figures", "style"]

MOST_MATRICES = 4


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure that is still to be drawn.

    Attributes:
        name: File name without ending.
        section: Where it belongs: `opinions`, `preferences`, `significance`, `run`, `pictures`, `people` or `raters`.
        title: A few words.
        caption: What a reader must know to read it.
        draw: Makes it.
    """

    name: str
    section: str
    title: str
    caption: str
    draw: Callable[[], Figure]


def all_figures(findings: Findings) -> list[Drawing]:
    """Return the figures that this run and study have data for."""
    drawings = [
        *_opinions(findings), *_preferences(findings), *_significance(findings), *_run(findings),
        *_pictures(findings), *_people(findings),
    ]  # fmt: skip
    # A figure leaves its caption behind when somebody copies its file, so what the caption says stands in it too.
    return [replace(d, draw=partial(_marked, d.draw)) if SYNTHETIC in d.caption else d for d in drawings]


def _marked(draw: Callable[[], Figure]) -> Figure:
    figure = draw()
    figure.suptitle(SYNTHETIC.strip(" ()"), x=0.995, ha="right", fontsize=8, color=style.RED)
    return figure


def _opinions(findings: Findings) -> Iterator[Drawing]:
    found = findings.opinions
    if found is None:
        return
    kind = phrases.kind(findings)
    yield Drawing(
        "distributions", "opinions", "Distribution of opinion scores",
        f"How often each score was given to each version{kind}: one column per version, {_bins(found)}, share in "
        "percent (no number below 5). Red: mean opinion score with its 95 % interval over raters and images. Compare "
        "figures 5 and 9 of the paper.",
        lambda: opinions.distributions(findings, found),
    )  # fmt: skip
    if all(len(part) < 2 for _, part in found.ranks.groupby("dataset")):
        return
    yield Drawing(
        "ranks", "opinions", "Ordinal ranks",
        f"Rank of each version among all versions of the same image by the same rater{kind}, ties averaged, "
        "1 = best: share of each rank in percent (no number below 10), and the mean rank in red. Compare figure 10 of "
        "the paper.",
        lambda: opinions.ranks(findings, found),
    )  # fmt: skip


def _bins(found: Opinions) -> str:
    if not found.scale.levels:
        return "the scale in ten equal parts"
    whole = all(level % 1 == 0 for level in found.scale.levels)
    return f"bins centred on the {'whole ' if whole else ''}scores"


def _preferences(findings: Findings) -> Iterator[Drawing]:
    found = findings.preferences
    if found is None or not found.models:
        return
    yield Drawing(
        "preferences", "preferences", "Quality by pair comparison",
        f"Quality of each version from comparisons of pairs{phrases.kind(findings)}; 1 JOD: 75 % of forced choices "
        "prefer the better one. Intervals of 95 % hold for all versions of a set at once; which pairs differ stands in "
        "the table.",
        lambda: preferences.qualities(findings, found),
    )  # fmt: skip


def _significance(findings: Findings) -> Iterator[Drawing]:
    present = list(dict.fromkeys(findings.comparisons["metric"])) if len(findings.comparisons) else []
    for metric in present[:MOST_MATRICES]:
        title = findings.names.metric(metric)
        kind = phrases.kind(findings) if metric in OPINIONS else ""
        yield Drawing(
            f"matrix-{metric}", "significance", f"All pairs, {title}",
            f"Difference of the mean {title}, row minus column{kind}. + and - mark significant differences (the "
            "interval that holds for all pairs of the set at once excludes 0); a white square marks pairs that are not "
            "told apart, an empty field pairs that nobody compared.",
            partial(significance.matrix, findings, metric),
        )  # fmt: skip
        if any(key[1] == metric for key in findings.critical):
            yield Drawing(
                f"groups-{metric}", "significance", f"Mean ranks, and which methods are not told apart, {title}",
                f"Mean rank of each method over images by {title}{kind}, 1 = best. Methods with a dot on the same blue "
                "line are not told apart, by the same intervals that decide everywhere in this report.",
                partial(significance.mean_ranks, findings, metric),
            )  # fmt: skip


def _run(findings: Findings) -> Iterator[Drawing]:
    shown = findings.names.metrics[:2]
    if findings.seconds["seconds"].gt(0).any():
        for metric in [*shown[:1], *(["mos"] if findings.opinions else [])]:
            if not metrics.timed(findings, metric):
                continue
            title = findings.names.metric(metric)
            kind = phrases.kind(findings) if metric == "mos" else ""
            yield Drawing(
                f"cost-{metric}", "run", f"{title} against time",
                f"Mean {title}{kind} against the median time per image on the machine of the run, of "
                "methods that have every image of the set: up and left is better. Compare figure 7 of the paper.",
                partial(metrics.cost, findings, metric),
            )  # fmt: skip
        if metrics.depths(findings):
            yield Drawing(
                "depth", "run", f"{findings.names.metric(shown[0])} and time against depth",
                f"Mean {findings.names.metric(shown[0])} and median time per image against the number of blocks of "
                "networks that differ in nothing else. Compare figure 7 of the paper.",
                partial(metrics.depth, findings, shown[0]),
            )  # fmt: skip
    if not shown:
        return
    baseline = "bicubic" if "bicubic" in findings.names.methods else findings.names.methods[0]
    for metric in shown:
        title = findings.names.metric(metric)
        sets = {name: metrics.drawn(findings, metric, name) for name in metrics.drawable(findings, metric)}
        if not sets:
            continue
        unseen = _infinite(findings, metric)
        if all(len(here) > 1 and baseline in here for here in sets.values()):
            yield Drawing(
                f"images-{metric}", "run", f"{title} of every image",
                f"Gain in {title} over {findings.names.method(baseline)}: one point per image, red bar the mean."
                f"{unseen}",
                partial(metrics.per_image, findings, metric, baseline),
            )  # fmt: skip
        yield Drawing(
            f"heat-{metric}", "run", f"{title}: methods and images",
            f"{title} of every method on every image, as the difference to the image's mean over the methods.{unseen}",
            partial(metrics.heat_map, findings, metric),
        )  # fmt: skip


def _infinite(findings: Findings, metric: str) -> str:
    rows = findings.scores[(findings.scores["metric"] == metric) & (findings.scores["method"] != ORIGINAL)]
    infinite = int(rows["value"].abs().eq(float("inf")).sum())
    return f" {count(infinite, 'infinite score')} cannot be drawn." if infinite else ""


def _pictures(findings: Findings) -> Iterator[Drawing]:
    if findings.run is None or not findings.choices.pictures:
        return
    for region in pictures.regions(findings):
        place = f"{findings.names.dataset(region.dataset)}, {region.image}"
        how = "chosen by hand" if findings.choices.crops else "where the methods differ most from each other"
        yield Drawing(
            f"crop-{region.name}", "pictures", f"Crops, {place}",
            f"The same {region.width}x{region.height} pixels of every version, {how}, and where they lie; in brackets "
            "PSNR and SSIM of the whole image. Compare figures 2 and 6 of the paper.",
            partial(crops.crops, findings, region),
        )  # fmt: skip


def _people(findings: Findings) -> Iterator[Drawing]:
    found = findings.opinions
    if found is None:
        return
    kind = phrases.kind(findings)
    if len(found.agreement) and found.agreement["srcc"].notna().any():
        known = found.agreement[found.agreement["srcc"].notna()]
        for metric in (name for name in findings.names.metrics if name in set(known["metric"])):
            yield Drawing(
                f"agreement-{metric}", "people", f"{findings.names.metric(metric)} against people",
                f"Left: mean opinion score of every stimulus against its metric{kind}, all sets; red: fitted monotone "
                "curve with its 95 % band (where the curve is, not where stimuli are; images as a sample). Right: rank "
                "correlation over all stimuli, over the versions of one image, and over the images of one version, "
                "with 95 % intervals over images and raters; none for a set of few images.",
                partial(predictions.prediction, findings, found, metric),
            )  # fmt: skip
        yield Drawing(
            "correlations", "people", "Rank correlation of metrics with people",
            f"Spearman's correlation over all stimuli, with 95 % intervals over images and raters{kind}. Metrics of "
            "which less is better are negative. A set of few images has no interval.",
            lambda: people.correlations(findings, found),
        )  # fmt: skip
    if found.modelled.drift is not None:
        drift = found.modelled.drift
        yield Drawing(
            "drift", "raters", "Drift over the study",
            f"How much the scores of each rater change from the first trial to the last{kind}, in points, "
            "with 95 % intervals of each alone; blue: of all raters, with its interval. Red: drifts, by an interval "
            "that holds for all raters at once.",
            partial(predictions.drift, drift),
        )  # fmt: skip
    if found.screening["inconsistency"].notna().any():
        yield Drawing(
            "raters", "raters", "Raters",
            f"Bias and inconsistency of every rater by the model of ITU-T P.910{kind}, and whom a rule of "
            "screening flags.",
            lambda: people.raters(findings, found),
        )  # fmt: skip

"""The methods section of a report, ready for a paper: exactly what was done."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from srbench import paper
from srbench.ratings.answers import NOBODY
from srbench.reports.findings import Findings, Opinions
from srbench.reports.phrases import ANSWERS, listed, percent
from srbench.reports.preferences import Preferences
from srbench.stats import ACR, RULES
from srbench.stats.pairs import PRIOR
from srbench.tables.numbers import count

_METRICS = (
    "Metrics were compared with mean opinion scores of stimuli (without the originals) by Spearman's and Kendall's "
    "correlation, and by Pearson's correlation and RMSE after a monotone logistic mapping of four parameters "
    "(ITU-T P.1401): over all stimuli, over the versions of each image, and over the images of each version (as "
    "means). Further, by the share of pairs of versions of one image in which the metric decides as a paired t test "
    "over raters does, with a threshold for ties that the other images chose. Their intervals are jackknife intervals "
    "over images and raters, on Fisher's scale for correlations and the logit scale for shares. "
)
_DISTRIBUTION = "Scores of stimuli were described by the generalised score distribution (maximum likelihood). "
JOINT = (
    "Ratings and comparisons were also put on one scale: a cumulative logit model of ratings and a Bradley-Terry "
    "model of comparisons share the qualities of the versions and the random effects of method x rater and method x "
    "image, and comparisons have a factor of their own. Both are fitted together by Laplace's approximation for each "
    "data set."
)


def methods_section(findings: Findings) -> list[str]:
    """Return paragraphs, ready for a paper, that say exactly what was done."""
    run = [] if findings.run is None else _run_paragraph(findings)
    return [*run, *_study_paragraph(findings), *filter(None, [_statistics_paragraph(findings)])]


def _run_paragraph(findings: Findings) -> Iterator[str]:
    names, info = findings.names, findings.info
    sizes = findings.scores.groupby("dataset")["image"].nunique()
    sets = ", ".join(f"{names.dataset(d)} ({count(sizes[d], 'image')})" for d in names.datasets if d in sizes)
    version = info.get("protocols", {}).get(findings.protocol, "")
    versions = ", ".join(f"{name} {number}" for name, number in sorted(info.get("versions", {}).items()))
    metrics = listed([names.metric(m) for m in names.metrics])
    verb = "were" if len(names.metrics) > 1 else "was"
    yield (
        f"We compared {count(len(findings.compared), 'method')} of super-resolution by a factor of "
        f"{findings.scale} on {sets} with srbench {info.get('srbench', '')}. {metrics} {verb} computed under the "
        f"protocol '{findings.protocol}'{f' (version {version})' if version else ''}; "
        f"{_protocol(findings.protocol)}. A set's figure is the plain mean over its images"
        f"{_infinite(findings)}{f'. Software: {versions}' if versions else ''}."
    )


def _infinite(findings: Findings) -> str:
    if not any(mean.note for mean in findings.means):
        return ""
    return ", which an image of infinite score makes infinite; in tests its difference is the largest"


def _protocol(name: str) -> str:
    known = {
        "daala": "as in the SRGAN paper, 4 pixels are removed from each side, and PSNR and SSIM are taken on the 8-bit "
        "luma of daala's tools",
        "matlab": "as many pixels as the factor are removed from each side, and PSNR and SSIM are taken on the rounded "
        "luma of MATLAB's rgb2ycbcr",
    }
    return known.get(name, "see the documentation of srbench for its definition")


def _study_paragraph(findings: Findings) -> Iterator[str]:
    if findings.preferences is not None:
        yield _preferences(findings.preferences)
    if findings.joint:
        yield JOINT
    found = findings.opinions
    if found is None:
        return
    rated = found.ratings
    if found.study.synthetic:
        yield (
            f"The {len(rated):,} ratings of the study '{found.study.name}' are synthetic: a program drew them for "
            f"{rated['rater'].nunique()} simulated raters from the means that {paper.CITATION} printed. They show what "
            "an analysis of such a study looks like and are evidence of nothing."
        )
        return
    shown = {"acr": "one by one (absolute category rating)", "acr-hr": "one by one with the hidden original",
             "dcr": "beside the original"}.get(found.study.design, "")  # fmt: skip
    lead = f"{found.study.name}: "
    said = [note.removeprefix(lead) for note in findings.notes if note.startswith(lead)]
    people = rated["rater"].nunique()
    yield (
        f"In the study '{found.study.name}', {people} people gave {len(rated):,} ratings from "
        f"{_answers(found)}{f'; stimuli were shown {shown}' if shown else ''}. {found.people.sentence}"
        + "".join(f" {sentence}" for sentence in said)
    )


def _answers(found: Opinions) -> str:
    """Return the rating scale, with what its ends mean where that is known."""
    if (found.scale.low, found.scale.high) != (ACR.low, ACR.high):
        return found.scale.words
    words = ANSWERS["dcr" if found.study.design == "dcr" else "acr"]
    return f"{found.scale.low:g} ({words[0]}) to {found.scale.high:g} ({words[-1]})"


def _differential(found: Opinions, crush: bool) -> str:
    """Return what DMOS is in this study; nothing where it has none."""
    best = f"{found.scale.high:g}"
    if found.study.design == "dcr":
        return "Ratings beside the original are degradation scores, and their means DMOS (ITU-T P.910). "
    if not len(found.dmos):
        return ""
    crushed = f"; scores above {best} were crushed by 7 DV / (2 + DV)" if crush else ""
    return (
        f"DMOS is the mean of differential scores: each rating minus the same rater's of the hidden original, plus "
        f"{best} (ITU-T P.910, ACR-HR){crushed}. "
    )


def _preferences(found: Preferences) -> str:
    compared = found.study.ratings
    return (
        f"In the study '{found.study.name}', {_people(found)} compared {len(compared):,} pairs of versions of a "
        "picture, side by side. Qualities are those of Thurstone's model (case V) with random effects of method x "
        "rater and method x image, where there are several of each, fitted by Laplace's approximation for each data "
        f"set; {_sides(compared)}a normal prior with a standard deviation of {PRIOR:g} JOD keeps versions that won or "
        "lost every comparison at a finite place. Intervals hold for all versions, and for all pairs, of a set at "
        "once. No rater was excluded."
    )


def _people(found: Preferences) -> str:
    raters = set(found.study.ratings["rater"].astype(str))
    if raters == {NOBODY}:
        return "people whose number is not known"
    return f"{len(raters)} {'simulated raters' if found.study.synthetic else 'people'}"


def _sides(compared: pd.DataFrame) -> str:
    if "sides" in compared and (compared["sides"] == "unknown").any():
        return "who stood on which side is not known, so that no lean to a side is in the model; "
    return "a lean to the left is part of the model, and "


def _statistics_paragraph(findings: Findings) -> str:
    found = findings.opinions
    parts = [_comparisons(findings)] if len(findings.comparisons) else []
    if found is not None:
        parts.append(_differential(found, findings.choices.crush) + _raters(found, findings.run is not None))
        if len(found.retest):
            parts.append(
                "Stimuli that were shown twice give the raters' repeatability: intraclass correlation for absolute "
                "agreement, quadratically weighted kappa, and two one-sided t tests of equivalence over raters and "
                f"images with a margin of {found.retest['margin'].iloc[0]:g} points."
            )
    return " ".join(parts)


def _comparisons(findings: Findings) -> str:
    choices = findings.choices
    level = percent(1 - choices.alpha)
    alone = findings.run is None
    sources = "images" if findings.opinions is None else "raters and images"
    sources += "" if findings.opinions is None or alone else " (for metrics, of images)"
    by_image = choices.unit == "image"
    rated = "means over raters of each image" if by_image else "single ratings, paired by rater and image"
    unit = rated if alone else _with_metrics(rated, by_image)
    return (
        "Methods were compared in pairs. The standard error of a mean difference is that of a sample of "
        f"{sources}, with Satterthwaite's degrees of freedom; a difference is called significant when its "
        f"t-based interval excludes 0, with a critical value at which the intervals of all pairs of a data set and "
        f"metric hold at once in {level} of studies (simulated for that number of methods). Beside it stand two-sided "
        f"Wilcoxon signed-rank tests on {unit}, with the exact permutation distribution up to 200 pairs, zero "
        "differences dropped, and p adjusted by Holm's method over all pairs of a data set and metric. Effect sizes "
        "are the matched-pairs rank-biserial correlation and the paired probability of superiority. Intervals of "
        "means are t-based likewise. Friedman's test with Nemenyi's critical difference is given for comparison with "
        "other papers."
    )


def _with_metrics(rated: str, by_image: bool) -> str:
    return f"{rated} (for opinion scores){'' if by_image else ','} or the scores of each image (for metrics)"


def _drift(found: Opinions) -> str:
    if found.modelled.drift is None:
        return ""
    return (
        "Drift is the coefficient of the place of a trial among those of its rater in a linear mixed model with "
        "random effects of raters, their own trends, images, method x image and method x rater (REML, "
        "Satterthwaite's degrees of freedom)."
    )


def _raters(found: Opinions, metrics: bool) -> str:
    models = (
        "Variance components are those of a linear mixed model with crossed random effects of raters, images and their "
        "interactions with each other and with methods (REML); latent qualities are those of a cumulative logit mixed "
        "model, by Laplace's approximation, and so is the test of taste (likelihood ratio of method x rater), where "
        "every rater has a spread of answers and a width of thresholds as well. "
        if found.models
        else ""
    )
    return (
        "Raters' agreement is given as two-way random-effects intraclass correlation for absolute agreement (from all "
        "scores that are there, by REML, where some are missing) and as ordinal Krippendorff's alpha; raters were "
        f"screened by {len(RULES)} rules, ITU-R BT.500's among them, and modelled by ITU-T P.910. {models}"
        + (_METRICS if metrics else "")
        + (_DISTRIBUTION if len(found.modelled.distributions) else "")
        + _drift(found)
    ).rstrip()

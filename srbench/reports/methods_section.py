"""The methods section of a report, ready for a paper: exactly what was done."""

from __future__ import annotations

from collections.abc import Iterator

from srbench import paper
from srbench.reports.findings import Findings, Opinions
from srbench.reports.phrases import listed, percent
from srbench.reports.preferences import Preferences
from srbench.stats import RULES
from srbench.stats.pairs import PRIOR
from srbench.tables.numbers import count


def methods_section(findings: Findings) -> list[str]:
    """Return paragraphs, ready for a paper, that say exactly what was done."""
    return [*_run_paragraph(findings), *_study_paragraph(findings), _statistics_paragraph(findings)]


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
        f"In the study '{found.study.name}', {people} people gave {len(rated):,} ratings from 1 (bad) "
        f"to 5 (excellent){f'; stimuli were shown {shown}' if shown else ''}. {found.people.sentence}"
        + "".join(f" {sentence[0].upper()}{sentence[1:]}" for sentence in said)
    )


def _preferences(found: Preferences) -> str:
    compared = found.study.ratings
    people = f"{compared['rater'].nunique()} {'simulated raters' if found.study.synthetic else 'people'}"
    return (
        f"In the study '{found.study.name}', {people} compared {len(compared):,} pairs of versions of a picture, side "
        "by side. Qualities are those of Thurstone's model (case V) with random effects of method x rater and method x "
        "image, where there are several of each, fitted by Laplace's approximation for each data set; a lean to the "
        f"left is part of the model, and a normal prior with a standard deviation of {PRIOR:g} JOD keeps versions that "
        "won or lost every comparison at a finite place. Intervals hold for all versions, and for all pairs, of a set "
        "at once. "
        "No rater was excluded."
    )


def _statistics_paragraph(findings: Findings) -> str:
    found = findings.opinions
    parts = [_comparisons(findings)]
    if found is not None:
        parts.append(_raters(found))
        if len(found.retest):
            parts.append(
                "Stimuli that were shown twice give the raters' repeatability: intraclass correlation for absolute "
                "agreement, quadratically weighted kappa, and two one-sided t tests of equivalence over raters and "
                f"images with a margin of {findings.choices.margin:g} points."
            )
    return " ".join(parts)


def _comparisons(findings: Findings) -> str:
    choices = findings.choices
    level = percent(1 - choices.alpha)
    sources = "images" if findings.opinions is None else "raters and images (for metrics, of images)"
    unit = (
        "means over raters of each image (for opinion scores) or the scores of each image (for metrics)"
        if choices.unit == "image"
        else "single ratings, paired by rater and image (for opinion scores), or the scores of each image (for metrics)"
    )
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


def _raters(found: Opinions) -> str:
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
        f"screened by {len(RULES)} rules, ITU-R BT.500's among them, and modelled by ITU-T P.910. {models}Metrics "
        "were compared with mean opinion scores of stimuli (without the originals) by Spearman's and Kendall's "
        "correlation, and by Pearson's correlation and RMSE after a monotone logistic mapping of four parameters "
        "(ITU-T P.1401), with jackknife intervals over images on Fisher's scale."
    )

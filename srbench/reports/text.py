"""The sentences of a report: what was found, what to beware of, and what exactly was done."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from srbench import paper
from srbench.reports.findings import Findings, Opinions
from srbench.reports.inputs import ORIGINAL, SYNTHETIC, lines
from srbench.stats.agreement import DRAWS as AGREEMENT_DRAWS
from srbench.stats.signed_rank import smallest_p
from srbench.tables.statistics import number, p_text, span

UNIT_WARNING = (
    "Single ratings are paired here, as papers often do. They are not independent: in simulated studies without any "
    "true difference this calls 19 to 53 % of comparisons significant. Use it to compare with older papers only."
)
NO_PEOPLE = "The ratings are synthetic: a program drew them from published means. No person rated a picture."


def summary(findings: Findings) -> list[str]:
    """Return the most important findings, one sentence each."""
    return [*_best(findings), *_opinion_summary(findings)]


def _leaders(rows: pd.DataFrame, value: str, digits: int, higher: bool = True) -> tuple[list[str], Any]:
    """Return the names of all methods that share the best printed value, and the row of the first of them."""
    values = rows[value].round(digits)
    first = rows[values == (values.max() if higher else values.min())]
    return list(map(str, first["method"])), first.iloc[0]


def _best(findings: Findings) -> Iterator[str]:
    for metric in findings.names.metrics[:2]:
        parts = []
        for dataset in findings.names.datasets:
            rows = findings.means
            rows = rows[(rows["metric"] == metric) & (rows["dataset"] == dataset) & rows["whole"]]
            rows = rows[rows["method"] != ORIGINAL]
            if len(rows):
                better = findings.names.higher_is_better(metric)
                names, best = _leaders(rows, "value", findings.names.digits(metric), better)
                value = findings.names.number(metric, float(best["value"]))
                parts.append(f"{_titles(findings, names)} on {findings.names.dataset(dataset)} ({value})")
        if parts:
            yield f"Best {findings.names.metric(metric)}: {', '.join(parts)}."


def _opinion_summary(findings: Findings) -> Iterator[str]:
    found = findings.opinions
    if found is None:
        return
    parts = []
    for dataset in findings.names.datasets:
        rows = found.mos[(found.mos["dataset"] == dataset) & (found.mos["method"] != ORIGINAL)]
        if len(rows):
            names, best = _leaders(rows, "mos", findings.names.digits("mos"))
            value = number(best["mos"]) + _ends(best["low"], best["high"])
            parts.append(f"{_titles(findings, names)} on {findings.names.dataset(dataset)} ({value})")
    if parts:
        yield f"Highest mean opinion score{_kind(found)}: {', '.join(parts)}."
    yield from metric_sentences(findings)


def _titles(findings: Findings, names: Sequence[str]) -> str:
    return _listed([findings.names.method(name) for name in names])


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _ends(low: float, high: float) -> str:
    """Return a blank and an interval, or nothing where there is none."""
    return f" {span(low, high)}" if math.isfinite(low) and math.isfinite(high) else ""


def _kind(found: Opinions) -> str:
    return SYNTHETIC if found.study.synthetic else ""


def significance(findings: Findings, metric: str) -> list[str]:
    """Return one sentence per data set on which pairs are told apart by `metric`."""
    table = findings.comparisons
    if not len(table):
        return []
    rows = table[table["metric"] == metric]
    return [_verdict(findings, metric, name, rows[rows["dataset"] == name]) for name in dict.fromkeys(rows["dataset"])]


def _verdict(findings: Findings, metric: str, dataset: str, rows: pd.DataFrame) -> str:
    lead = f"{findings.names.dataset(dataset)}, {findings.names.metric(metric)}"
    n = int(rows["n"].max())
    least = smallest_p(n)
    if least < findings.choices.alpha <= least * len(rows):
        return (
            f"{lead}: inconclusive. {n} pairs can reach no p below {p_text(least)}, which Holm's adjustment for "
            f"{len(rows)} comparisons makes {p_text(min(1.0, least * len(rows)))}, so no difference can be significant "
            f"at the {_percent(findings.choices.alpha)} level, whatever the data. Fewer methods or more images can."
        )
    if least >= findings.choices.alpha:
        return (
            f"{lead}: inconclusive. {n} {'image' if n == 1 else 'pairs'} can reach no p below {p_text(least)}, so no "
            f"difference can be significant at the {_percent(findings.choices.alpha)} level, whatever the data."
        )
    clear = int(rows["significant"].sum())
    same = [_pair(findings, row) for _, row in rows[~rows["significant"]].iterrows()]
    ends = f" (smallest p that {n} pairs can reach: {p_text(least)})"
    if not same:
        return f"{lead}: all {len(rows)} differences are significant{ends}."
    if not clear:
        return f"{lead}: none of the {len(rows)} differences is significant{ends}."
    named = f"not told apart: {'; '.join(same)}" if len(same) <= 12 else f"{len(same)} pairs are not told apart"
    return f"{lead}: {clear} of {len(rows)} differences are significant{ends}; {named}."


def _pair(findings: Findings, row: pd.Series) -> str:
    return f"{findings.names.method(row['a'])} and {findings.names.method(row['b'])}"


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _percent(share: float) -> str:
    return f"{100 * share:g} %"


def warnings(findings: Findings) -> list[str]:
    """Return what a reader must know before believing anything: synthetic data, unit, taste, gaps."""
    found = findings.opinions
    made = [NO_PEOPLE] if found is not None and found.study.synthetic else []
    if findings.choices.unit == "rating" and found is not None:
        made.append(UNIT_WARNING)
    if found is not None:
        made += _few(found)
        for row in lines(found.taste):
            if row.differs and findings.choices.unit == "image":
                made.append(
                    f"{findings.names.dataset(str(row.dataset))}: raters differ in which methods they like (sd of "
                    f"method x rater {number(row.sd_method_rater)}, p {p_text(row.p)}). Wilcoxon's test on image means "
                    "treats the raters as given and rejects too often then; the interval over raters and images, which "
                    "must exclude 0 too, does not."
                )
    names = findings.names
    made += [f"{names.method(name)}: {names.notes[name]}." for name in names.methods if name in names.notes]
    return [*made, *findings.notes]


def _few(found: Opinions) -> Iterator[str]:
    raters = found.ratings["rater"].nunique()
    if raters == 1:
        yield "Only one person rated: nothing can be said about other people, and intervals cover images only."
    elif raters < 15:
        yield f"Only {raters} people rated; ITU-R BT.500 asks for 15 or more."


def metric_sentences(findings: Findings) -> list[str]:
    """Return one sentence per metric on how well it predicts opinions, in numbers."""
    found = findings.opinions
    if found is None or not len(found.agreement):
        return []
    made = []
    for metric, rows in found.agreement.groupby("metric", sort=False):
        row = rows.iloc[-1]
        if math.isnan(row["srcc"]):
            continue
        title = findings.names.metric(str(metric))
        sentence = (
            f"{title} predicts opinions{_kind(found)} with a rank correlation of {number(row['srcc'])}"
            f"{_ends(row['srcc_low'], row['srcc_high'])} over {row['n']} stimuli"
        )
        pairs = found.concordance
        pairs = pairs[pairs["metric"] == metric] if len(pairs) else pairs
        if len(pairs):
            sentence += (
                f"; of {_count(int(pairs['pairs'].sum()), 'pair')} of methods that people tell apart it orders "
                f"{pairs['same'].sum()} the same way and {pairs['opposite'].sum()} significantly the other way round"
            )
        made.append(f"{sentence}.")
    return made


def reliability(findings: Findings) -> list[str]:
    """Return sentences on whether raters agree with each other and with themselves."""
    found = findings.opinions
    if found is None:
        return []
    made = []
    row = found.reliability.iloc[-1]
    if not math.isnan(row["icc_ak"]):
        made.append(
            f"The mean of {row['raters']} raters has a reliability of {number(row['icc_ak'], 3)} "
            f"{span(row['icc_ak_low'], row['icc_ak_high'], 3)} (ICC(A,k)); a single rating has "
            f"{number(row['icc_a1'])} (ICC(A,1)); Krippendorff's alpha is {number(row['alpha'])}."
        )
    flagged = list(map(str, found.screening.loc[found.screening["flagged"], "rater"]))
    who = f"{', '.join(flagged)}" if flagged else "nobody"
    made.append(f"The screening of BT.500 flags {who}. Every rater is in every figure and number here.")
    made += [_retest(findings, line) for _, line in found.retest.iterrows()]
    return made


def _retest(findings: Findings, row: pd.Series) -> str:
    lead = f"{findings.names.dataset(row['dataset'])}, shown twice to {row['raters']} raters ({row['n']} pairs)"
    verdict = (
        f"equivalent within {row['margin']:g} (TOST p {p_text(row['p_equivalence'])})"
        if row["equivalent"]
        else f"not shown to be equivalent within {row['margin']:g} (TOST p {p_text(row['p_equivalence'])})"
    )
    return (
        f"{lead}: second minus first {number(row['mean_difference'], sign=True)} "
        f"{span(row['low'], row['high'], sign=True)}, {verdict}; ICC(A,1) {number(row['icc_a1'])}, weighted kappa "
        f"{number(row['kappa'])}. Wilcoxon's p of {p_text(row['p'])} says nothing about reliability: no significant "
        "difference is not the same as no difference."
    )


def methods_section(findings: Findings) -> list[str]:
    """Return paragraphs, ready for a paper, that say exactly what was done."""
    return [*_run_paragraph(findings), *_study_paragraph(findings), _statistics_paragraph(findings)]


def _run_paragraph(findings: Findings) -> Iterator[str]:
    names, info = findings.names, findings.info
    sizes = findings.scores.groupby("dataset")["image"].nunique()
    sets = ", ".join(f"{names.dataset(d)} ({_count(sizes[d], 'image')})" for d in names.datasets if d in sizes)
    scale = int(findings.scores["scale"].iloc[0])
    version = info.get("protocols", {}).get(findings.protocol, "")
    versions = ", ".join(f"{name} {number}" for name, number in sorted(info.get("versions", {}).items()))
    metrics = _listed([names.metric(m) for m in names.metrics])
    verb = "were" if len(names.metrics) > 1 else "was"
    yield (
        f"We compared {_count(len(findings.compared), 'method')} of super-resolution by a factor of "
        f"{scale} on {sets} with srbench {info.get('srbench', '')}. {metrics} {verb} computed under the protocol "
        f"'{findings.protocol}'{f' (version {version})' if version else ''}; "
        f"{_protocol(findings.protocol)}. A set's figure is the plain mean over its images"
        f"{f'. Software: {versions}' if versions else ''}."
    )


def _protocol(name: str) -> str:
    known = {
        "daala": "as in the SRGAN paper, 4 pixels are removed from each side, and PSNR and SSIM are taken on the 8-bit "
        "luma of daala's tools",
        "matlab": "as many pixels as the factor are removed from each side, and PSNR and SSIM are taken on the rounded "
        "luma of MATLAB's rgb2ycbcr",
    }
    return known.get(name, "see the documentation of srbench for its definition")


def _study_paragraph(findings: Findings) -> Iterator[str]:
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
        f"to 5 (excellent){f'; stimuli were shown {shown}' if shown else ''}. No rater was excluded."
        + "".join(f" {sentence[0].upper()}{sentence[1:]}" for sentence in said)
    )


def _statistics_paragraph(findings: Findings) -> str:
    choices = findings.choices
    unit = (
        "means over raters of each image (for opinion scores) or the scores of each image (for metrics)"
        if choices.unit == "image"
        else "single ratings, paired by rater and image (for opinion scores), or the scores of each image (for metrics)"
    )
    return (
        f"Methods were compared in pairs by two-sided Wilcoxon signed-rank tests on {unit}, with the exact permutation "
        "distribution up to 200 pairs, zero differences dropped, and p adjusted by Holm's method over all pairs of a "
        f"data set and metric. Intervals are 95 % percentile intervals of {choices.draws} bootstrap draws (seed "
        f"{choices.seed}) in which raters and images are resampled independently. A difference is called significant "
        f"when the adjusted p is below {choices.alpha:g} and the interval excludes 0. Effect sizes are the "
        "matched-pairs rank-biserial correlation and Vargha and Delaney's A. All methods together were compared by "
        "Friedman's test with Nemenyi's critical difference. "
        + (
            "Raters' agreement is given as two-way random-effects intraclass correlation for absolute agreement and as "
            "ordinal Krippendorff's alpha; raters were screened by ITU-R BT.500 and modelled by ITU-T P.910. Metrics "
            "were compared with mean opinion scores of stimuli (without the originals) by Spearman's and Kendall's "
            "correlation, and by Pearson's correlation and RMSE after a monotone logistic mapping of four parameters "
            f"(ITU-T P.1401), with intervals of {AGREEMENT_DRAWS} bootstrap draws of images. "
            if findings.opinions is not None
            else ""
        )
        + (
            "Stimuli that were shown twice give the raters' repeatability: intraclass correlation for absolute "
            "agreement, quadratically weighted kappa, and two one-sided tests of equivalence with a margin of "
            f"{choices.margin:g} points."
            if findings.opinions is not None and len(findings.opinions.retest)
            else ""
        )
    ).strip()

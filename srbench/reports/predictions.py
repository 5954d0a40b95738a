"""What metrics, distributions, drift and power say, in sentences that follow the intervals."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from srbench.reports.findings import Findings, Opinions
from srbench.reports.phrases import ends, kind, listed
from srbench.stats.intervals import excludes_zero
from srbench.tables.names import Names, lines
from srbench.tables.numbers import number, p_text, span


def predictions(findings: Findings) -> list[str]:
    """Return what is known of metrics against people, image by image and pair by pair: one sentence per metric."""
    found = findings.opinions
    if found is None or not found.modelled.stimuli:
        return []
    said = [_of_metric(findings, found, metric) for metric in findings.names.metrics]
    return [*filter(None, said), *_closest(findings, found)]


def _of_metric(findings: Findings, found: Opinions, metric: str) -> str:
    names, apart = findings.names, found.modelled.image_agreement
    rows = apart[apart["metric"] == metric]
    if not len(rows):
        return ""
    rows = rows[rows["dataset"] == rows["dataset"].iloc[-1]]  # all sets where there are several, else the only one
    by_kind = {str(row.kind): row for row in lines(rows)}
    within, across = by_kind["within"], by_kind["across"]
    if math.isnan(within.srcc):
        return ""
    less = "" if names.higher_is_better(metric) else " (less is better)"
    said = (
        f"{names.metric(metric)}{less} on {_place(names, str(within.dataset))}: versions of one image are ordered with "
        f"a mean rank correlation of {number(within.srcc)}{ends(within.srcc_low, within.srcc_high)} with opinions"
        f"{kind(findings)}"
    )
    if not math.isnan(across.srcc):
        said += (
            f", images of one version with {number(across.srcc)}{ends(across.srcc_low, across.srcc_high)}"
            f"{_unclear(across)}"
        )
    pairs = found.modelled.pair_accuracy
    rows = pairs[(pairs["metric"] == metric) & (pairs["dataset"] == within.dataset)]
    return f"{said}{_decides(rows)}."


def _place(names: Names, dataset: str) -> str:
    return "all sets" if dataset == "all" else names.dataset(dataset)


def _unclear(row: Any) -> str:
    """Return that a correlation may be 0, where its interval says so."""
    return ", which may be none" if row.srcc_low <= 0 <= row.srcc_high else ""


def _decides(rows: pd.DataFrame) -> str:
    if not len(rows) or math.isnan(rows["clear"].iloc[0]):
        return ""
    row = next(lines(rows))
    clear = row.pairs - row.ties
    said = f"; of {clear:,} pairs that people tell apart it decides {100 * row.clear:.0f} %"
    said += f" {_percent(row.clear_low, row.clear_high)}" if not math.isnan(row.clear_low) else ""
    if row.clear_low > 0.5:
        said += " as they do, more than by chance"
    elif row.clear_high < 0.5:
        said += " as they do, fewer than by chance"
    else:
        said += " as they do" + ("" if math.isnan(row.clear_low) else ", which chance may do too")
    return said


def _percent(low: float, high: float) -> str:
    return f"[{100 * low:.0f}, {100 * high:.0f}]"


def _closest(findings: Findings, found: Opinions) -> Iterator[str]:
    """Yield which metrics order versions of an image better than which, as far as intervals tell."""
    table = found.modelled.metric_contrasts
    if not len(table):
        return
    rows = table[table["dataset"] == table["dataset"].iloc[-1]]
    names = findings.names
    told = [_ordered(row, names) for row in lines(rows) if row.differs]
    place = f"On {_place(names, str(rows['dataset'].iloc[0]))}"
    known = rows["low"].notna()
    if not known.any():
        yield f"{place} it cannot be said which metric is closer to people within images, for want of intervals."
    elif told:
        rest = int(known.sum()) - len(told)
        others = f"; {rest} other pairs of metrics are not told apart" if rest > 1 else ""
        others = "; the other pair of metrics is not told apart" if rest == 1 else others
        yield f"{place}, within images: {listed(told)}{others}."
    else:
        yield f"{place}, within images: no metric is shown to be closer to people than another."


def _ordered(row: Any, names: Names) -> str:
    better, worse = (row.a, row.b) if row.difference > 0 else (row.b, row.a)
    return f"{names.metric(str(better))} is closer to people than {names.metric(str(worse))}"


def course(findings: Findings) -> list[str]:
    """Return what is known of drift over the study, and of the form of scores."""
    found = findings.opinions
    if found is None:
        return []
    return [*_drift(findings, found), *_form(findings, found)]


def _drift(findings: Findings, found: Opinions) -> Iterator[str]:
    drift = found.modelled.drift
    if drift is None:
        return
    lead = f"From a rater's first trial to the last, scores{kind(findings)}"
    change = f"{number(drift.trend, sign=True)} points {span(drift.low, drift.high, sign=True)}"
    if excludes_zero(drift.low, drift.high):
        yield f"{lead} {'rise' if drift.trend > 0 else 'fall'} by {change} (p {p_text(drift.p)})."
    else:
        yield f"{lead} change by {change}: no drift of all raters is shown, and none beyond these ends is likely."
    odd = drift.raters.loc[drift.raters["drifts"], "rater"].tolist()
    differ = "Raters differ in their trends" if drift.p_sd < 0.05 else "That raters differ in their trends is not shown"
    named = (
        f"; these drift, by intervals that hold for all raters at once: {listed(odd)}"
        if odd and drift.p_sd < 0.05
        else ""
    )
    yield f"{differ} (sd {number(drift.sd)} points, p {p_text(drift.p_sd)}){named}."


def _form(findings: Findings, found: Opinions) -> Iterator[str]:
    fit = found.modelled.distribution_fit
    if not len(fit):
        return
    row = list(lines(fit))[-1]
    verdict = (
        f"more than the {number(row.expected, 1)} of chance (p {p_text(row.p)}): some stimuli divide the raters, or "
        "single raters answer unlike all others"
        if row.p < 0.05
        else f"no more than the {number(row.expected, 1)} of chance"
    )
    yield (
        f"The generalised score distribution fits {row.poor:,} of {row.stimuli:,} stimuli{kind(findings)} poorly, "
        f"{verdict}."
    )

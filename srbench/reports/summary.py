"""The most important findings of a report, one sentence each."""

from __future__ import annotations

import math

from srbench.reports.findings import Findings
from srbench.reports.phrases import ends, kind, listed
from srbench.tables.means import leaders
from srbench.tables.numbers import count, number


def summary(findings: Findings) -> list[str]:
    """Return the best methods by the first two metrics and by opinion, and how well metrics predict opinions."""
    best = [_best(findings, metric) for metric in [*findings.names.metrics[:2], "mos"]]
    return [*filter(None, best), *metric_sentences(findings)]


def _best(findings: Findings, metric: str) -> str:
    names = findings.names
    parts = []
    for dataset in names.datasets:
        best = leaders(findings.means_of(metric, dataset), names)
        if best:
            titles = listed([names.method(mean.method) for mean in best])
            value = names.number(metric, best[0].value or 0.0) + _interval(findings, metric, dataset, best[0].method)
            parts.append(f"{titles} on {names.dataset(dataset)} ({value})")
    if not parts:
        return ""
    lead = f"Highest mean opinion score{kind(findings)}" if metric == "mos" else f"Best {names.metric(metric)}"
    return f"{lead}: {', '.join(parts)}."


def _interval(findings: Findings, metric: str, dataset: str, method: str) -> str:
    if metric != "mos" or findings.opinions is None:
        return ""
    table = findings.opinions.mos
    row = table[(table["dataset"] == dataset) & (table["method"] == method)].iloc[0]
    return ends(row["low"], row["high"])


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
            f"{title} predicts opinions{kind(findings)} with a rank correlation of {number(row['srcc'])}"
            f"{ends(row['srcc_low'], row['srcc_high'])} over {row['n']} stimuli"
        )
        pairs = found.concordance
        pairs = pairs[pairs["metric"] == metric] if len(pairs) else pairs
        if len(pairs):
            sentence += (
                f"; of {count(int(pairs['pairs'].sum()), 'pair')} of methods that people tell apart it orders "
                f"{pairs['same'].sum()} the same way and {pairs['opposite'].sum()} significantly the other way round"
            )
        made.append(f"{sentence}.")
    return made

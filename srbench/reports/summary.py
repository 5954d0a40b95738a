"""The most important findings of a report, one sentence each."""

from __future__ import annotations

import math
from collections.abc import Sequence

from srbench import stats
from srbench.reports.findings import Findings
from srbench.reports.phrases import ends, kind, listed
from srbench.tables.means import leaders
from srbench.tables.numbers import count, number
from srbench.tables.table import OPINIONS, ORIGINAL

_LONG = {
    ("mos", "MOS"): "mean opinion score",
    ("mos", "DMOS"): "degradation mean opinion score (DMOS)",
    ("dmos", "DMOS"): "differential mean opinion score (DMOS)",
}
"""What means of opinions are called in a sentence, by their metric and its title."""


def summary(findings: Findings) -> list[str]:
    """Return the best methods by the first two metrics and by opinion, and how well metrics predict opinions."""
    best = [_best(findings, metric) for metric in [*findings.names.metrics[:2], *OPINIONS]]
    return [*filter(None, best), *preferences(findings), *metric_sentences(findings)]


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
    lead = f"Best {names.metric(metric)}"
    if metric in OPINIONS:
        lead = f"Highest {_LONG[metric, names.metric(metric)]}{kind(findings)}"
        return f"{lead}: {', '.join(parts)}. {_above_all(findings, _stand_out(findings, metric), len(parts))}"
    return f"{lead}: {', '.join(parts)}."


def _stand_out(findings: Findings, metric: str) -> list[str]:
    """Return the sets on which one method is significantly higher than every other one, the original left aside."""
    table = findings.comparisons
    rows = table[table["metric"] == metric] if len(table) else table
    found = stats.significantly_highest(rows, findings.compared) if len(rows) else {}
    return [dataset for dataset in findings.names.datasets if dataset in found]


def _above_all(findings: Findings, sets: Sequence[str], of: int) -> str:
    """Return where the highest is told apart from all others, by the rule of stars."""
    where = f"on {listed([findings.names.dataset(name) for name in sets])}"
    if of == 1:
        return f"It is {'' if sets else 'not '}significantly higher than every other method there."
    return f"Significantly higher than every other method: {where if sets else 'on none of these sets'}."


def _interval(findings: Findings, metric: str, dataset: str, method: str) -> str:
    if metric not in OPINIONS or findings.opinions is None:
        return ""
    table = findings.opinions.mos if metric == "mos" else findings.opinions.dmos
    row = table[(table["dataset"] == dataset) & (table["method"] == method)].iloc[0]
    return ends(row["low"], row["high"])


def preferences(findings: Findings) -> list[str]:
    """Return one sentence on which version people prefer on each set, where they compared pairs."""
    found = findings.preferences
    if found is None or not found.models:
        return []
    parts, clear = [], []
    for dataset, model in found.models.items():
        table = model.quality()
        rivals = table[table["method"] != ORIGINAL]
        best = rivals.iloc[int(rivals["quality"].to_numpy().argmax())]
        parts.append(
            f"{findings.names.method(str(best['method']))} on {findings.names.dataset(dataset)} "
            f"({number(best['quality'], sign=True)} JOD{ends(best['low'], best['high'])})"
        )
        decided = model.contrasts().assign(dataset=dataset)
        decided = decided.rename(columns={"estimate": "difference", "differs": "significant"})
        clear += list(stats.significantly_highest(decided, rivals["method"].tolist()))
    said = f"Preferred most{kind(findings)}, against the mean of all versions: {', '.join(parts)}."
    return [f"{said} {_above_all(findings, clear, len(parts))}"]


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
            f"{title} and opinions{kind(findings)} have a rank correlation of {number(row['srcc'])}"
            f"{ends(row['srcc_low'], row['srcc_high'])} over {int(row['n']):,} stimuli"
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

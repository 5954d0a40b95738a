"""Figures of metrics against people, and of the raters themselves."""

from __future__ import annotations

import matplotlib as mpl
from matplotlib.figure import Figure

from srbench.reports.figures import style
from srbench.reports.findings import Findings, Opinions
from srbench.tables.names import lines


def correlations(findings: Findings, opinions: Opinions) -> Figure:
    """Draw the rank correlation of every metric with the opinion scores, per set, with 95 % intervals."""
    table = opinions.agreement
    metrics = [name for name in findings.names.metrics if name in set(table["metric"])]
    sets = [*(name for name in findings.names.datasets if name in set(table["dataset"])), "all"]
    sets = [name for name in sets if name in set(table["dataset"])]
    height = 0.24 * len(metrics) * len(sets) + 0.25 * len(metrics) + 1.2
    figure = style.new(6.4, max(height, 2.4))
    axis = figure.subplots()
    looks = style.looks(sets)
    step = 1.0 / (len(sets) + 1)
    for row in lines(table):
        y = metrics.index(str(row.metric)) + (sets.index(str(row.dataset)) + 1) * step - 0.5
        colour, marker = looks[str(row.dataset)]
        # Ends higher than the marker, which would hide a short interval otherwise.
        reach = [[row.srcc - row.srcc_low], [row.srcc_high - row.srcc]]
        axis.errorbar(
            [row.srcc], [y], xerr=reach, color=colour, linewidth=1.6, capsize=4.5, marker=marker, markersize=4
        )
    for border in range(1, len(metrics)):
        axis.axhline(border - 0.5, color=style.FAINT, linewidth=0.8)
    axis.axvline(0, color=style.INK, linewidth=0.8)
    axis.set_yticks(range(len(metrics)), [findings.names.metric(name) for name in metrics])
    axis.set_ylim(len(metrics) - 0.5, -0.5)
    axis.set_xlim(min(-0.2, float(table[["srcc", "srcc_low"]].min().min()) - 0.05), 1.0)
    axis.set_xlabel("Rank correlation (Spearman) with the opinion scores of stimuli")
    axis.tick_params(axis="y", length=0)
    axis.grid(True, axis="x")
    handles = [
        mpl.lines.Line2D([], [], color=looks[s][0], marker=looks[s][1], label=findings.names.dataset(s)) for s in sets
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def raters(findings: Findings, opinions: Opinions) -> Figure:
    """Draw every rater's bias and inconsistency (P.910), and mark those whom a rule flags."""
    del findings
    table = opinions.screening
    figure = style.new(5.2, 3.8)
    axis = figure.subplots()
    axis.axvline(0, color=style.INK, linewidth=0.8)
    for flagged, colour, marker, label in (
        (False, style.ACCENT, "o", "not flagged"),
        (True, style.RED, "X", "flagged by a rule"),
    ):
        part = table[table["flagged"] == flagged]
        if len(part):
            axis.scatter(part["bias"], part["inconsistency"], color=colour, marker=marker, s=34, label=label, zorder=3)
    odd = table[table["flagged"] | (table["inconsistency"] == table["inconsistency"].max())]
    for place, row in enumerate(lines(odd.sort_values("inconsistency", ascending=False))):
        # The noisiest is named above its mark, all others below theirs: two that are alike stay readable.
        axis.annotate(
            str(row.rater), (row.bias, row.inconsistency), xytext=(5, -9 if place else 4), textcoords="offset points",
            fontsize=8,
        )  # fmt: skip
    axis.set_xlabel("Bias: scores higher than others by")
    axis.set_ylabel("Inconsistency: noise (standard deviation)")
    axis.margins(x=0.12)
    axis.set_ylim(0, 1.15 * float(table["inconsistency"].max()))
    axis.grid(True)
    axis.legend(loc="lower right")
    return figure

"""One figure for each metric: how it predicts opinions, and which of its correlations are known how well."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from srbench.reports.figures import style
from srbench.reports.findings import Findings, Opinions
from srbench.stats import Drift, Stimuli
from srbench.stats.logistic import Mapping, band
from srbench.tables.names import lines
from srbench.tables.numbers import number

_KINDS = {"all": "all stimuli", "within": "within images", "across": "across images"}


def prediction(findings: Findings, opinions: Opinions, metric: str) -> Figure:
    """Draw opinion scores against a metric, coloured by method, with the curve and its band, and its correlations."""
    names = findings.names
    stimuli = [each for each in opinions.modelled.stimuli if each.metric == metric][-1]
    points = opinions.points[opinions.points["metric"] == metric]
    row = opinions.agreement[opinions.agreement["metric"] == metric].iloc[-1]
    figure = style.new(8.6, 4.2)
    left, right = figure.subplots(1, 2, width_ratios=[1.35, 1.0])
    looks = style.looks(names.methods)
    present = [name for name in names.methods if name in set(points["method"])]
    for name in present:
        part = points[points["method"] == name]
        colour, marker = looks[name]
        left.scatter(
            part["value"], part["mos"], s=22, color=colour, marker=marker, alpha=0.55, linewidths=0, rasterized=True
        )
    _curve(left, stimuli, row)
    left.set_xlabel(names.label(metric))
    left.set_ylabel("Mean opinion score of a stimulus")
    scale = opinions.scale
    left.set_ylim(scale.low - 0.2 * scale.point, scale.high + 0.2 * scale.point)
    left.set_yticks([scale.low + k * scale.point for k in range(5)])
    left.grid(True)
    left.set_title(
        f"RMSE {number(row['rmse'])} after the curve, {len(points)} stimuli", fontweight="normal", fontsize=9
    )
    _correlations(right, findings, opinions, metric)
    handles = [
        mpl.lines.Line2D([], [], linestyle="", color=looks[m][0], marker=looks[m][1], label=names.method(m))
        for m in present
    ]
    style.legend(figure, handles)
    return figure


def _curve(axis: Axes, stimuli: Stimuli, row: pd.Series) -> None:
    if not row["mapping"]:
        return
    mapping = Mapping(row["mapping"], row["parameters"], "")
    x = np.linspace(stimuli.value.min(), stimuli.value.max(), 200)
    y, half = mapping(x), band(mapping, stimuli.value, stimuli.opinions, stimuli.image, x)
    if np.isfinite(half).all():
        axis.fill_between(x, y - half, y + half, color=style.RED, alpha=0.18, linewidth=0)
    axis.plot(x, y, color=style.RED, linewidth=2)


def _correlations(axis: Axes, findings: Findings, opinions: Opinions, metric: str) -> None:
    """Draw Spearman's correlation of every kind on every set, with its interval."""
    pooled = opinions.agreement[opinions.agreement["metric"] == metric].assign(kind="all")
    apart = opinions.modelled.image_agreement
    table = pd.concat([pooled, apart[apart["metric"] == metric]], ignore_index=True)
    sets = [name for name in (*findings.names.datasets, "all") if name in set(pooled["dataset"])]
    looks = style.looks(sets)
    step = 1.0 / (len(sets) + 1)
    kinds = list(_KINDS)
    for line in lines(table):
        y = kinds.index(line.kind) - 0.5 + (sets.index(str(line.dataset)) + 1) * step
        colour, marker = looks[str(line.dataset)]
        axis.errorbar(
            [line.srcc], [y], xerr=[[line.srcc - line.srcc_low], [line.srcc_high - line.srcc]], color=colour,
            linewidth=1.6, capsize=4, marker=marker, markersize=4,
        )  # fmt: skip
    for border in (0.5, 1.5):
        axis.axhline(border, color=style.FAINT, linewidth=0.8)
    axis.axvline(0, color=style.INK, linewidth=0.8)
    axis.set_yticks(range(len(kinds)), list(_KINDS.values()))
    axis.set_ylim(len(kinds) - 0.5, -0.5)
    ends = table[["srcc", "srcc_low", "srcc_high"]].to_numpy(dtype=np.float64)
    low, high = float(np.nanmin(ends, initial=0.0)), float(np.nanmax(ends, initial=0.0))
    axis.set_xlim(-1.02 if low < -0.2 else -0.22, 1.02 if high > 0.2 else 0.22)
    axis.set_xlabel("Rank correlation (Spearman)")
    axis.tick_params(axis="y", length=0)
    axis.grid(True, axis="x")
    handles = [
        mpl.lines.Line2D([], [], color=looks[s][0], marker=looks[s][1], label=findings.names.dataset(s)) for s in sets
    ]
    axis.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=len(handles), fontsize=7.5, borderpad=0.0
    )  # fmt: skip


def drift(found: Drift) -> Figure:
    """Draw the trend of every rater over the study, in order, and that of all."""
    table = found.raters.sort_values("trend").reset_index(drop=True)
    figure = style.new(6.4, 3.6)
    axis = figure.subplots()
    axis.axhspan(found.low, found.high, color=style.ACCENT, alpha=0.15, linewidth=0)
    axis.axhline(found.trend, color=style.ACCENT, linewidth=1.4)
    axis.axhline(0, color=style.INK, linewidth=0.8)
    for drifts, colour in ((False, style.INK), (True, style.RED)):
        part = table[table["drifts"] == drifts]
        axis.errorbar(
            part.index, part["trend"], yerr=_reach(part), color=colour, linestyle="", marker="o", markersize=4,
            capsize=2.5, linewidth=1.2,
        )  # fmt: skip
    style.slanted(axis, [str(name) for name in table["rater"]])
    axis.tick_params(axis="x", labelsize=7)
    axis.set_ylabel("Change of scores over the study")
    axis.grid(True, axis="y")
    return figure


def _reach(part: pd.DataFrame) -> Sequence[pd.Series[float]]:
    return [part["trend"] - part["low"], part["high"] - part["trend"]]

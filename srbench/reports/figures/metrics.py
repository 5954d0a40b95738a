"""Figures of the run: accuracy against cost (the paper's figure 7), per-image spread and heat map."""

from __future__ import annotations

import math
import re

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator

from srbench.reports.figures import style
from srbench.reports.findings import Findings
from srbench.tables.names import lines
from srbench.tables.table import ORIGINAL

_DEPTH = re.compile(r"(?P<family>.+)-b(?P<depth>\d+)(?P<rest>(-.+)?)")


def cost(findings: Findings, metric: str) -> Figure:
    """Draw the mean of `metric` against the median seconds per image, one panel per data set."""
    panels = timed(findings, metric)
    figure, axes = style.grid(4.1 * len(panels) + 0.3, 3.7, 1, len(panels))
    looks = style.looks(findings.names.methods)
    for axis, (dataset, points) in zip(axes, panels.items(), strict=True):
        for row in lines(points):
            colour, marker = looks[str(row.method)]
            axis.scatter(row.seconds, row.value, s=42, color=colour, marker=marker, zorder=3)
        axis.set_xscale("log")
        axis.set_xlabel("Median seconds per image")
        axis.grid(True)
        axis.xaxis.set_major_locator(LogLocator(numticks=6))
        axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axis.margins(x=0.12, y=0.1)
        axis.set_title(findings.names.dataset(dataset))
    axes[0].set_ylabel(_label(findings, metric))
    drawn = {str(name) for points in panels.values() for name in points["method"]}
    present = [name for name in findings.names.methods if name in drawn]
    handles = [
        mpl.lines.Line2D([], [], linestyle="", color=looks[m][0], marker=looks[m][1], label=findings.names.method(m))
        for m in present
    ]
    style.legend(figure, handles)
    return figure


def timed(findings: Findings, metric: str) -> dict[str, pd.DataFrame]:
    """Return, per data set, the mean of `metric` and the seconds of the methods that have both."""
    found = {name: _points(findings, metric, name) for name in findings.names.datasets}
    return {name: points for name, points in found.items() if len(points)}


def depths(findings: Findings) -> dict[str, dict[int, str]]:
    """Return the families of methods that differ in depth only: `{family: {depth: method}}`.

    A depth study names its methods FAMILY-bDEPTH, with or without a suffix: `srresnet-b8`, `srresnet-b8-noskip`.
    """
    families: dict[str, dict[int, str]] = {}
    for method in findings.names.methods:
        match = _DEPTH.fullmatch(method)
        if match:
            families.setdefault(match["family"] + match["rest"], {})[int(match["depth"])] = method
    return {name: dict(sorted(members.items())) for name, members in families.items() if len(members) > 1}


def depth(findings: Findings, metric: str) -> Figure:
    """Draw the mean of `metric` and the time against the number of blocks, over all data sets' panels."""
    families = depths(findings)
    sets = [name for name in findings.names.datasets if findings.measured(metric, name)]
    figure, axes = style.grid(3.6 * len(sets) + 0.5, 5.6, 2, len(sets), sharex=True)
    looks = style.looks(list(families))
    for column, dataset in enumerate(sets):
        points = _points(findings, metric, dataset).set_index("method")
        for family, members in families.items():
            here = {blocks: name for blocks, name in members.items() if name in points.index}
            rows = points.loc[list(here.values())]
            colour, marker = looks[family]
            axes[column].plot(list(here), rows["value"], color=colour, marker=marker, label=family)
            axes[len(sets) + column].plot(list(here), rows["seconds"], color=colour, marker=marker)
        axes[column].set_title(findings.names.dataset(dataset))
        axes[len(sets) + column].set_xlabel("Number of blocks")
        for axis in (axes[column], axes[len(sets) + column]):
            axis.grid(True)
    axes[0].set_ylabel(_label(findings, metric))
    axes[len(sets)].set_ylabel("Median seconds per image")
    axes[0].legend()
    return figure


def _points(findings: Findings, metric: str, dataset: str) -> pd.DataFrame:
    """Return method, value and seconds of the methods that have a finite mean over the whole set and a time."""
    means = [m for m in findings.means_of(metric, dataset) if m.whole and m.method != ORIGINAL]
    rows = [(m.method, m.value) for m in means if m.value is not None and math.isfinite(m.value)]
    seconds = findings.seconds[findings.seconds["dataset"] == dataset]
    joined = pd.DataFrame(rows, columns=["method", "value"]).merge(seconds, on="method")
    return joined[joined["seconds"] > 0]


def _label(findings: Findings, metric: str) -> str:
    return findings.names.label(metric)


def drawable(findings: Findings, metric: str) -> list[str]:
    """Return the data sets on which a method has a finite score of `metric`."""
    return [name for name in findings.names.datasets if not _wide(findings, metric, name).empty]


def drawn(findings: Findings, metric: str, dataset: str) -> list[str]:
    """Return the methods, the original left aside, that have a finite score of `metric` on a data set."""
    return [str(name) for name in _wide(findings, metric, dataset).columns]


def per_image(findings: Findings, metric: str, baseline: str) -> Figure:
    """Draw every image's gain of each method over `baseline` as a point, and the mean gain as a red mark."""
    figure, axes = _set_panels(findings, metric, 3.1)
    for axis, dataset in axes:
        wide = _wide(findings, metric, dataset)
        gains = wide.sub(wide[baseline], axis=0).drop(columns=baseline)
        source = np.random.default_rng(0)
        for x, method in enumerate(gains.columns):
            values = gains[method].dropna().to_numpy()
            sideways = source.uniform(-0.22, 0.22, values.size)
            axis.scatter(
                x + sideways, values, s=9, color=style.ACCENT, alpha=0.45, linewidths=0, rasterized=len(values) > 50
            )
            mean = _mean_gain(findings, metric, dataset, str(method), baseline)
            axis.plot([x - 0.32, x + 0.32], [mean, mean], color=style.RED, linewidth=2, zorder=3)
        axis.axhline(0, color=style.INK, linewidth=0.8)
        axis.grid(True, axis="y")
        style.slanted(axis, [findings.names.method(str(name)) for name in gains.columns])
        axis.set_title(findings.names.dataset(dataset))
    axes[0][0].set_ylabel(f"{_label(findings, metric)} over {findings.names.method(baseline)}")
    return figure


def _mean_gain(findings: Findings, metric: str, dataset: str, method: str, baseline: str) -> float:
    """Return the mean gain as the tables of all pairs have it; NaN, which is not drawn, where it is not finite."""
    rows = findings.comparisons
    rows = rows[(rows["metric"] == metric) & (rows["dataset"] == dataset)]
    for first, second, sign in ((method, baseline, 1.0), (baseline, method, -1.0)):
        found = rows.loc[(rows["a"] == first) & (rows["b"] == second), "difference"]
        if len(found) and np.isfinite(found.iloc[0]):
            return sign * float(found.iloc[0])
    return math.nan


def heat_map(findings: Findings, metric: str) -> Figure:
    """Draw every method on every image: the difference to the image's mean over methods."""
    sets = drawable(findings, metric)
    wides = [_wide(findings, metric, name) for name in sets]
    counts = [len(wide) for wide in wides]
    ratios = [max(count, 12) for count in counts]
    rows = max(wide.shape[1] for wide in wides)
    figure, axes = style.grid(11.0, 0.27 * rows + 1.4, 1, len(sets), width_ratios=ratios)
    centred = [wide.sub(wide.mean(axis=1), axis=0) for wide in wides]
    reach = max(float(np.nanmax(np.abs(part.to_numpy()))) for part in centred) or 1.0
    for axis, dataset, part in zip(axes, sets, centred, strict=True):
        shown = axis.imshow(
            part.T.to_numpy(), cmap=style.DIVERGING, vmin=-reach, vmax=reach, aspect="auto", interpolation="nearest"
        )
        titles = [findings.names.method(str(name)) for name in part.columns]
        axis.set_yticks(range(len(titles)), titles if dataset == sets[0] or len(titles) != rows else [""] * len(titles))
        axis.tick_params(length=0)
        axis.set_xticks([])
        axis.set_xlabel(f"{len(part)} images")
        axis.spines[["left", "bottom"]].set_visible(False)
        axis.set_title(findings.names.dataset(dataset))
    bar = figure.colorbar(shown, ax=axes, shrink=0.85, aspect=20, pad=0.01)
    bar.outline.set_visible(False)
    bar.set_label(f"{_label(findings, metric)}: difference\nto the image's mean")
    return figure


def _set_panels(findings: Findings, metric: str, height: float) -> tuple[Figure, list[tuple[Axes, str]]]:
    sets = drawable(findings, metric)
    count = max(_wide(findings, metric, name).shape[1] for name in sets)
    figure, axes = style.grid((0.36 * count + 0.6) * len(sets) + 0.6, height, 1, len(sets), sharey=True)
    return figure, list(zip(axes, sets, strict=True))


def _wide(findings: Findings, metric: str, dataset: str) -> pd.DataFrame:
    """Return images x methods, in the order of tables, without infinite values and the original."""
    rows = findings.scores
    rows = rows[(rows["metric"] == metric) & (rows["dataset"] == dataset) & (rows["method"] != ORIGINAL)]
    wide: pd.DataFrame = rows[np.isfinite(rows["value"])].pivot_table(index="image", columns="method", values="value")
    ordered: pd.DataFrame = wide.reindex(columns=[name for name in findings.names.methods if name in wide.columns])
    return ordered

"""Figures of opinion scores: distributions (the paper's figures 5 and 9) and ranks (figure 10)."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from srbench import stats
from srbench.reports import phrases
from srbench.reports.figures import style
from srbench.reports.findings import Findings, Opinions

MOST_TICKS = 11


def distributions(findings: Findings, opinions: Opinions) -> Figure:
    """Draw how often each score was given, per method and set: bins centred on scores, mean as a red marker."""
    figure, axes = _panels(findings, opinions.distribution, 2.5)
    for axis, dataset in zip(axes, _sets(findings, opinions.distribution), strict=True):
        methods = findings.measured("mos", dataset)
        part = opinions.distribution[opinions.distribution["dataset"] == dataset]
        _columns(axis, part, methods, "score", sorted(part["score"].unique()))
        means = opinions.mos[opinions.mos["dataset"] == dataset].set_index("method").loc[methods]
        _means(axis, means["mos"].tolist(), (means["low"].tolist(), means["high"].tolist()))
        _answers(axis, opinions)
        _finish(findings, axis, dataset, methods)
    return figure


def ranks(findings: Findings, opinions: Opinions) -> Figure:
    """Draw the ordinal rank of every method per image and rater: its distribution, and the mean as a marker."""
    figure, axes = _panels(findings, opinions.rank_distribution, 3.1)
    for axis, dataset in zip(axes, _sets(findings, opinions.rank_distribution), strict=True):
        methods = findings.measured("mos", dataset)
        part = opinions.rank_distribution[opinions.rank_distribution["dataset"] == dataset]
        _columns(axis, part, methods, "rank", range(1, len(methods) + 1))
        means = opinions.ranks[opinions.ranks["dataset"] == dataset].set_index("method").loc[methods]
        _means(axis, means["rank"].tolist(), None)
        axis.invert_yaxis()
        axis.set_yticks(range(1, len(methods) + 1))
        axis.set_ylabel("Rank, 1 = best")
        _finish(findings, axis, dataset, methods)
    return figure


def _sets(findings: Findings, table: pd.DataFrame) -> list[str]:
    here = set(table["dataset"])
    return [name for name in findings.names.datasets if name in here]


def _panels(findings: Findings, table: pd.DataFrame, height: float) -> tuple[Figure, list[Axes]]:
    sets = _sets(findings, table)
    widest = max(len(findings.measured("mos", name)) for name in sets)
    figure, axes = style.grid(0.66 * widest + 1.3, height * len(sets), len(sets), 1)
    for axis in axes:
        axis.set_xlim(-0.5, widest - 0.5)
    return figure, axes


def _answers(axis: Axes, opinions: Opinions) -> None:
    """Name the answers of the scale, in words where it has five."""
    scale = opinions.scale
    if (scale.low, scale.high) == (stats.ACR.low, stats.ACR.high):
        words = phrases.ANSWERS["dcr" if opinions.study.design == "dcr" else "acr"]
        axis.set_yticks(range(1, 6), [f"{k} {word}" for k, word in enumerate(words, start=1)])
    else:
        axis.set_yticks(scale.levels if 0 < len(scale.levels) <= MOST_TICKS else _quarters(scale))


def _quarters(scale: stats.RatingScale) -> list[float]:
    return [scale.low + k * scale.point for k in range(5)]


def _columns(axis: Axes, part: pd.DataFrame, methods: list[str], column: str, bins: Sequence[float]) -> None:
    """Draw one colour-coded column of shares per method, a field for each of `bins`."""
    shares = part.pivot_table(index=column, columns="method", values="share").reindex(index=list(bins), columns=methods)
    values = shares.to_numpy(dtype=float)
    mesh = axis.pcolormesh(
        range(len(methods)), bins, values, cmap=style.DENSITY, vmin=0, vmax=1,
        shading="nearest", edgecolors="white", linewidth=1.2,
    )  # fmt: skip
    mesh.set_rasterized(False)
    five = len(bins) == 5
    lower = 0.3 * (bins[1] - bins[0]) if five else 0.0  # low columns of five leave room for the mean beside the figure
    for x in range(len(methods)):
        for place, y in enumerate(bins):
            share = float(values[place, x])
            if share >= (0.05 if five else 0.1):
                colour = "white" if share > 0.6 else style.INK
                axis.text(x + 0.46, y - lower, f"{100 * share:.0f}", ha="right", va="center", fontsize=7, color=colour)


def _means(axis: Axes, means: list[float], ends: tuple[list[float], list[float]] | None) -> None:
    places = range(len(means))
    if ends is not None:
        # Wide ends: the marker would hide a short interval otherwise.
        reach = [[mean - low for mean, low in zip(means, ends[0], strict=True)],
                 [high - mean for mean, high in zip(means, ends[1], strict=True)]]  # fmt: skip
        axis.errorbar(places, means, reach, fmt="none", ecolor=style.RED, elinewidth=1.4, capsize=4.5, zorder=3)
    size = 26 if ends is None else 9
    axis.scatter(places, means, marker="D", s=size, color=style.RED, edgecolors="white", linewidths=0.5, zorder=4)


def _finish(findings: Findings, axis: Axes, dataset: str, methods: list[str]) -> None:
    style.slanted(axis, [findings.names.method(name) for name in methods])
    axis.spines[["left", "bottom"]].set_visible(False)
    axis.tick_params(axis="y", length=0)
    axis.set_title(findings.names.dataset(dataset))

"""Figures of significance: the matrix of all pairs, and mean ranks with the groups that are not told apart."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from srbench.reports.figures import style
from srbench.reports.findings import Findings
from srbench.stats import CriticalDifference, groups
from srbench.tables.names import lines


def matrix(findings: Findings, metric: str) -> Figure:
    """Draw, per data set, the difference of every pair (row minus column) and whether it is significant."""
    table = findings.comparisons[findings.comparisons["metric"] == metric]
    sets = [name for name in findings.names.datasets if name in set(table["dataset"])]
    largest = max(len({*part["a"], *part["b"]}) for _, part in table.groupby("dataset"))
    columns = min(len(sets), 2)
    rows = -(-len(sets) // columns)
    size = 0.36 * largest
    figure, axes = style.grid((size + 1.3) * columns + 0.8, (size + 1.2) * rows, rows, columns)
    for axis in axes[len(sets) :]:
        axis.set_axis_off()
    finite = table["difference"][np.isfinite(table["difference"])]
    reach = float(finite.abs().max()) if finite.any() else 1.0
    norm = TwoSlopeNorm(0.0, -reach, reach)
    for axis, dataset in zip(axes, sets, strict=False):
        _matrix(findings, axis, metric, dataset, norm)
    scale = mpl.cm.ScalarMappable(norm, style.DIVERGING)
    bar = figure.colorbar(scale, ax=axes, shrink=0.6, aspect=30, pad=0.015)
    bar.outline.set_visible(False)
    bar.set_label(f"{findings.names.metric(metric)}: row minus column")
    return figure


def _matrix(findings: Findings, axis: Axes, metric: str, dataset: str, norm: TwoSlopeNorm) -> None:
    rows = findings.comparisons
    rows = rows[(rows["metric"] == metric) & (rows["dataset"] == dataset)]
    here = {*rows["a"], *rows["b"]}
    methods = [name for name in findings.names.methods if name in here]
    place = {name: k for k, name in enumerate(methods)}
    values = np.full((len(methods), len(methods)), np.nan)
    clear = np.zeros(values.shape, dtype=bool)
    for row in lines(rows):
        a, b = place[str(row.a)], place[str(row.b)]
        if not row.n:
            continue
        # What has no mean difference (infinite scores on both sides) is drawn as none.
        values[a, b], values[b, a] = np.nan_to_num([row.difference, -row.difference], posinf=np.inf, neginf=-np.inf)
        clear[a, b] = clear[b, a] = row.significant
    axis.imshow(values, cmap=style.DIVERGING, norm=norm)
    strong = np.abs(values) > 0.55 * float(norm.vmax or 1.0)
    measured = np.isfinite(values)
    for marker, chosen in (("P", clear & (values > 0)), ("_", clear & (values < 0))):
        for dark, colour in ((True, "white"), (False, style.INK)):
            y, x = np.nonzero(measured & chosen & (strong == dark))
            axis.scatter(
                x, y, marker=marker, s=26 if marker == "_" else 20, color=colour, linewidths=1.4 * (marker == "_")
            )
    y, x = np.nonzero(measured & ~clear)
    axis.scatter(x, y, marker="s", s=42, facecolors="white", edgecolors=style.SOFT, linewidths=0.8)
    titles = [findings.names.method(name) for name in methods]
    style.slanted(axis, titles)
    axis.set_yticks(range(len(methods)), titles)
    axis.tick_params(axis="y", length=0)
    axis.spines[["left", "bottom"]].set_visible(False)
    axis.set_title(findings.names.dataset(dataset))


def mean_ranks(findings: Findings, metric: str) -> Figure:
    """Draw the mean rank of every method per set, with a bar for every group of methods that are not told apart."""
    results = [
        findings.critical[name, metric] for name in findings.names.datasets if (name, metric) in findings.critical
    ]
    alike = [_alike(findings, metric, result) for result in results]
    heights = [
        0.7 + 0.17 * ((len(r.ranks) + 1) // 2) + 0.11 * len(same) for r, same in zip(results, alike, strict=True)
    ]
    figure, axes = style.grid(8.6, sum(heights) + 0.2, len(results), 1, height_ratios=heights)
    for axis, result, same in zip(axes, results, alike, strict=True):
        _diagram(findings, axis, result, same)
    return figure


def _alike(findings: Findings, metric: str, result: CriticalDifference) -> tuple[tuple[str, ...], ...]:
    """Return the groups of the one rule of the report, in the order of ranks."""
    rows = findings.comparisons
    rows = rows[(rows["metric"] == metric) & (rows["dataset"] == result.dataset)]
    return groups(rows, [str(name) for name in result.ranks.index])


def _diagram(findings: Findings, axis: Axes, result: CriticalDifference, alike: tuple[tuple[str, ...], ...]) -> None:
    k = len(result.ranks)
    axis.set_xlim(k + 1.6, -0.6)
    axis.set_axis_off()
    axis.plot([1, k], [0, 0], color=style.INK, linewidth=1.2, solid_capstyle="butt")
    for rank in range(1, k + 1):
        axis.plot([rank, rank], [0, 0.16], color=style.INK, linewidth=1.0)
        axis.text(rank, 0.22, str(rank), ha="center", va="bottom", fontsize=8)
    for level, group in enumerate(alike):
        y = -0.22 - 0.2 * level
        members = [result.ranks[name] for name in group]
        # A method between two others need not belong to their group, so the members have dots.
        axis.plot(members, [y] * len(members), color=style.ACCENT, linewidth=1.8, marker="o", markersize=4.5)
    base = -0.3 - 0.2 * len(alike)
    half = (k + 1) // 2
    for place, (method, rank) in enumerate(result.ranks.items()):
        better = place < half
        depth = base - 0.33 * (place if better else k - 1 - place) - 0.15
        edge = 0.55 if better else k + 0.45
        axis.plot([rank, rank, edge], [0, depth, depth], color=style.SOFT, linewidth=0.8)
        text = (
            f"{findings.names.method(str(method))}  {rank:.2f}"
            if better
            else f"{rank:.2f}  {findings.names.method(str(method))}"
        )
        axis.text(
            edge - 0.06 if better else edge + 0.06,
            depth,
            text,
            ha="left" if better else "right",
            va="center",
            fontsize=8.5,
        )
    axis.set_ylim(base - 0.33 * half - 0.05, 1.2)
    axis.set_title(f"{findings.names.dataset(result.dataset)} ({result.n} images)", y=0.84)

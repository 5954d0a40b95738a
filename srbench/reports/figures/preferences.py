"""The figure of preferences: the quality of every version on one scale, from comparisons of pairs."""

from __future__ import annotations

from matplotlib.figure import Figure

from srbench.reports.figures import style
from srbench.reports.findings import Findings
from srbench.reports.preferences import Preferences
from srbench.tables.names import lines


def qualities(findings: Findings, preferences: Preferences) -> Figure:
    """Draw the quality of every version in JOD, per set, with the intervals that hold for all versions at once."""
    tables = {name: model.quality().sort_values("quality") for name, model in preferences.models.items()}
    heights = [0.27 * len(table) + 0.75 for table in tables.values()]
    figure, axes = style.grid(6.8, sum(heights) + 0.3, len(tables), 1, sharex=True, height_ratios=heights)
    for axis, (dataset, table) in zip(axes, tables.items(), strict=True):
        for place, row in enumerate(lines(table)):
            reach = [[row.quality - row.low], [row.high - row.quality]]
            axis.errorbar(
                [row.quality], [place], xerr=reach, color=style.ACCENT, marker="o", markersize=4, linewidth=1.4,
                capsize=4.0,
            )  # fmt: skip
        axis.axvline(0, color=style.INK, linewidth=0.8)
        axis.set_yticks(range(len(table)), [findings.names.method(str(name)) for name in table["method"]])
        axis.set_ylim(-0.6, len(table) - 0.4)
        axis.tick_params(axis="y", length=0)
        axis.grid(True, axis="x")
        axis.set_title(findings.names.dataset(dataset))
    axes[-1].set_xlabel("Quality in JOD, 0 is the mean of all versions of the set")
    return figure

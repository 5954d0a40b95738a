"""Crops of all methods side by side, with PSNR and SSIM in brackets (the paper's figures 2 and 6)."""

from __future__ import annotations

import math
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from srbench.images import Image
from srbench.reports import pictures
from srbench.reports.figures import style
from srbench.reports.findings import Findings
from srbench.tables.table import ORIGINAL

COLUMNS = 6
SIDE, WHOLE, GAP, TITLE = 1.55, 3.4, 0.08, 0.42
"""Widths of a crop and of the whole image, the space between them, and the height of a title, in inches."""


def crops(findings: Findings, region: pictures.Region) -> Figure:
    """Draw the whole image with the crop marked, and the crop of every method."""
    versions = pictures.load(findings, region.dataset, region.image)
    names = pictures.order(list(versions))
    rows = -(-len(names) // COLUMNS)
    columns = -(-len(names) // rows)  # seven stand as four and three, not as six and one
    tall = SIDE * region.height / region.width
    width, height = WHOLE + GAP + columns * (SIDE + GAP), rows * (tall + TITLE)
    figure = Figure(figsize=(width, height))
    shown = ORIGINAL if ORIGINAL in versions else names[-1]
    whole = versions[shown]
    # The whole image stands beside the crops, as wide as planned or as high as they are, whichever is less.
    high = min(WHOLE * whole.shape[0] / whole.shape[1], height - TITLE)
    axis = _axes(figure, 0.0, height - TITLE - high, WHOLE, high)
    _show(axis, whole)
    style.frame(axis, region.x - 0.5, region.y - 0.5, region.width, region.height, style.RED)
    place = f"{findings.names.dataset(region.dataset)}, {region.image}"
    axis.set_title(f"{place}\n{findings.names.method(shown)}", fontsize=7.5)
    for number, name in enumerate(names):
        row, column = divmod(number, columns)
        left = WHOLE + GAP + column * (SIDE + GAP)
        axis = _axes(figure, left, height - (row + 1) * (tall + TITLE), SIDE, tall)
        _show(axis, region.cut(versions[name]))
        title = f"{findings.names.method(name)}\n{_scores(findings, region, name)}"
        axis.set_title(title, fontsize=7.5, fontweight="normal", loc="center")
    return figure


def _axes(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Add axes at a place in inches."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / up, width / across, height / up))


def _show(axis: Axes, picture: Image) -> None:
    options: dict[str, Any] = {"cmap": "gray", "vmin": 0, "vmax": 255} if picture.ndim == 2 else {}
    axis.imshow(picture, interpolation="nearest", **options)
    axis.set_axis_off()


def _scores(findings: Findings, region: pictures.Region, method: str) -> str:
    rows = findings.scores
    rows = rows[(rows["dataset"] == region.dataset) & (rows["image"] == region.image) & (rows["method"] == method)]
    values = rows.set_index("metric")["value"]
    texts = []
    for metric in ("psnr", "ssim"):
        if metric in values.index:
            value = float(values[metric])
            unit = " dB" if metric == "psnr" and math.isfinite(value) else ""
            texts.append(findings.names.number(metric, value) + unit)
    return f"({' / '.join(texts)})" if texts else ""

"""Crops of all methods side by side, with PSNR and SSIM in brackets (the paper's figures 2 and 6)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from srbench.images import Image
from srbench.reports import pictures
from srbench.reports.figures import style
from srbench.reports.findings import Findings
from srbench.reports.inputs import ORIGINAL

COLUMNS = 6


def crops(findings: Findings, region: pictures.Region) -> Figure:
    """Draw the whole image with the crop marked, and the crop of every method."""
    versions = pictures.load(findings, region.dataset, region.image)
    names = pictures.order(list(versions))
    rows = -(-len(names) // COLUMNS)
    columns = min(len(names), COLUMNS)
    side = 1.55
    figure = style.new(side * (columns + 2.2) + 0.3, rows * (side * region.height / region.width + 0.48) + 0.1)
    left, right = np.ravel(figure.subfigures(1, 2, width_ratios=(2.2, columns), squeeze=False))
    whole = left.subplots()
    reference = ORIGINAL if ORIGINAL in versions else names[-1]
    _show(whole, versions[reference])
    style.frame(whole, region.x - 0.5, region.y - 0.5, region.width, region.height, style.RED)
    whole.set_title(f"{findings.names.dataset(region.dataset)}, {region.image}", fontsize=8.5)
    axes = right.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes:
        axis.set_axis_off()
    for axis, name in zip(axes, names, strict=False):
        _show(axis, region.cut(versions[name]))
        title = f"{findings.names.method(name)}\n{_scores(findings, region, name)}"
        axis.set_title(title, fontsize=7.5, fontweight="normal", loc="center")
    return figure


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

"""The one comparison with published figures: where they may stand beside ours, and the difference."""

from __future__ import annotations

import math
from collections.abc import Mapping

from srbench import paper
from srbench.tables.names import Names
from srbench.tables.numbers import number
from srbench.tables.table import Mean, TableCell

SCALE, PROTOCOL = 4, "daala"
"""What the paper's figures were computed with."""

Stated = Mapping[str, Mapping[str, Mapping[str, float]]]
"""{data set: {protocol: {metric: score}}} that a model card states for its model."""


def published(mean: Mean, scale: int, stated: Stated | None = None) -> float | None:
    """Return what was printed for a mean, or None where nothing was, or something that does not compare.

    Stored results are called `results/PAPER/METHOD`: they compare with the SRGAN paper's METHOD.

    Args:
        mean: A mean of ours.
        scale: The upscaling factor of the run.
        stated: What the card of a model says; it goes before the SRGAN paper.
    """
    own = (stated or {}).get(mean.dataset, {}).get(mean.protocol, {}).get(mean.metric)
    if own is not None:
        return float(own) if mean.images == mean.of == paper.SIZES.get(mean.dataset, mean.of) else None
    if mean.metric not in {"psnr", "ssim", "mos"} or scale != SCALE or mean.of != paper.SIZES.get(mean.dataset):
        return None
    if mean.images != mean.of or (mean.metric != "mos" and mean.protocol != PROTOCOL):
        return None
    figures = paper.published(mean.dataset, mean.method.rpartition("/")[2].lower())
    value = float(getattr(figures, mean.metric)) if figures is not None else math.nan
    return None if math.isnan(value) else value


def published_cell(mean: Mean | None, names: Names) -> TableCell:
    """Return the cell of the paper's figure beside a mean; empty where there is none."""
    known = mean.published if mean is not None else None
    return TableCell("" if mean is None or known is None else names.number(mean.metric, known), soft=True)


def difference_cell(mean: Mean | None, names: Names) -> TableCell:
    """Return the cell of ours minus the paper's, both as printed; empty where that is not defined."""
    if mean is None or mean.value is None or mean.published is None or math.isinf(mean.value):
        return TableCell("", soft=True)
    digits = names.digits(mean.metric)
    gap = round(round(mean.value, digits) - mean.published, digits)
    return TableCell(number(gap, digits, sign=True), soft=True)

"""The paper's Tables 1 and 2 with our figures, the published ones and the difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from srbench import stats
from srbench.tables.means import mark_best, mean_cell, mean_notes
from srbench.tables.names import Names
from srbench.tables.published import difference_cell, published_cell
from srbench.tables.table import OPINIONS, ORIGINAL, Mean, Table, TableCell, group_rules

CATEGORIES = (("srresnet-mse", "srresnet-vgg22"), ("srgan-mse", "srgan-vgg22", "srgan-vgg54"))
"""The paper's Table 1 compares losses inside each of these."""


@dataclass(frozen=True, slots=True)
class Material:
    """What the paper's tables are made from.

    Attributes:
        names: Titles and orders.
        means: Of one protocol, and of opinions where there are any.
        comparisons: Of all pairs, columns as in `stats.Comparison`; may be empty.
        protocol: Name of the protocol of PSNR and SSIM.
        scale: Upscaling factor.
        synthetic: Whether a program drew the opinions.
    """

    names: Names
    means: Sequence[Mean]
    comparisons: pd.DataFrame
    protocol: str
    scale: int
    synthetic: bool = False


def paper_tables(material: Material) -> list[Table]:
    """Return Table 2 (every method), and Table 1 (losses) where the run has two methods of a category."""
    methods = material.names.methods
    scale, protocol = material.scale, material.protocol
    caption = f"All methods, as in Table 2 of the paper; x{scale}, PSNR and SSIM by protocol {protocol}"
    everybody = [[name for name in methods if name != ORIGINAL]]
    tables = [_table(material, "table2", caption, methods, everybody, "all other methods of its row")]
    losses = [m for group in CATEGORIES for m in group if m in methods]
    categories = [[m for m in group if m in losses] for group in CATEGORIES]
    if any(len(group) > 1 for group in categories):
        caption = f"Losses of SRResNet and SRGAN, as in Table 1 of the paper; x{scale}, protocol {protocol}"
        rivals = "all others of its category (SRResNet; SRGAN) in its row"
        tables.insert(0, _table(material, "table1", caption, losses, categories, rivals))
    return tables


def _table(
    material: Material,
    name: str,
    caption: str,
    methods: Sequence[str],
    categories: Sequence[Sequence[str]],
    rivals: str,
) -> Table:
    names = material.names
    shown = mark_best([mean for mean in material.means if mean.method in methods], names)
    rows: list[list[TableCell]] = []
    for dataset in names.datasets:
        for metric in [*names.metrics, *OPINIONS]:
            found = {mean.method: mean for mean in shown if (mean.metric, mean.dataset) == (metric, dataset)}
            if found:
                stars = {_highest(material, metric, dataset, category) for category in categories}
                ours = [mean_cell(found.get(m), names, star=m in stars) for m in methods]
                rows.append([TableCell(names.dataset(dataset)), TableCell(_label(material, metric)), *ours])
                rows += _beside(names, [found.get(m) for m in methods])
    starred = any(cell.star for row in rows for cell in row)
    notes = _notes(material, shown, methods, rivals if starred else "")
    head = ["Set", "", *map(names.method, methods)]
    return Table(name, caption, head, rows, group_rules(rows), notes, 2)


def _label(material: Material, metric: str) -> str:
    if metric in OPINIONS:
        return f"{material.names.metric(metric)}{' (synthetic)' if material.synthetic else ''}"
    better = "" if material.names.higher_is_better(metric) else ", less is better"
    return f"{material.names.label(metric)}{better}"


def _highest(material: Material, metric: str, dataset: str, category: Sequence[str]) -> str | None:
    table = material.comparisons
    if not len(table):
        return None
    part = table[(table["metric"] == metric) & (table["dataset"] == dataset)]
    if not material.names.higher_is_better(metric):
        part = part.assign(difference=-part["difference"])
    return stats.significantly_highest(part, category).get(dataset)


def _beside(names: Names, found: Sequence[Mean | None]) -> list[list[TableCell]]:
    """Return the rows with the paper's figures and the differences, where it printed any that compare."""
    if not any(mean is not None and mean.published is not None for mean in found):
        return []
    return [
        [TableCell(""), TableCell("paper", soft=True), *(published_cell(mean, names) for mean in found)],
        [TableCell(""), TableCell("difference", soft=True), *(difference_cell(mean, names) for mean in found)],
    ]


def _notes(material: Material, shown: Sequence[Mean], methods: Sequence[str], rivals: str) -> list[str]:
    names = material.names
    notes = ["Bold: best of the row, the original left aside."]
    if rivals:
        notes.append(f"*: significantly better than {rivals}: the interval that holds for all pairs excludes 0.")
    if any(mean.value is not None and not mean.whole for mean in shown):
        notes.append("A mean over some of a set's images says over how many, and is never the best.")
    notes += mean_notes(shown, names)
    notes += [f"{names.method(m)}: {names.notes[m]}." for m in methods if m in names.notes]
    if material.synthetic:
        notes.append("MOS: synthetic ratings drawn from numbers; no person saw a picture.")
    return notes

"""The table of ratings and comparisons on one scale."""

from __future__ import annotations

import math
from collections.abc import Mapping

from srbench.stats import Joint
from srbench.tables.names import Names, lines
from srbench.tables.numbers import count, number, p_text, span
from srbench.tables.table import Table, TableCell, cells, group_rules


def joint_table(models: Mapping[str, Joint], names: Names) -> Table:
    """Return the quality of each version on the common scale; `models` holds the model of each data set."""
    rows: list[list[TableCell]] = []
    notes = []
    for dataset, model in models.items():
        quality = {str(row.method): row for row in lines(model.quality())}
        for method in (name for name in names.methods if name in quality):
            row = quality[method]
            rows.append(
                cells(
                    names.dataset(dataset),
                    names.method(method),
                    number(row.quality, sign=True),
                    number(row.error),
                    span(row.low, row.high, sign=True),
                )
            )
        notes.append(f"{names.dataset(dataset)}: {_about(model)}")
    explained = (
        "One latent quality behind ratings and comparisons (cumulative logit and Bradley-Terry, fitted together by "
        "Laplace's approximation). 1 JOD: 75 % of forced choices prefer the better one. 0 is the mean of the versions "
        "of the set. Intervals hold for all versions of a set at once."
    )
    head = ["Set", "Version", "Quality (JOD)", "Error", "95 % interval"]
    return Table("joint", "Ratings and comparisons on one scale", head, rows, group_rules(rows), [explained, *notes], 2)


def _about(model: Joint) -> str:
    said = (
        f"{count(model.ratings, 'rating')} and {count(model.comparisons, 'comparison')}; comparisons are decided "
        f"{number(model.scale)} times as clearly as ratings"
    )
    if math.isnan(model.p_scale):
        return f"{said}."
    verdict = "they do not order the versions on one scale, and this table" if model.p_scale < 0.05 else ""
    test = f"test of one scale: p {p_text(model.p_scale)}"
    return f"{said}; {test}{f': {verdict} is a compromise' if verdict else ''}."

"""The tables of a study by pair comparison: qualities on one scale, and what was chosen in every pair."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from srbench.stats import Pairs
from srbench.tables.names import Names, lines
from srbench.tables.numbers import DASH, count, number, p_text, span
from srbench.tables.table import Table, TableCell, cells, group_rules


def preference_table(models: Mapping[str, Pairs], names: Names) -> Table:
    """Return the quality of each version; `models` holds the model of each data set, from `stats.pair_model`."""
    rows: list[list[TableCell]] = []
    notes = []
    for dataset, model in models.items():
        quality = {str(row.method): row for row in lines(model.quality())}
        shares = model.shares
        for method in (name for name in names.methods if name in quality):
            row, as_a, as_b = quality[method], shares["a"] == method, shares["b"] == method
            shown = int(shares.loc[as_a | as_b, "n"].sum())
            won = int(shares.loc[as_a, "wins_a"].sum() + shares.loc[as_b, "wins_b"].sum())
            rows.append(
                cells(
                    names.dataset(dataset),
                    names.method(method),
                    number(row.quality, sign=True),
                    span(row.low, row.high, sign=True),
                    f"{won} of {shown}",
                )
            )
        notes.append(f"{names.dataset(dataset)}: {_about(model)}")
    explained = (
        "1 JOD: 75 % of forced choices prefer the better one. 0 is the mean of the versions of the set. Intervals hold "
        "for all versions of a set at once."
    )
    head = ["Set", "Version", "Quality (JOD)", "95 % interval", "Chosen"]
    return Table("preferences", "Quality by pair comparison", head, rows, group_rules(rows), [explained, *notes], 2)


def _about(model: Pairs) -> str:
    """Return what model was fitted, and how well it fits."""
    kind = "Thurstone, case V" if model.link == "probit" else "Bradley-Terry"
    said = f"{kind}; {count(model.observations, 'comparison')} by {count(model.raters, 'rater')}"
    labels = {"method:rater": "taste of raters", "method:image": "what suits an image", "rater": "side of raters"}
    said += "".join(f"; sd of {labels[name]} {number(sd)}" for name, sd in model.sds.items())
    p = dict(zip(model.tests()["test"], model.tests()["p"], strict=True))
    if not math.isnan(p["order"]):
        said += f"; lean to the left {number(model.order, sign=True)} JOD (p {p_text(p['order'])})"
    if not math.isnan(p["fit"]):
        said += f"; test of a single scale: p {p_text(p['fit'])}"
    return f"{said}."


def preference_pairs_table(models: Mapping[str, Pairs], names: Names) -> Table:
    """Return what was chosen in every pair that was compared, beside what the model expects."""
    rows: list[list[TableCell]] = []
    for dataset, model in models.items():
        every = lines(model.shares.merge(model.contrasts(), on=["a", "b"]))
        rows += [_pair(names.dataset(dataset), row, names) for row in every]
    note = (
        "Chosen: the first, no preference, the second. Share: of the first, half of those without a preference "
        "counted; expected by the model. Difference: first minus second, in JOD; its intervals hold for all pairs of a "
        "set at once, and a pair differs where they exclude 0."
    )
    head = ["Set", "Pair", "Chosen", "Share", "Expected", "Difference", "95 % interval", "differs"]
    return Table("preference-pairs", "All pairs, by preference", head, rows, group_rules(rows), [note], 2)


def _pair(title: str, row: Any, names: Names) -> list[TableCell]:
    return [
        TableCell(title),
        TableCell(f"{names.method(str(row.a))} {DASH} {names.method(str(row.b))}"),
        *cells(
            f"{row.wins_a} : {row.ties} : {row.wins_b}",
            f"{100 * row.observed:.0f} %",
            f"{100 * row.predicted:.0f} %",
            number(row.estimate, sign=True),
            span(row.low, row.high, sign=True),
        ),
        TableCell("yes" if row.differs else "no", bold=bool(row.differs)),
    ]

"""The tables of significance: all pairs of methods, and all methods at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from srbench.stats import CriticalDifference
from srbench.tables.names import Names, lines
from srbench.tables.numbers import DASH, count, number, p_text, span
from srbench.tables.table import OPINIONS, Table, TableCell, cells, group_rules


def pair_tables(comparisons: pd.DataFrame, names: Names, alpha: float = 0.05) -> Iterator[Table]:
    """Yield one table of all pairs per metric.

    Args:
        comparisons: From `stats.compare` and `stats.compare_scores`.
        names: Titles and orders.
        alpha: What these were given: one minus the level of the intervals.
    """
    interval = f"{100 * (1 - alpha):g} % interval, all pairs"
    if not len(comparisons):
        return
    for metric, table in comparisons.groupby("metric", sort=False):
        digits = names.digits(str(metric))
        rows = [_pair(row, digits, names) for row in lines(table)]
        head = ["Set", "Pair", "Difference", interval, "significant", "p", "p (Holm)", "r",
                "P(first > second)", "n"]  # fmt: skip
        caption = f"All pairs, {names.metric(str(metric))}"
        yield Table(
            f"comparisons-{metric}", caption, head, rows, group_rules(rows), _pair_notes(table, interval, names), 2
        )


def _pair(row: Any, digits: int, names: Names) -> list[TableCell]:
    return [
        TableCell(names.dataset(str(row.dataset))),
        TableCell(f"{names.method(str(row.a))} {DASH} {names.method(str(row.b))}"),
        *cells(
            number(row.difference, digits, sign=True),
            span(row.family_low, row.family_high, digits, sign=True),
        ),
        _verdict(row),
        *cells(
            p_text(row.p),
            p_text(row.p_adjusted),
            number(row.rank_biserial, 2, sign=True),
            number(row.superiority),
            f"{row.n - row.zeros} of {row.n}" if row.zeros else str(row.n),
        ),
    ]


def _verdict(row: Any) -> TableCell:
    if not row.n:
        return TableCell("not compared")
    return TableCell("yes" if row.significant else "no", bold=bool(row.significant))


def _pair_notes(table: pd.DataFrame, interval: str, names: Names) -> list[str]:
    unit = str(table["unit"].iloc[0])
    paired = "means over raters, paired by image" if unit == "image" else "single ratings, paired by rater and image"
    kinds = " and ".join(sorted(set(table["test"]) - {"none"})) or "none could be made"
    factors = "raters and images" if table["metric"].iloc[0] in OPINIONS else "images"
    explained = (
        f"Difference: first minus second. {interval}: over {factors}, so wide that it holds for all "
        "pairs of the set at once; significant where it excludes 0. The interval of each pair alone stands in "
        f"comparisons.csv. p: two-sided Wilcoxon signed-rank test ({paired}; {kinds}), as papers use it; p (Holm): "
        "adjusted over all pairs of the set. Neither decides here. r: matched-pairs rank-biserial correlation. "
        "P(first > second): share of pairs in which the first is higher, ties half. n: pairs; where some have no "
        "difference, which Wilcoxon's test drops, how many of them have one."
    )
    said = table[table["note"] != ""].groupby("note").size()
    return [explained, *_gaps(table, names), *(f"{count(int(pairs), 'pair')}: {note}" for note, pairs in said.items())]


def _gaps(table: pd.DataFrame, names: Names) -> Iterator[str]:
    """Yield one sentence for every data set in which pairs lack cells, however many pairs that are."""
    for dataset, part in table[(table["n"] > 0) & (table["missing"] > 0)].groupby("dataset", sort=False):
        least, most, cells_of_all = part["missing"].min(), part["missing"].max(), part["cells"].iloc[0]
        some = str(most) if least == most else f"{least} to {most}"
        yield (
            f"{names.dataset(str(dataset))}: {count(len(part), 'pair')} lack one of the two values in {some} of "
            f"{cells_of_all:,} cells (raters x images), which are left out."
        )


def friedman_table(critical: Mapping[tuple[str, str], CriticalDifference], names: Names) -> Table:
    """Return the table of Friedman's test.

    Args:
        critical: Results by data set and metric.
        names: Titles and orders.
    """
    rows = [
        cells(
            names.metric(metric),
            names.dataset(dataset),
            number(found.statistic, 1),
            p_text(found.p),
            number(found.kendall_w),
            number(found.critical_difference),
            str(found.n),
        )
        for (dataset, metric), found in critical.items()
    ]
    head = ["Metric", "Set", "Chi-square", "p", "Kendall's W", "Critical difference", "Images"]
    note = (
        "Friedman's test over all methods, on image means; critical difference of mean ranks by Nemenyi. Both take the "
        "raters as given and stand here for comparison with other papers; they decide nothing."
    )
    return Table("friedman", "All methods at once", head, rows, notes=[note], labels=2)

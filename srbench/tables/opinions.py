"""The tables of opinion scores: means, and metrics against people."""

from __future__ import annotations

import pandas as pd

from srbench.tables.names import Names, lines
from srbench.tables.numbers import DASH, number, span
from srbench.tables.table import ORIGINAL, Table, TableCell, cells, group_rules


def mos_table(
    mos: pd.DataFrame, ranks: pd.DataFrame, recovered: pd.DataFrame, sos: pd.DataFrame, names: Names
) -> Table:
    """Return the mean opinion scores.

    Args:
        mos: From `stats.mean_opinion_scores`.
        ranks: From `stats.mean_ranks`.
        recovered: From `stats.recovered_scores`.
        sos: From `stats.sos`.
        names: Titles and orders.
    """
    keys = ["dataset", "method"]
    table = mos.merge(ranks[[*keys, "rank"]], on=keys).merge(recovered, on=keys, suffixes=("", "_recovered"))
    rows: list[list[TableCell]] = []
    for dataset in dict.fromkeys([*names.datasets, *table["dataset"]]):
        part = table[table["dataset"] == dataset].set_index("method")
        for method in (name for name in names.methods if name in part.index):
            row = part.loc[method]
            rows.append(
                [
                    TableCell(names.dataset(dataset)),
                    TableCell(names.method(method)),
                    *cells(
                        number(row["mos"]),
                        span(row["low"], row["high"]),
                        f"{number(row['recovered'])} {span(row['low_recovered'], row['high_recovered'])}",
                        number(row["sd"]),
                        number(row["rank"]),
                        str(int(row["n"])),
                    ),
                ]
            )
    title = names.metric("mos")
    head = ["Set", "Version", title, "95 % interval", "P.910", "sd", "Mean rank", "Ratings"]
    note = (
        "Interval: t-based, over raters and images; of each version alone, so that overlap decides nothing. sd: of "
        "single ratings. P.910: the score that its model of raters recovers, without their bias and weighted by their "
        "consistency. Mean rank: per image and rater, 1 = best. The score of every stimulus stands in stimuli.csv."
    )
    scattered = ", ".join(
        f"{names.dataset(str(row.dataset))} {number(row.a)} {span(row.low, row.high)}" for row in lines(sos)
    )
    spread = f"SOS parameter a, from 0 (raters agree) to 1 (they use both ends only): {scattered}."
    caption = "Mean opinion scores" + ("" if title == "MOS" else f" beside the original ({title})")
    return Table("mos", caption, head, rows, group_rules(rows), [note, spread], 2)


def dmos_table(dmos: pd.DataFrame, best: float, names: Names, crushed: bool = False) -> Table:
    """Return the means of differential scores of a study with hidden originals.

    Args:
        dmos: From `stats.mean_opinion_scores` of `stats.differential`.
        best: The best score of the scale, which the original has by definition.
        names: Titles and orders.
        crushed: Whether scores above it were crushed.
    """
    rows: list[list[TableCell]] = []
    for dataset in dict.fromkeys([*names.datasets, *dmos["dataset"]]):
        part = dmos[dmos["dataset"] == dataset].set_index("method")
        if not len(part):
            continue
        title = names.dataset(dataset)
        for method in (name for name in names.methods if name in part.index):
            row = part.loc[method]
            figures = (number(row["mos"]), span(row["low"], row["high"]), number(row["sd"]), str(int(row["n"])))
            rows.append(cells(title, names.method(method), *figures))
        rows.append(cells(title, names.method(ORIGINAL), f"{number(best)} by definition", DASH, DASH, DASH))
    pairs = (
        f"Scores above {best:g} were crushed by 7 DV / (2 + DV)."
        if crushed
        else "Differences between versions are those of their mean opinion scores, where raters saw the original too."
    )
    note = (
        f"Each rating minus the same rater's of the hidden original, plus {best:g} (ITU-T P.910). Interval: t-based, "
        "over raters and images; of each version alone. The original's own scores stand in the table of mean opinion "
        f"scores. {pairs}"
    )
    head = ["Set", "Version", "DMOS", "95 % interval", "sd", "Ratings"]
    return Table("dmos", "Differential mean opinion scores (DMOS)", head, rows, group_rules(rows), [note], 2)


def agreement_table(agreement: pd.DataFrame, names: Names) -> Table:
    """Return how well metrics predict opinion scores, from `stats.agreement`."""
    rows: list[list[TableCell]] = []
    notes = []
    for row in lines(agreement):
        rows.append(
            cells(
                names.metric(str(row.metric)),
                names.dataset(str(row.dataset)),
                f"{number(row.plcc)} {span(row.plcc_low, row.plcc_high)}",
                f"{number(row.srcc)} {span(row.srcc_low, row.srcc_high)}",
                f"{number(row.krcc)} {span(row.krcc_low, row.krcc_high)}",
                number(row.rmse),
                number(row.rmse_star),
                str(row.n),
            )
        )
        if row.note:
            notes.append(f"{names.metric(str(row.metric))}, {names.dataset(str(row.dataset))}: {row.note}")
    notes.insert(
        0,
        "Over stimuli, the original left out. PLCC, RMSE and RMSE* after a monotone logistic of four parameters; RMSE* "
        "counts errors beyond a stimulus's 95 % interval only (ITU-T P.1401). Intervals: jackknife over images and "
        "raters.",
    )
    head = ["Metric", "Set", "PLCC", "SRCC", "KRCC", "RMSE", "RMSE*", "Stimuli"]
    return Table("agreement", "Metrics against people", head, rows, group_rules(rows), notes, 2)


def concordance_table(concordance: pd.DataFrame, names: Names) -> Table:
    """Return whether metrics order methods as people do, from `stats.concordance`."""
    rows = [
        cells(
            names.metric(str(row.metric)),
            names.dataset(str(row.dataset)),
            str(row.pairs),
            f"{row.same} ({100 * row.share:.0f} %)",
            str(row.opposite),
        )
        for row in lines(concordance.sort_values("metric", kind="stable"))
    ]
    note = "Pairs of methods, the original left out. Reversed: the metric finds the opposite order, significantly."
    head = ["Metric", "Set", "Pairs people tell apart", "Same order", "Reversed"]
    return Table("concordance", "Do metrics order methods as people do?", head, rows, notes=[note], labels=2)

"""The tables of metrics against people, image by image and pair by pair."""

from __future__ import annotations

import pandas as pd

from srbench.tables.names import Names, lines
from srbench.tables.numbers import DASH, number, span
from srbench.tables.table import Table, TableCell, cells, group_rules

KINDS = {"within": "within images", "across": "across images"}


def image_agreement_table(found: pd.DataFrame, names: Names) -> Table:
    """Return correlations within images and across them, from `stats.image_agreement`."""
    rows: list[list[TableCell]] = []
    notes = []
    for row in lines(found):
        title = f"{names.metric(str(row.metric))}, {names.dataset(str(row.dataset))}"
        groups = row.groups - row.undefined
        rows.append(
            cells(
                names.metric(str(row.metric)),
                names.dataset(str(row.dataset)),
                KINDS[row.kind],
                f"{number(row.plcc)} {span(row.plcc_low, row.plcc_high)}",
                f"{number(row.srcc)} {span(row.srcc_low, row.srcc_high)}",
                f"{number(row.krcc)} {span(row.krcc_low, row.krcc_high)}",
                f"{groups} of {row.groups}" if row.undefined else str(groups),
            )
        )
        notes += [f"{title}: {row.note}"] if row.note and row.kind == "within" else []
    explained = (
        "Within images: does the metric order the versions of one image as people do? The correlation of every "
        "image, as the mean over images. Across images: does it know which images a method did well? The correlation "
        "of every method, as the mean over methods. Groups: images, or methods, that have a correlation: three "
        "stimuli or more whose values differ. PLCC after the logistic of all stimuli. Intervals: jackknife over "
        "images and raters."
    )
    head = ["Metric", "Set", "Of stimuli", "PLCC", "SRCC", "KRCC", "Groups"]
    return Table(
        "image-agreement", "Metrics against people, within images and across them", head, rows, group_rules(rows),
        [explained, *dict.fromkeys(notes)], 3,
    )  # fmt: skip


def accuracy_table(found: pd.DataFrame, names: Names) -> Table:
    """Return whether metrics decide between two versions of an image as people do, from `stats.pair_accuracy`."""
    rows: list[list[TableCell]] = []
    notes = []
    for row in lines(found):
        rows.append(
            cells(
                names.metric(str(row.metric)),
                names.dataset(str(row.dataset)),
                f"{row.pairs:,}",
                _share(row.ties / row.pairs if row.pairs else float("nan")),
                f"{_share(row.clear)} {_ends(row.clear_low, row.clear_high)}",
                f"{_share(row.accuracy)} {_ends(row.accuracy_low, row.accuracy_high)}",
                names.number(str(row.metric), max(0.0, row.threshold)),
            )
        )
        said = [f"{row.unknown} pairs were seen by fewer than two raters and are left out."] if row.unknown else []
        said += [row.note] if row.note else []
        notes += (
            [f"{names.metric(str(row.metric))}, {names.dataset(str(row.dataset))}: {' '.join(said)}"] if said else []
        )
    explained = (
        "Pairs of versions of one image. Ties: people do not tell them apart (paired t test over raters, each pair "
        "by itself); who always says tie is right in as many. Clear pairs: of those that people tell apart, the "
        "share that the metric orders the same way. All pairs: the share with the same answer of three, when the "
        "metric says tie up to a threshold that the other images chose; the last column is the threshold that all "
        "choose. Intervals: jackknife over images and raters, on the logit scale; none where every answer is right."
    )
    head = ["Metric", "Set", "Pairs", "Ties", "Clear pairs right", "All pairs right", "Threshold"]
    return Table(
        "pair-accuracy", "Do metrics decide between two versions of an image as people do?", head, rows,
        group_rules(rows), [explained, *notes], 2,
    )  # fmt: skip


def contrasts_table(found: pd.DataFrame, names: Names) -> Table:
    """Return which metric orders the versions of an image better, from `stats.metric_contrasts`."""
    rows = [
        [
            *cells(
                names.dataset(str(row.dataset)),
                f"{names.metric(str(row.a))} {DASH} {names.metric(str(row.b))}",
                number(row.difference, sign=True),
                span(row.low, row.high, sign=True),
            ),
            TableCell("yes" if row.differs else "no", bold=bool(row.differs)),
        ]
        for row in lines(found)
    ]
    note = (
        "Difference of the rank correlations within images, first minus second, metrics of which less is better turned "
        "round. Intervals hold for all pairs of metrics of a set at once; metrics differ where they exclude 0."
    )
    head = ["Set", "Metrics", "Difference", "95 % interval", "differs"]
    return Table("metric-contrasts", "Which metric is closer to people?", head, rows, notes=[note], labels=2)


def _share(share: float) -> str:
    return DASH if pd.isna(share) else f"{100 * share:.0f} %"


def _ends(low: float, high: float) -> str:
    return DASH if pd.isna(low) or pd.isna(high) else f"[{100 * low:.0f}, {100 * high:.0f}]"

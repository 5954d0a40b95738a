"""The tables of a run: methods by data sets, one per protocol and metric, the paper's figures beside ours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from srbench.errors import ReportError, unknown
from srbench.tables.costs import check, costs, with_costs
from srbench.tables.means import current, mark_best, mean_cell, mean_notes, means
from srbench.tables.names import Names, name_everything
from srbench.tables.published import difference_cell, published_cell
from srbench.tables.table import Mean, Table, TableCell

if TYPE_CHECKING:
    import pandas as pd


COLUMNS = (
    "dataset", "image", "method", "scale", "protocol", "protocol_version", "metric", "value", "seconds", "peak_mb",
    "status",
)  # fmt: skip
"""The columns of a run's scores that tables are made of; how an image was computed and why it failed are not theirs."""


def score_tables(scores: pd.DataFrame, info: Mapping[str, Any], columns: str | Sequence[str] = ()) -> list[Table]:
    """Return one table per protocol and metric, PSNR and SSIM first.

    Args:
        scores: Rows as in `bench.rows.ImageScore`; the columns of `COLUMNS` suffice.
        info: The content of run.json: titles, notes, and which images a data set has.
        columns: Further columns: `cost` for parameters, multiply-accumulates, seconds and peak memory.

    Raises:
        ReportError: There are no such columns.
    """
    further = costs(scores, info) if check(columns) else None
    names = name_everything(scores, info)
    kept, notes = current(scores, info, names)
    found = sorted(means(kept, info), key=lambda mean: _order(mean, names))
    scale = int(scores["scale"].iloc[0]) if len(scores) else 0
    made = []
    for _, part in groupby(found, lambda mean: _order(mean, names)):
        own = list(part)
        table = _table(own, names, scale, notes)
        made.append(table if further is None else with_costs(table, _methods(own, names), further, info))
    return made


def score_table(
    scores: pd.DataFrame,
    info: Mapping[str, Any],
    metric: str,
    protocol: str | None = None,
    columns: str | Sequence[str] = (),
) -> Table:
    """Return the table of one metric; of its first protocol where none is named.

    Raises:
        ReportError: The run has no scores of that metric, or none under that protocol; or there are no such columns.
    """
    return score_tables(scores_of(scores, metric, protocol), info, columns)[-1]


def scores_of(scores: pd.DataFrame, metric: str, protocol: str | None = None) -> pd.DataFrame:
    """Return the rows of one metric under one protocol; the first that there is where none is named.

    Raises:
        ReportError: There are no scores of that metric, or none under that protocol.
    """
    known = list(dict.fromkeys(map(str, scores["metric"])))
    if metric not in known:
        raise ReportError(unknown("metric", metric, known) if known else "The run has no scores. Run the bench first.")
    part = scores[scores["metric"] == metric]
    protocols = sorted(set(map(str, part["protocol"])))
    if protocol is not None and protocol not in protocols:
        raise ReportError(f"The run has {metric} under {', '.join(protocols)}, not under '{protocol}'.")
    return part[part["protocol"] == (protocol or protocols[0])]


def _order(mean: Mean, names: Names) -> tuple[int, str, str]:
    return names.metrics.index(mean.metric), mean.protocol, mean.protocol_version


def _table(found: Sequence[Mean], names: Names, scale: int, notes: Sequence[str]) -> Table:
    first = found[0]
    places = {(mean.method, mean.dataset): mean for mean in mark_best(found, names)}
    methods = _methods(found, names)
    sets = [name for name in names.datasets if any(name == dataset for _, dataset in places)]
    beside = any(mean.published is not None for mean in found)
    sizes = ", ".join(f"{names.dataset(d)}: {next(m.of for m in found if m.dataset == d)}" for d in sets)
    better = "" if names.higher_is_better(first.metric) else ", less is better"
    return Table(
        name=re.sub(r"[^A-Za-z0-9.-]+", "-", f"scores-{first.metric}-{first.protocol}"),
        caption=f"{names.metric(first.metric)} at x{scale}, protocol {first.protocol} (version "
        f"{first.protocol_version}); mean over images ({sizes}){better}",
        head=["Method", *(title for d in sets for title in _heads(names.dataset(d), beside))],
        rows=[
            [TableCell(names.method(m)), *(c for d in sets for c in _cells(places.get((m, d)), names, beside))]
            for m in methods
        ],
        notes=[
            *mean_notes(places.values(), names),
            *(f"{names.method(name)}: {names.notes[name]}." for name in methods if name in names.notes),
            *notes,
        ],
    )


def _methods(found: Sequence[Mean], names: Names) -> list[str]:
    return [name for name in names.methods if any(name == mean.method for mean in found)]


def _heads(title: str, beside: bool) -> list[str]:
    return [title, "paper", "diff"] if beside else [title]


def _cells(mean: Mean | None, names: Names, beside: bool) -> Iterator[TableCell]:
    yield mean_cell(mean, names)
    if beside:
        yield published_cell(mean, names)
        yield difference_cell(mean, names)

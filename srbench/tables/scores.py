"""The table of a run: methods by data sets, means, the best in bold, the paper's value and the difference."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from srbench import metrics, paper
from srbench.errors import RunError

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

FORMATS = ("rich", "md", "csv", "latex", "json")
REFERENCE = "hr"  # the original takes part, but cannot win


@dataclass(frozen=True, slots=True)
class Cell:
    """One mean.

    Attributes:
        mean: Mean over the images; None when there is none or a single image failed.
        images: Number of images.
        failed: How many of them failed.
        best: It is the best of its column as printed.
        published: The SRGAN paper's value, where it has one under the same protocol and scale on the whole set.
    """

    mean: float | None
    images: int
    failed: int
    best: bool = False
    published: float | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """One metric's table: `cells[method][dataset]`, in the order of `methods` and `datasets`."""

    metric: str
    title: str
    digits: int
    caption: str
    methods: tuple[str, ...]
    titles: dict[str, str]
    datasets: tuple[str, ...]
    cells: dict[str, dict[str, Cell]]

    @property
    def has_published(self) -> bool:
        """Whether any cell has a published value beside it."""
        return any(cell.published is not None for row in self.cells.values() for cell in row.values())


def boards(scores: pd.DataFrame, info: dict[str, Any]) -> list[Board]:
    """Return one table per protocol and metric, in the order of their names in the registry of metrics.

    Args:
        scores: Rows as in `results.ImageScore`.
        info: The content of run.json, for titles and notes.
    """
    made = []
    for (protocol, version, metric), rows in scores.groupby(["protocol", "protocol_version", "metric"], sort=False):
        made.append(_board(str(protocol), str(version), str(metric), rows, info))
    rank = {metric.name: place for place, metric in enumerate(metrics.metrics())}
    return sorted(made, key=lambda board: (board.caption, rank.get(board.metric, len(rank))))


def _board(protocol: str, version: str, metric: str, rows: pd.DataFrame, info: dict[str, Any]) -> Board:
    about = info.get("methods", {})
    methods = sorted(rows["method"].unique(), key=lambda name: (about.get(name, {}).get("order", 1000), name))
    datasets = list(dict.fromkeys([*info.get("datasets", {}), *rows["dataset"].unique()]))
    datasets = [name for name in datasets if name in set(rows["dataset"])]
    row = metrics.find(metric)
    digits = 2 if row.unit == "dB" else 4
    scale = int(rows["scale"].iloc[0])
    cells: dict[str, dict[str, Cell]] = {method: {} for method in methods}
    for (method, dataset), part in rows.groupby(["method", "dataset"]):
        failed = int((part["status"] != "ok").sum())
        mean = None if failed else float(part["value"].mean())
        comparable = (protocol, scale) == ("daala", 4) and len(part) == paper.SIZES.get(str(dataset))
        published = _published(str(dataset), str(method), metric) if comparable else None
        cells[str(method)][str(dataset)] = Cell(mean, len(part), failed, published=published)
    _mark_best(cells, datasets, digits, higher=row.higher_is_better)
    sizes = ", ".join(f"{name}: {max(c[name].images for c in cells.values() if name in c)}" for name in datasets)
    caption = f"{row.title} at x{scale}, protocol {protocol} (version {version}); mean over images ({sizes})"
    titles = {name: _title(name, about.get(name, {})) for name in methods}
    return Board(metric, row.title, digits, caption, tuple(methods), titles, tuple(datasets), cells)


def _published(dataset: str, method: str, metric: str) -> float | None:
    # Stored results are called results/PAPER/METHOD: they compare with the paper's METHOD.
    figures = paper.published(dataset, method.rpartition("/")[2].lower())
    value = getattr(figures, metric, None) if metric in {"psnr", "ssim"} else None
    return value if value is not None and math.isfinite(value) else None


def _title(name: str, about: dict[str, Any]) -> str:
    note = about.get("note", "")
    return f"{about.get('title', name)} [{note}]" if note else str(about.get("title", name))


def _mark_best(cells: dict[str, dict[str, Cell]], datasets: Sequence[str], digits: int, *, higher: bool) -> None:
    for dataset in datasets:
        means = {
            method: round(row[dataset].mean or 0.0, digits)
            for method, row in cells.items()
            if method != REFERENCE and dataset in row and row[dataset].mean is not None
        }
        if len(means) > 1:
            best = max(means.values()) if higher else min(means.values())
            for method, mean in means.items():
                if mean == best:
                    cells[method][dataset] = replace(cells[method][dataset], best=True)


def _texts(board: Board, method: str) -> Iterator[tuple[str, Cell | None]]:
    """Yield the printed texts of one row with their cells: mean, then paper and difference where there are any."""
    for dataset in board.datasets:
        cell = board.cells[method].get(dataset)
        if cell is None:
            yield "", None
        elif cell.mean is None:
            yield f"failed ({cell.failed} of {cell.images})", cell
        else:
            yield f"{cell.mean:.{board.digits}f}", cell
        if board.has_published:
            known = cell is not None and cell.published is not None
            yield (f"{cell.published:.{board.digits}f}" if cell and known else ""), None
            yield (_difference(cell, board.digits) if cell and known else ""), None


def _difference(cell: Cell, digits: int) -> str:
    if cell.mean is None or cell.published is None:
        return ""
    difference = round(round(cell.mean, digits) - cell.published, digits)
    return f"{difference:+.{digits}f}" if difference else f"{0:.{digits}f}"


def _heads(board: Board) -> list[str]:
    heads = ["Method"]
    for dataset in board.datasets:
        heads += [dataset, "paper", "diff"] if board.has_published else [dataset]
    return heads


def rich_table(board: Board) -> Table:
    """Return `board` for a terminal, without its caption: that may be wider than the table."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(header_style="bold")
    for head in _heads(board):
        table.add_column(head, justify="left" if head == "Method" else "right", overflow="fold")
    for method in board.methods:
        texts = [
            f"[bold]{text}[/]" if cell and cell.best else f"[red]{text}[/]" if cell and cell.failed else text
            for text, cell in _texts(board, method)
        ]
        table.add_row(escape(board.titles[method]), *texts)
    return table


def markdown(board: Board) -> str:
    """Return `board` as a Markdown table under its caption."""
    heads = _heads(board)
    lines = [
        f"{board.caption}",
        "",
        "| " + " | ".join(heads) + " |",
        "|:--" + "|--:" * (len(heads) - 1) + "|",
    ]
    for method in board.methods:
        texts = [f"**{text}**" if cell and cell.best else text for text, cell in _texts(board, method)]
        lines.append("| " + " | ".join([board.titles[method], *texts]) + " |")
    return "\n".join(lines)


def latex(board: Board) -> str:
    """Return `board` as a LaTeX table for the package booktabs."""

    def clean(text: str) -> str:
        return "".join(f"\\{c}" if c in "&%$#_{}" else c for c in text)

    heads = _heads(board)
    lines = [
        r"\begin{table}",
        rf"\caption{{{clean(board.caption)}}}",
        r"\begin{tabular}{l" + "r" * (len(heads) - 1) + "}",
        r"\toprule",
        " & ".join(map(clean, heads)) + r" \\",
        r"\midrule",
    ]
    for method in board.methods:
        texts = [rf"\textbf{{{clean(t)}}}" if cell and cell.best else clean(t) for t, cell in _texts(board, method)]
        lines.append(" & ".join([clean(board.titles[method]), *texts]) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", r"\end{table}"])


def records(board: Board) -> list[dict[str, Any]]:
    """Return `board` as one flat record per cell, for JSON and CSV."""
    return [
        {
            "caption": board.caption,
            "metric": board.metric,
            "method": method,
            "dataset": dataset,
            "mean": cell.mean,
            "images": cell.images,
            "failed": cell.failed,
            "best": cell.best,
            "published": cell.published,
        }
        for method in board.methods
        for dataset, cell in board.cells[method].items()
    ]


def render(made: Sequence[Board], form: str) -> str:
    """Return tables as text in one of `FORMATS` except `rich`.

    Raises:
        RunError: There is no such format.
    """
    if form == "md":
        return "\n\n".join(map(markdown, made))
    if form == "latex":
        return "\n\n".join(map(latex, made))
    rows = [record for board in made for record in records(board)]
    if form == "json":
        # JSON has no infinity: the original's PSNR becomes a string.
        safe = [{k: str(v) if v in (float("inf"), float("-inf")) else v for k, v in row.items()} for row in rows]
        return json.dumps(safe, indent=1)
    if form == "csv":
        import pandas as pd

        return pd.DataFrame(rows).to_csv(index=False).rstrip("\n")
    raise RunError(f"Unknown format '{form}'. Known: {', '.join(FORMATS)}.")

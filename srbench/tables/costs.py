"""What methods cost, as further columns of a table and as a table of its own: size, arithmetic, time, memory."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from srbench.errors import ReportError, unknown
from srbench.tables.names import Names
from srbench.tables.numbers import DASH
from srbench.tables.table import ORIGINAL, Table, TableCell

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("cost",)
"""Groups of further columns that a table of scores can have."""
_HEADS = ("Parameters", "MACs (G)", "s / image", "Peak MB")


@dataclass(frozen=True, slots=True)
class MethodCost:
    """What a method costs; None where nobody can say.

    Attributes:
        parameters: Learned numbers.
        multiply_accumulates: For one image of a stated size, as the network was published.
        seconds: Mean wall time of an image.
        peak_mb: Most memory that an image took, of the whole worker process or of the GPU, in 10^6 bytes.
    """

    parameters: int | None = None
    multiply_accumulates: int | None = None
    seconds: float | None = None
    peak_mb: float | None = None

    def cells(self) -> list[TableCell]:
        """Return its cells, a dash where a figure is not known."""
        giga = None if self.multiply_accumulates is None else self.multiply_accumulates / 1e9
        texts = (
            _text(self.parameters, ",d"),
            _text(giga, ",.2f"),
            _text(self.seconds, ".3f"),
            _text(self.peak_mb, ",.0f"),
        )
        return [TableCell(text) for text in texts]

    @property
    def is_known(self) -> bool:
        """Whether anything is."""
        return any(value is not None for value in (self.parameters, self.multiply_accumulates, self.seconds))


def check(columns: str | Sequence[str]) -> bool:
    """Return whether the columns of cost are wanted.

    Raises:
        ReportError: A name is none of `COLUMNS`.
    """
    named = [columns] if isinstance(columns, str) else list(columns)
    for name in filter(None, named):
        if name not in COLUMNS:
            raise ReportError(unknown("group of columns", name, COLUMNS))
    return any(named)


def costs(scores: pd.DataFrame, info: Mapping[str, Any]) -> dict[str, MethodCost]:
    """Return what each method costs, over all images that it has scores of.

    Args:
        scores: Rows as in `bench.rows.ImageScore`.
        info: The content of run.json.
    """
    about: Mapping[str, Mapping[str, Any]] = info.get("methods", {})
    made = scores[scores["status"] == "ok"].drop_duplicates(["method", "dataset", "image"])
    found = {}
    for name in map(str, scores["method"].unique()):
        told, rows = about.get(name, {}), made[made["method"] == name]
        # What reads a stored picture, or is the original, computes nothing whose time would say something.
        computes = not told.get("takes_pair", name == ORIGINAL or name.startswith("results/"))
        found[name] = MethodCost(
            told.get("parameters"),
            told.get("multiply_accumulates"),
            _known(rows["seconds"].mean()) if computes else None,
            _known(rows["peak_mb"].max()) if computes else None,
        )
    return found


def with_costs(table: Table, methods: Sequence[str], found: Mapping[str, MethodCost], info: Mapping[str, Any]) -> Table:
    """Return a table of scores with the columns of cost, and what they mean below.

    Args:
        table: One row for each of `methods`.
        methods: Their names, in the order of the rows.
        found: From `costs`.
        info: The content of run.json.
    """
    rows = [[*row, *found[name].cells()] for row, name in zip(table.rows, methods, strict=True)]
    notes = [*table.notes, *_notes(methods, info)]
    beside = {name: _record(found[name]) for name in methods}
    return replace(table, head=[*table.head, *_HEADS], rows=rows, notes=notes, beside=beside)


def cost_table(scores: pd.DataFrame, info: Mapping[str, Any], names: Names) -> Table | None:
    """Return the table of what every method costs, for reports; None where nothing is known of any."""
    found = costs(scores, info)
    methods = [name for name in names.methods if name in found and found[name].is_known]
    if not methods:
        return None
    sets = ", ".join(names.dataset(name) for name in names.datasets)
    return Table(
        name="costs",
        caption=f"What the methods cost, over {sets}",
        head=["Method", *_HEADS],
        rows=[[TableCell(names.method(name)), *found[name].cells()] for name in methods],
        notes=_notes(methods, info),
    )


def _notes(methods: Sequence[str], info: Mapping[str, Any]) -> list[str]:
    about = [info.get("methods", {}).get(name, {}) for name in methods]
    sizes = {tuple(each["counted_for"]) for each in about if each.get("multiply_accumulates")}
    scale = int(info.get("scale", 1))
    stated = [
        f"MACs: multiply-accumulates of the network as published, in 10^9, for an SR image of {width * scale}x"
        f"{height * scale} from an LR image of {width}x{height}."
        for height, width in sorted(sizes)
    ]
    devices = sorted({str(each["device"]) for each in about if each.get("device")})
    where = f" on {', '.join(devices)}" if devices else ""
    memory = "peak: most memory that an image took, of the whole worker process or of the GPU."
    return [*stated, f"Seconds: mean wall time of an image{where}; {memory}"]


def _record(cost: MethodCost) -> dict[str, float | None]:
    return {
        "parameters": cost.parameters,
        "multiply_accumulates": cost.multiply_accumulates,
        "seconds_per_image": cost.seconds,
        "peak_mb": cost.peak_mb,
    }


def _known(value: Any) -> float | None:
    return None if math.isnan(value) else float(value)


def _text(value: float | None, form: str) -> str:
    return DASH if value is None else format(value, form)

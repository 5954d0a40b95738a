"""A table as data: what every renderer takes, and every maker of tables returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from srbench.tables.numbers import count

if TYPE_CHECKING:
    import pandas as pd

ORIGINAL = "hr"
"""The original takes part in tables, but cannot be the best of them."""
OPINIONS = ("mos", "dmos")
"""What stands for opinions among the metrics: their means, and the means of differential scores."""


@dataclass(frozen=True, slots=True)
class Mean:
    """One metric of one method on one data set: the mean over its images.

    Attributes:
        protocol: Name of the protocol; empty for opinion scores.
        protocol_version: Its version.
        metric: Name of the metric, or `mos`.
        method: Name of the method.
        dataset: Name of the data set.
        value: The plain mean, infinite where one score is; None where an image failed or none was scored.
        images: How many images of the set were scored or failed.
        of: How many images the set has.
        failed: On how many images the method or the metric failed.
        infinite: How many scores are infinite.
        published: The value that the model's card states, or else the SRGAN paper's, where it compares: the same
            scale and protocol, the whole set.
        best: It is the best of those that it stands beside, as printed.
    """

    protocol: str
    protocol_version: str
    metric: str
    method: str
    dataset: str
    value: float | None
    images: int
    of: int
    failed: int = 0
    infinite: int = 0
    published: float | None = None
    best: bool = False

    @property
    def whole(self) -> bool:
        """Whether every image of the set was scored, so that the mean compares with other whole ones."""
        return self.value is not None and self.images == self.of

    @property
    def note(self) -> str:
        """What a reader must know of an infinite mean; empty otherwise, and for the original."""
        if not self.infinite or self.method == ORIGINAL:
            return ""
        one = self.infinite == 1
        what = "identical to the original" if self.metric == "psnr" else "of infinite score"
        return f"{self.infinite} of {count(self.of, 'image')} {'is' if one else 'are'} {what}"


@dataclass(frozen=True, slots=True)
class TableCell:
    """One cell of a table.

    Attributes:
        text: What is printed, not escaped.
        bold: Whether it stands out: the best of its group, or what a reader should see first.
        star: Whether it is significantly better than its rivals.
        soft: Whether it is of minor weight, such as a published figure beside ours.
        mean: The mean that it shows; None for words, and for figures of other kinds.
    """

    text: str
    bold: bool = False
    star: bool = False
    soft: bool = False
    mean: Mean | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        name: File name without ending.
        caption: What it shows.
        head: Titles of the columns; the first ones, `labels` many, hold words and stand left.
        rows: Cells; as many in each row as there are titles.
        rules: Numbers of the rows that a thin rule stands above.
        notes: Sentences below.
        labels: Number of columns that hold words.
        beside: {method: {name: figure}}, what records say of a method beside its means.
    """

    name: str
    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[TableCell]]
    rules: frozenset[int] = frozenset()
    notes: Sequence[str] = field(default=())
    labels: int = 1
    beside: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)

    def records(self) -> list[dict[str, Any]]:
        """Return one flat record for every mean of the table, or one for every row where it shows no means."""
        means = [cell.mean for row in self.rows for cell in row if cell.mean is not None]
        if not means:
            texts = [[cell.text for cell in row] for row in self.rows]
            return [{"caption": self.caption, **dict(zip(self.head, row, strict=True))} for row in texts]
        return [{"caption": self.caption, **_record(mean), **self.beside.get(mean.method, {})} for mean in means]

    def to_frame(self) -> pd.DataFrame:
        """Return `records` as a DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.records())

    def _repr_html_(self) -> str:
        from srbench.tables.rendering import html

        return html(self)


def _record(mean: Mean) -> dict[str, Any]:
    values = asdict(mean)
    first = {"metric": values.pop("metric"), "method": values.pop("method"), "dataset": values.pop("dataset")}
    return {**first, "mean": values.pop("value"), **values, "note": mean.note}


def cells(*texts: str, soft: bool = False) -> list[TableCell]:
    """Return plain cells."""
    return [TableCell(text, soft=soft) for text in texts]


def group_rules(rows: Sequence[Sequence[TableCell]]) -> frozenset[int]:
    """Return the numbers of the rows that a thin rule stands above: where the first column says something new.

    An empty first cell belongs to the row above.
    """
    found, group = set(), rows[0][0].text if rows else ""
    for number, row in enumerate(rows):
        if row[0].text not in ("", group):
            found.add(number)
            group = row[0].text
    return frozenset(found)

"""Titles and orders of methods, data sets and metrics: the same in every table, sentence and figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import srbench.datasets as datasets
import srbench.metrics as metrics
from srbench.errors import DatasetError, MetricError
from srbench.metrics import Metric
from srbench.tables import numbers
from srbench.tables.table import OPINIONS, ORIGINAL

if TYPE_CHECKING:
    import pandas as pd

PAPER_TITLES = {
    "nearest": "Nearest", "bicubic": "Bicubic", "srcnn": "SRCNN", "selfexsr": "SelfExSR", "drcn": "DRCN",
    "espcn": "ESPCN", "srresnet-mse": "SRResNet-MSE", "srresnet-vgg22": "SRResNet-VGG22", "srgan-mse": "SRGAN-MSE",
    "srgan-vgg22": "SRGAN-VGG22", "srgan-vgg54": "SRGAN-VGG54", ORIGINAL: "Original (HR)",
}  # fmt: skip
"""The paper's versions in its order, for studies of versions that the run does not have."""


@dataclass(frozen=True, slots=True)
class Names:
    """Titles and orders of everything that tables and figures print.

    Attributes:
        methods: Names in the order of tables, the original last.
        titles: Title of each method; no two are equal.
        notes: What a table must say about a method, such as the features its loss used; only where there is one.
        datasets: Names, the smallest set first; of a run and a study those of the run before others.
        dataset_titles: Title of each data set; no two are equal.
        metrics: Names, PSNR and SSIM first.
        known_metrics: What is registered about them; a run may have others.
        opinion: What means of ratings are called.
    """

    methods: tuple[str, ...]
    titles: Mapping[str, str]
    notes: Mapping[str, str]
    datasets: tuple[str, ...]
    dataset_titles: Mapping[str, str]
    metrics: tuple[str, ...]
    known_metrics: Mapping[str, Metric] = field(default_factory=dict)
    opinion: str = "MOS"

    def method(self, name: str) -> str:
        """Return the title of a method."""
        return self.titles.get(name, name)

    def dataset(self, name: str) -> str:
        """Return the title of a data set."""
        return "All sets" if name == "all" else self.dataset_titles.get(name, name)

    def place(self, dataset: str) -> tuple[int, str]:
        """Return the sorting key of a data set: the order of the run, unknown ones after it, `all` last."""
        if dataset == "all":
            return len(self.datasets) + 1, dataset
        return (self.datasets.index(dataset) if dataset in self.datasets else len(self.datasets)), dataset

    def ordered(self, table: pd.DataFrame, first: str | None = None) -> pd.DataFrame:
        """Return `table` with its data sets in the order of the run, inside the groups of the column `first`."""
        if not len(table):
            return table
        groups = list(dict.fromkeys(table[first])) if first else []
        keys = [
            (groups.index(getattr(row, first)) if first else 0, *self.place(str(row.dataset))) for row in lines(table)
        ]
        return table.iloc[sorted(range(len(table)), key=keys.__getitem__)].reset_index(drop=True)

    def metric(self, name: str) -> str:
        """Return the title of a metric, without its unit."""
        if name == "mos":
            return self.opinion
        known = self.known_metrics.get(name)
        return known.title if known is not None else name.upper()

    def label(self, name: str) -> str:
        """Return the title of a metric with its unit."""
        known = self.known_metrics.get(name)
        unit = known.unit if known is not None else "dB" if name == "psnr" else ""
        return f"{self.metric(name)} ({unit})" if unit else self.metric(name)

    def higher_is_better(self, name: str) -> bool:
        """Return whether more of a metric is better; unknown metrics count as such."""
        known = self.known_metrics.get(name)
        return True if known is None else known.higher_is_better

    def digits(self, name: str) -> int:
        """Return how many decimals a metric is printed with."""
        known = self.known_metrics.get(name)
        return 2 if name in {*OPINIONS, "psnr"} or (known is not None and known.unit == "dB") else 4

    def number(self, name: str, value: float, sign: bool = False) -> str:
        """Return a metric's value as it is printed."""
        return numbers.number(value, self.digits(name), sign)


def lines(table: pd.DataFrame) -> Iterator[Any]:
    """Yield the rows of a table as named tuples whose fields carry no types."""
    yield from table.itertuples(index=False)


def name_everything(scores: pd.DataFrame, info: Mapping[str, Any], rated: pd.DataFrame | None = None) -> Names:
    """Return the titles and orders of all methods, data sets and metrics that a run has or a study rated.

    Args:
        scores: Rows as in `bench.rows.ImageScore`.
        info: The content of run.json.
        rated: The ratings of a study.
    """
    tables = [scores] if rated is None else [scores, rated]
    about = _about_methods(info)
    present = {str(name) for table in tables for name in table["method"].unique()}
    methods = sorted(present, key=lambda m: (m == ORIGINAL, about.get(m, {}).get("order", 1000), m))
    here = {str(name) for table in tables for name in table["dataset"].unique()}
    others = sorted(here, key=lambda name: (_images(tables, name), name))
    sets = [name for name in dict.fromkeys([*_by_size(info), *others]) if name in here]
    found = sorted(map(str, scores["metric"].unique()), key=_metric_place)
    return Names(
        methods=tuple(methods),
        titles=_distinct({name: str(about.get(name, {}).get("title", name)) for name in methods}),
        notes={name: str(about[name]["note"]) for name in methods if about.get(name, {}).get("note")},
        datasets=tuple(sets),
        dataset_titles=_distinct(_dataset_titles(sets)),
        metrics=tuple(found),
        known_metrics=_known_metrics(found),
    )


def _about_methods(info: Mapping[str, Any]) -> dict[str, Any]:
    about: dict[str, Any] = {
        name: {"title": title, "order": 10 * (place + 1)} for place, (name, title) in enumerate(PAPER_TITLES.items())
    }
    return about | dict(info.get("methods", {}))


def _images(tables: Sequence[pd.DataFrame], dataset: str) -> int:
    """Return of how many images of a data set something is known."""
    known = (table for table in tables if "image" in table)  # a study without images is refused by who reads it
    return max((part.loc[part["dataset"].astype(str) == dataset, "image"].nunique() for part in known), default=0)


def _by_size(info: Mapping[str, Any]) -> list[str]:
    sets: Mapping[str, Any] = info.get("datasets", {})
    return sorted(sets, key=lambda name: (len(sets[name]), name))


def _metric_place(name: str) -> tuple[int, str]:
    return {"psnr": 0, "ssim": 1}.get(name, 2), name


def _known_metrics(names: Iterable[str]) -> dict[str, Metric]:
    known = {}
    for name in names:
        try:
            known[name] = metrics.find(name)
        except MetricError:  # a run made where another metric was installed
            continue
    return known


def _dataset_titles(names: Iterable[str]) -> dict[str, str]:
    try:
        known = {manifest.name: manifest.title for manifest in datasets.manifests()}
    except DatasetError:  # a damaged manifest of somebody's own is no reason to print no table
        known = {}
    return {name: known.get(name, name) for name in names}


def dataset_title(name: str) -> str:
    """Return the title of a data set; its name where no manifest knows it."""
    return _dataset_titles([name])[name]


def _distinct(titles: Mapping[str, str]) -> dict[str, str]:
    """Return the titles, the name added to those that two share."""
    times = Counter(titles.values())
    return {name: f"{title} ({name})" if times[title] > 1 else title for name, title in titles.items()}

"""What a report is made from: a run, a study or none, and the choices of whoever asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from srbench import metrics as metric_table
from srbench.errors import MetricError, ReportError
from srbench.stats import bootstrap
from srbench.stats.comparison import UNITS, Unit
from srbench.stats.retest import MARGIN

ORIGINAL = "hr"
MINUS = "\u2212"
SYNTHETIC = " (synthetic ratings)"
"""What captions and titles say of ratings that a program drew."""
PAPER_TITLES = {
    "nearest": "Nearest", "bicubic": "Bicubic", "srcnn": "SRCNN", "selfexsr": "SelfExSR", "drcn": "DRCN",
    "espcn": "ESPCN", "srresnet-mse": "SRResNet-MSE", "srresnet-vgg22": "SRResNet-VGG22", "srgan-mse": "SRGAN-MSE",
    "srgan-vgg22": "SRGAN-VGG22", "srgan-vgg54": "SRGAN-VGG54", ORIGINAL: "Original (HR)",
}  # fmt: skip
"""The paper's versions in its order, for studies of versions that the run does not have."""
DATASET_TITLES = {"set5": "Set5", "set14": "Set14", "bsd100": "BSD100", "urban100": "Urban100", "demo": "Demo set"}


def lines(table: pd.DataFrame) -> Iterator[Any]:
    """Yield the rows of a table as named tuples whose fields carry no types."""
    yield from table.itertuples(index=False)


@dataclass(frozen=True, slots=True)
class Study:
    """An opinion study.

    Attributes:
        name: Its name.
        ratings: One row per rating, see `stats.check_ratings`.
        origin: `study` (collected here), `imported`, or `synthetic` (drawn from numbers, no people).
        calibration: Results of the calibration, one row per rater; None where there was none.
        design: How stimuli were shown; empty where unknown.
        notes: What a reader must know about how the ratings came here.
    """

    name: str
    ratings: pd.DataFrame
    origin: str = "imported"
    calibration: pd.DataFrame | None = None
    design: str = ""
    notes: Sequence[str] = ()

    @property
    def synthetic(self) -> bool:
        """Whether no person rated anything."""
        return self.origin == "synthetic"


@dataclass(frozen=True, slots=True)
class Choices:
    """What the reader of a report may decide.

    Attributes:
        unit: What Wilcoxon's test pairs, see `stats.compare`.
        protocol: Protocol of PSNR and SSIM; None takes `daala` where the run has it, else the only one.
        seed: Seed of all bootstraps.
        draws: Draws of each bootstrap.
        alpha: Level of significance.
        margin: Margin of equivalence of the retest.
        pictures: Whether crops and the slider are part of the report.
        crops: Crops chosen by hand, `SET/IMAGE:X,Y,W,H`; none means by the largest disagreement.
        slider: How many images per data set the slider offers.
    """

    unit: Unit = "image"
    protocol: str | None = None
    seed: int = 0
    draws: int = bootstrap.DRAWS
    alpha: float = 0.05
    margin: float = MARGIN
    pictures: bool = True
    crops: Sequence[str] = ()
    slider: int = 2

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ReportError(f"Unknown unit '{self.unit}'; expected 'image' or 'rating'.")


@dataclass(frozen=True, slots=True)
class Names:
    """Titles and orders of everything that tables and figures print.

    Attributes:
        methods: Names in the order of tables, the original last.
        titles: Title of each method.
        notes: What a table must say about a method, such as the features its loss used; only where there is one.
        datasets: Names in the order of the run.
        metrics: Names, PSNR and SSIM first.
    """

    methods: tuple[str, ...]
    titles: Mapping[str, str]
    notes: Mapping[str, str]
    datasets: tuple[str, ...]
    metrics: tuple[str, ...]
    metric_rows: Mapping[str, Any] = field(default_factory=dict)

    def method(self, name: str) -> str:
        """Return the title of a method."""
        return self.titles.get(name, name)

    def dataset(self, name: str) -> str:
        """Return the title of a data set."""
        return "All sets" if name == "all" else DATASET_TITLES.get(name, name)

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
            return "MOS"
        row = self.metric_rows.get(name)
        return str(row.title) if row is not None else name.upper()

    def higher_is_better(self, name: str) -> bool:
        """Return whether more of a metric is better; unknown metrics count as such."""
        row = self.metric_rows.get(name)
        return True if row is None else bool(row.higher_is_better)

    def digits(self, name: str) -> int:
        """Return how many decimals a metric is printed with."""
        row = self.metric_rows.get(name)
        return 2 if name == "mos" or (row is not None and row.unit == "dB") or name == "psnr" else 4

    def number(self, name: str, value: float, sign: bool = False) -> str:
        """Return a metric's value as it is printed."""
        if value == float("inf"):
            return "\u221e"
        text = f"{value:{'+' if sign else ''}.{self.digits(name)}f}"
        return text.lstrip("+-") if float(text) == 0 else text.replace("-", MINUS)


def name_everything(scores: pd.DataFrame, info: Mapping[str, Any], rated: pd.DataFrame | None = None) -> Names:
    """Return the titles and orders of all methods, data sets and metrics that a run has or a study rated."""
    places = {name: 10 * (place + 1) for place, name in enumerate(PAPER_TITLES)}
    about = {name: {"title": title, "order": places[name]} for name, title in PAPER_TITLES.items()}
    about |= info.get("methods", {})
    tables = [scores] if rated is None else [scores, rated]
    present = sorted(
        {str(name) for table in tables for name in table["method"]},
        key=lambda name: (name == ORIGINAL, about.get(name, {}).get("order", 1000), name),
    )
    here = {str(name) for table in tables for name in table["dataset"]}
    datasets = [name for name in dict.fromkeys([*_by_size(info), *sorted(here)]) if name in here]
    found = sorted(map(str, scores["metric"].unique()), key=lambda m: ({"psnr": 0, "ssim": 1}.get(m, 2), m))
    about_metrics: dict[str, Any] = {}
    for name in found:
        try:
            about_metrics[name] = metric_table.find(name)
        except MetricError:  # a run made where another metric was installed
            continue
    return Names(
        methods=tuple(present),
        titles={name: str(about.get(name, {}).get("title", name)) for name in present},
        notes={name: str(about[name]["note"]) for name in present if about.get(name, {}).get("note")},
        datasets=tuple(datasets),
        metrics=tuple(found),
        metric_rows=about_metrics,
    )


def _by_size(info: Mapping[str, Any]) -> list[str]:
    sets: Mapping[str, Any] = info.get("datasets", {})
    return sorted(sets, key=lambda name: (len(sets[name]), name))


def choose_protocol(scores: pd.DataFrame, wanted: str | None) -> tuple[pd.DataFrame, str]:
    """Return the scores of one protocol, with the metrics that only others have, and the protocol's name.

    Raises:
        ReportError: The run has no such protocol, or no scores at all.
    """
    found = sorted(map(str, scores["protocol"].unique()))
    if not found:
        raise ReportError("The run has no scores. Run the bench first.")
    if wanted is not None and wanted not in found:
        raise ReportError(f"The run has no scores under protocol '{wanted}'; it has: {', '.join(found)}.")
    main = wanted or ("daala" if "daala" in found else found[0])
    parts = [scores[scores["protocol"] == main]]
    seen = set(parts[0]["metric"])
    for other in found:
        more = scores[(scores["protocol"] == other) & ~scores["metric"].isin(seen)]
        seen |= set(more["metric"])
        parts.append(more)
    chosen = pd.concat(parts, ignore_index=True)
    return chosen, main

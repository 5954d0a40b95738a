"""All statistics of a report in one place: it calls `srbench.stats` and keeps what came back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import pandas as pd

from srbench import stats
from srbench.bench.results import RunResults
from srbench.errors import StatisticsError
from srbench.reports.inputs import ORIGINAL, Choices, Names, Study, choose_protocol, name_everything

Found = TypeVar("Found")
NOTHING = pd.DataFrame()


@dataclass(frozen=True, slots=True)
class Opinions:
    """What a study says; tables as returned by the functions of `srbench.stats` of the same names."""

    study: Study
    ratings: pd.DataFrame
    mos: pd.DataFrame
    distribution: pd.DataFrame
    ranks: pd.DataFrame
    rank_distribution: pd.DataFrame
    reliability: pd.DataFrame
    screening: pd.DataFrame
    gold: pd.DataFrame
    taste: pd.DataFrame
    retest: pd.DataFrame
    agreement: pd.DataFrame
    concordance: pd.DataFrame
    points: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that tables, figures and sentences are made from.

    Attributes:
        run: The run.
        choices: What the reader decided.
        names: Titles and orders.
        protocol: The protocol of PSNR and SSIM.
        scores: The scores of that protocol that could be used.
        means: Columns dataset, method, metric, value, low, high, n, whole (no image of the set is missing).
        seconds: Median seconds per image, columns dataset, method, seconds.
        comparisons: All pairs, for MOS (where there is a study) and every metric; see `stats.Comparison`.
        critical: Friedman's test per (data set, metric), where it is defined.
        opinions: None without a study.
        notes: One sentence for everything that was left out or could not be computed.
    """

    run: RunResults
    choices: Choices
    names: Names
    protocol: str
    scores: pd.DataFrame
    means: pd.DataFrame
    seconds: pd.DataFrame
    comparisons: pd.DataFrame
    critical: dict[tuple[str, str], stats.CriticalDifference]
    opinions: Opinions | None
    notes: tuple[str, ...]

    @property
    def info(self) -> dict[str, Any]:
        """The content of run.json."""
        return self.run.info

    @property
    def compared(self) -> list[str]:
        """The methods of the run, the original left aside."""
        here = set(self.run.scores["method"]) - {ORIGINAL}
        return [name for name in self.names.methods if name in here]

    def measured(self, metric: str, dataset: str) -> list[str]:
        """Return the methods that have a mean of `metric` on `dataset`, in the order of tables."""
        table = self.opinions.mos if metric == "mos" and self.opinions else self.means
        if metric != "mos":
            table = table[table["metric"] == metric]
        here = set(table.loc[table["dataset"] == dataset, "method"])
        return [name for name in self.names.methods if name in here]


def find(run: RunResults, study: Study | None = None, choices: Choices | None = None) -> Findings:
    """Compute all statistics of a report.

    Raises:
        ReportError: The run has no scores, or not under the protocol that was asked for.
        StatisticsError: Scores or ratings are damaged.
    """
    chosen = choices or Choices()
    scores, protocol = choose_protocol(run.scores, chosen.protocol)
    rated, said = stats.check_ratings(study.ratings) if study is not None else (None, [])
    names = name_everything(scores, run.info, rated)
    notes: list[str] = []
    usable = _usable(scores, names, notes)
    attempt = _Attempt(notes)
    opinions = None
    tables: list[pd.DataFrame] = []
    options: dict[str, Any] = {"alpha": chosen.alpha, "draws": chosen.draws, "seed": chosen.seed}
    for metric in names.metrics:
        # Metrics that compare with the original are perfect on it by definition: that is no finding.
        methods = [name for name in _finite(usable, metric, names) if name != ORIGINAL]
        table = attempt(partial(stats.compare_scores, usable, metric, methods=methods, **options))
        tables += [table] if table is not None else []
    if study is not None and rated is not None:
        notes += [f"{study.name}: {sentence}" for sentence in [*study.notes, *said]]
        _say_strangers(rated, scores, names, notes)
        _say_gaps(rated, names, notes)
        order = [name for name in names.methods if name in set(rated["method"])]
        mos = attempt(lambda: stats.compare(rated, unit=chosen.unit, methods=order, **options))
        metric_tables = pd.concat(tables) if tables else NOTHING
        tables = [*([mos] if mos is not None else []), *tables]
        opinions = _opinions(study, rated, usable, mos, metric_tables, chosen, names, attempt)
    return Findings(
        run=run,
        choices=chosen,
        names=names,
        protocol=protocol,
        scores=usable,
        means=_means(scores, usable, names, chosen),
        seconds=_seconds(scores),
        comparisons=pd.concat([names.ordered(table) for table in tables], ignore_index=True) if tables else NOTHING,
        critical=_critical(usable, opinions, names, chosen),
        opinions=opinions,
        notes=tuple(dict.fromkeys(notes)),
    )


class _Attempt:
    """Calls a function; where its statistic is not defined, the sentence joins the notes and None comes back."""

    def __init__(self, notes: list[str]) -> None:
        self._notes = notes

    def __call__(self, function: Callable[[], Found]) -> Found | None:
        try:
            return function()
        except StatisticsError as error:
            self._notes.append(str(error))
            return None


def _usable(scores: pd.DataFrame, names: Names, notes: list[str]) -> pd.DataFrame:
    parts = []
    failed = scores[scores["status"] != "ok"]
    for (method, dataset), part in failed.groupby(["method", "dataset"]):
        images = part["image"].nunique()
        notes.append(
            f"{names.method(str(method))} failed on {images} image{'s' if images > 1 else ''} of "
            f"{names.dataset(str(dataset))}: no mean is printed for it there, and comparisons use the other images."
        )
    good = scores[scores["status"] == "ok"]
    for _, part in good.groupby("protocol"):
        clean, more = stats.check_scores(part)
        notes += more
        parts.append(clean)
    if not parts:
        raise StatisticsError("Every method failed on every image: there is nothing to report.")
    # Metrics of other protocols joined by `choose_protocol` do not overlap, so one table may hold them all.
    return pd.concat(parts, ignore_index=True).drop(columns="protocol")


def _finite(scores: pd.DataFrame, metric: str, names: Names) -> list[str]:
    part = scores[(scores["metric"] == metric) & (scores["value"].abs() < float("inf"))]
    here = set(part["method"])
    return [name for name in names.methods if name in here]


def _say_strangers(rated: pd.DataFrame, scores: pd.DataFrame, names: Names, notes: list[str]) -> None:
    """Say what was rated and is not in the run: it has opinion scores, but no metric."""
    rated = rated[rated["method"] != ORIGINAL]
    versions = [name for name in names.methods if name in set(rated["method"]) - set(scores["method"])]
    if versions:
        notes.append(f"Rated, but not in the run: {', '.join(map(names.method, versions))}. They have opinions only.")
    for dataset, part in rated.groupby("dataset"):
        pictures = set(part["image"])
        strange = pictures - set(scores.loc[scores["dataset"] == dataset, "image"])
        if strange:
            notes.append(
                f"{names.dataset(str(dataset))}: {len(strange)} of {len(pictures)} rated images are not in the run, "
                f"the first is '{min(strange)}'. They have opinions only."
            )


def _say_gaps(rated: pd.DataFrame, names: Names, notes: list[str]) -> None:
    notes.extend(
        f"{names.dataset(cube.dataset)}: {cube.missing} of {cube.cells.size} ratings (methods x raters x images) are "
        "missing; means are over the ratings that are there, differences over the pairs."
        for cube in stats.cubes(rated)
        if cube.missing
    )


def _means(scores: pd.DataFrame, usable: pd.DataFrame, names: Names, choices: Choices) -> pd.DataFrame:
    parts = []
    sizes = scores.groupby("dataset")["image"].nunique()
    for metric in names.metrics:
        if not _finite(usable, metric, names):
            continue
        table = stats.mean_scores(usable, metric, draws=choices.draws, seed=choices.seed)
        parts.append(table.assign(metric=metric, whole=table["n"] == table["dataset"].map(sizes)))
    return pd.concat(parts, ignore_index=True)


def _seconds(scores: pd.DataFrame) -> pd.DataFrame:
    once = scores[scores["status"] == "ok"].drop_duplicates(["dataset", "image", "method"])
    return once.groupby(["dataset", "method"], as_index=False).agg({"seconds": "median"})


def _critical(
    usable: pd.DataFrame, opinions: Opinions | None, names: Names, choices: Choices
) -> dict[tuple[str, str], stats.CriticalDifference]:
    found = {}
    groups = []
    for metric in names.metrics:
        methods = [name for name in _finite(usable, metric, names) if name != ORIGINAL]
        groups += [(metric, stats.score_cubes(usable, metric, methods))] if methods else []
    if opinions is not None:
        groups.append(("mos", stats.cubes(opinions.ratings)))
    for metric, data in groups:
        for cube in sorted(data, key=lambda cube: names.place(cube.dataset)):
            try:
                result = stats.friedman(
                    cube, higher_is_better=metric == "mos" or names.higher_is_better(metric), alpha=choices.alpha
                )
            except StatisticsError:  # too few methods or images: the pairwise tables already say so
                continue
            found[cube.dataset, metric] = result
    return found


def _opinions(
    study: Study,
    rated: pd.DataFrame,
    usable: pd.DataFrame,
    comparisons: pd.DataFrame | None,
    metric_comparisons: pd.DataFrame,
    choices: Choices,
    names: Names,
    attempt: _Attempt,
) -> Opinions:
    draws, seed = choices.draws, choices.seed
    usable = usable[usable["method"] != ORIGINAL]
    agreement = attempt(lambda: stats.agreement(usable, rated, seed=seed))
    points = attempt(lambda: stats.joined(usable, rated)[0])
    concordance = NOTHING
    if comparisons is not None and len(metric_comparisons):
        lower = [metric for metric in names.metrics if not names.higher_is_better(metric)]
        concordance = stats.concordance(comparisons, metric_comparisons, lower_is_better=lower)
    retest = attempt(lambda: stats.retest(study.ratings, margin=choices.margin, draws=draws, seed=seed))
    return Opinions(
        study=study,
        ratings=rated,
        mos=stats.mean_opinion_scores(rated, draws=draws, seed=seed),
        distribution=names.ordered(stats.score_distribution(rated)),
        ranks=names.ordered(stats.mean_ranks(rated)),
        rank_distribution=names.ordered(stats.rank_distribution(rated)),
        reliability=names.ordered(stats.reliability(rated)),
        screening=stats.screening(rated),
        gold=stats.gold(rated),
        taste=names.ordered(stats.taste(rated)),
        retest=NOTHING if retest is None else names.ordered(retest),
        agreement=NOTHING if agreement is None else names.ordered(agreement, "metric"),
        concordance=names.ordered(concordance),
        points=NOTHING if points is None else points,
    )

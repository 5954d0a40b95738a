"""Computes what a report shows: it calls `srbench.stats` and `srbench.tables`, and keeps what came back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import pandas as pd

from srbench import stats
from srbench.bench.results import COLUMNS, RunResults
from srbench.errors import ReportError, StatisticsError
from srbench.reports import common_scale, opinions, plausible, preferences, raters
from srbench.reports.attempts import Attempt
from srbench.reports.findings import NOTHING, Findings
from srbench.reports.inputs import Choices, StudyRatings, choose_protocol, choose_version
from srbench.tables.means import current, mean_notes, means, opinion_means
from srbench.tables.names import Names, name_everything
from srbench.tables.numbers import count
from srbench.tables.table import ORIGINAL, Mean


def find(run: RunResults | None, study: StudyRatings | None = None, choices: Choices | None = None) -> Findings:
    """Compute all statistics of a report.

    Raises:
        ReportError: There is neither run nor study; or the run has no scores, or not under the protocol that was asked
            for; or a choice does not fit.
        StatisticsError: Scores or ratings are damaged.
    """
    chosen = choices or Choices()
    _check(run, study, chosen)
    compares = study is not None and study.compares
    people = None
    if study is not None and not compares:
        people = raters.choose(stats.checked_ratings(study.ratings), chosen.raters)
    rated = people.ratings if people is not None else None
    of_pairs = study if compares else study.comparisons if study is not None else None
    shown = preferences.versions(of_pairs.ratings) if of_pairs is not None else None
    seen = [table for table in (rated.first if rated is not None else None, shown) if table is not None]
    people_saw = pd.concat(seen, ignore_index=True) if seen else None
    measured = _measure(run, people_saw, chosen)
    names, usable, notes = measured.names, measured.usable, measured.notes
    if study is not None and study.design == "dcr":
        names = replace(names, opinion="DMOS")
    attempt = Attempt(notes)
    compared = [] if usable is None else _metric_comparisons(usable, names, chosen, attempt)
    judged, found, tables = None, measured.means, compared
    if study is not None and rated is not None and people is not None:
        notes += [people.sentence] if people.out else []
        notes += opinions.notes(study, rated, None if run is None else measured.scores, names)
        differential = opinions.against_originals(study, rated, chosen, attempt)
        of_people = _opinion_comparisons(rated, differential, names, chosen, attempt)
        tables = [*of_people.values(), *compared]
        judged = opinions.find(
            study, people, differential, usable, of_people.get("mos"), _joined(compared), chosen, names, attempt
        )
        as_paper = (rated.scale.low, rated.scale.high) == (stats.ACR.low, stats.ACR.high) and study.design != "dcr"
        found = [*found, *opinion_means(judged.mos, measured.scale if as_paper else 0)]
        found += opinion_means(judged.dmos, 0, "dmos") if len(judged.dmos) else []
    return Findings(
        run=run,
        choices=chosen,
        names=names,
        protocol=measured.protocol,
        scale=measured.scale,
        scores=measured.scores if usable is None else usable,
        means=tuple(found),
        seconds=measured.seconds,
        comparisons=_joined([names.ordered(table) for table in tables]),
        critical=_critical(usable, rated, names, chosen),
        opinions=judged,
        preferences=preferences.find(of_pairs, names, attempt) if of_pairs is not None else None,
        joint=common_scale.find(rated, of_pairs, names, attempt) if rated is not None and of_pairs is not None else {},
        notes=tuple(dict.fromkeys(notes)),
    )


def _check(run: RunResults | None, study: StudyRatings | None, choices: Choices) -> None:
    """Raise ReportError where a report has nothing to be made of, or a choice nothing to choose from."""
    if run is None and study is None:
        raise ReportError("A report needs a run, or the ratings of a study, or both.")
    if run is None and (choices.crops or choices.protocol is not None):
        raise ReportError("Crops and protocols are those of a run, and this report has none: leave them out.")
    if study is not None and study.compares and choices.raters != "all":
        raise ReportError("A study of pairs is reported with all its raters: leave out --raters, or filter its table.")
    if choices.crush and (study is None or study.compares):
        raise ReportError("--crush is for differential scores of studies with hidden originals (design acr-hr).")


@dataclass(frozen=True, slots=True)
class _Measured:
    """What a run gives to a report; everything but names is empty without one.

    Attributes:
        names: Titles and orders of all that the run has or people saw.
        scores: All current rows of one protocol.
        usable: Those that did not fail; None without a run.
        protocol: Its name.
        scale: The upscaling factor.
        means: Of every metric.
        seconds: Median seconds per image.
        notes: What was left out.
    """

    names: Names
    scores: pd.DataFrame
    usable: pd.DataFrame | None
    protocol: str
    scale: int
    means: list[Mean]
    seconds: pd.DataFrame
    notes: list[str]


def _measure(run: RunResults | None, people_saw: pd.DataFrame | None, chosen: Choices) -> _Measured:
    if run is None:
        nothing = pd.DataFrame(columns=COLUMNS)
        seconds = pd.DataFrame(columns=["dataset", "method", "seconds"])
        names = name_everything(nothing, {}, people_saw)
        return _Measured(names, nothing, None, "", 0, [], seconds, plausible.spellings(nothing, people_saw))
    scores, protocol = choose_protocol(run.scores, chosen.protocol)
    scores, notes = choose_version(scores, run.info)
    plausible.check(scores)
    notes += plausible.spellings(scores, people_saw)
    names = name_everything(scores, run.info, people_saw)
    scores, gone = current(scores, run.info, names)
    found = means(scores, run.info)
    notes += [*map(str, run.stale), *gone, *_failures(scores, names), *_gaps(found, names), *mean_notes(found, names)]
    usable, said = _usable(scores)
    scale = int(scores["scale"].iloc[0])
    return _Measured(names, scores, usable, protocol, scale, found, stats.median_seconds(scores), notes + said)


def _opinion_comparisons(
    rated: stats.CheckedRatings,
    differential: stats.CheckedRatings | None,
    names: Names,
    choices: Choices,
    attempt: Attempt,
) -> dict[str, pd.DataFrame]:
    """Return all pairs by opinion, and by differential scores where there are some, as far as they are defined."""
    found = {}
    for metric, ratings in (("mos", rated), ("dmos", differential)):
        if ratings is None:
            continue
        compare = partial(
            stats.compare, ratings, unit=choices.unit, methods=_order(ratings, names), alpha=choices.alpha
        )
        table = attempt(compare)
        if table is not None:
            found[metric] = table.assign(metric=metric)
    return found


def _order(rated: stats.CheckedRatings, names: Names) -> list[str]:
    here = set(rated.first["method"])
    return [name for name in names.methods if name in here]


def _joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(tables, ignore_index=True) if tables else NOTHING


def _metric_comparisons(usable: pd.DataFrame, names: Names, choices: Choices, attempt: Attempt) -> list[pd.DataFrame]:
    compare = partial(stats.compare_scores, usable, alpha=choices.alpha)
    tables = [
        attempt(partial(compare, metric, methods=rivals))
        for metric in names.metrics
        if (rivals := _rivals(usable, metric, names))
    ]
    return [table for table in tables if table is not None]


def _rivals(scores: pd.DataFrame, metric: str, names: Names) -> list[str]:
    """Return the methods that have a score; the original is perfect by definition, and that is no finding."""
    here = set(scores.loc[scores["metric"] == metric, "method"]) - {ORIGINAL}
    return [name for name in names.methods if name in here]


def _failures(scores: pd.DataFrame, names: Names) -> list[str]:
    failed = scores[scores["status"] == "failed"]
    return [
        f"{names.method(str(method))} failed on {count(part['image'].nunique(), 'image')} of "
        f"{names.dataset(str(dataset))}: no mean is printed for it there, and comparisons use the other images."
        for (method, dataset), part in failed.groupby(["method", "dataset"])
    ]


def _gaps(found: Sequence[Mean], names: Names) -> list[str]:
    """Return one sentence for every method that lacks images of a set."""
    said = [
        f"{names.method(mean.method)} has {mean.images} of the {count(mean.of, 'image')} of "
        f"{names.dataset(mean.dataset)}: its means there are over these and never the best, and comparisons use the "
        "images that both methods have."
        for mean in found
        if mean.images < mean.of
    ]
    return list(dict.fromkeys(said))


def _usable(scores: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    parts, notes = [], []
    for _, part in scores[scores["status"] == "ok"].groupby("protocol"):
        clean, said = stats.check_scores(part)
        notes += said
        parts.append(clean)
    if not parts:
        raise StatisticsError("Every method failed on every image: there is nothing to report.")
    # Metrics of other protocols joined by `choose_protocol` do not overlap, so one table may hold them all.
    return pd.concat(parts, ignore_index=True).drop(columns="protocol"), notes


def _critical(
    usable: pd.DataFrame | None, rated: stats.CheckedRatings | None, names: Names, choices: Choices
) -> dict[tuple[str, str], stats.CriticalDifference]:
    groups = []
    if usable is not None:
        sets = ((metric, _rivals(usable, metric, names)) for metric in names.metrics)
        groups += [(metric, stats.score_cubes(usable, metric, rivals)) for metric, rivals in sets if rivals]
    if rated is not None:
        groups.append(("mos", stats.cubes(rated)))
    found = {}
    for metric, data in groups:
        for cube in sorted(data, key=lambda cube: names.place(cube.dataset)):
            try:
                result = stats.friedman(cube, higher_is_better=names.higher_is_better(metric), alpha=choices.alpha)
            except StatisticsError:  # too few methods or images: the pairwise tables already say so
                continue
            found[cube.dataset, metric] = result
    return found

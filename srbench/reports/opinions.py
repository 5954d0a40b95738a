"""What a study says: opinion scores, raters, and metrics against people, all from `srbench.stats`."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from srbench import stats
from srbench.errors import ReportError
from srbench.reports import study_models
from srbench.reports.attempts import Attempt
from srbench.reports.findings import NOTHING, Opinions
from srbench.reports.inputs import Choices, StudyRatings
from srbench.reports.raters import Chosen
from srbench.tables.names import Names
from srbench.tables.table import ORIGINAL


def find(
    study: StudyRatings,
    people: Chosen,
    differential: stats.CheckedRatings | None,
    usable: pd.DataFrame | None,
    comparisons: pd.DataFrame | None,
    metric_comparisons: pd.DataFrame,
    choices: Choices,
    names: Names,
    attempt: Attempt,
) -> Opinions:
    """Compute everything that a report says about the opinions of people.

    Args:
        study: The study.
        people: Its ratings, and who was left out.
        differential: The same ratings against those of hidden originals, where the study has them.
        usable: The scores of the run; None without one.
        comparisons: All pairs of methods by opinion, where that is defined.
        metric_comparisons: All pairs by the metrics of the run; may be empty.
        choices: What the reader decided.
        names: Titles and orders.
        attempt: Takes down what is not defined.
    """
    rated = people.ratings
    usable = None if usable is None else usable[usable["method"] != ORIGINAL]
    agreement, points = (None, NOTHING) if usable is None else _with_metrics(usable, rated, attempt)
    concordance = NOTHING
    if comparisons is not None and len(metric_comparisons):
        lower = [metric for metric in names.metrics if not names.higher_is_better(metric)]
        concordance = stats.concordance(comparisons, metric_comparisons, lower_is_better=lower)
    screening = stats.screening(people.everybody)
    models = stats.mixed_models(rated) if choices.models else []
    retest = attempt(lambda: stats.retest(rated, margin=choices.margin))
    return Opinions(
        study=study,
        scale=rated.scale,
        ratings=rated.first,
        mos=stats.mean_opinion_scores(rated),
        dmos=NOTHING if differential is None else stats.mean_opinion_scores(differential),
        stimuli=stats.mean_opinion_scores(rated, ("dataset", "image", "method")),
        distribution=names.ordered(stats.score_distribution(rated)),
        ranks=names.ordered(stats.mean_ranks(rated)),
        recovered=stats.recovered_scores(rated),
        sos=names.ordered(stats.sos(rated)),
        rank_distribution=names.ordered(stats.rank_distribution(rated)),
        reliability=names.ordered(stats.reliability(rated)),
        people=people,
        screening=screening,
        exclusions=_exclusions(people, screening, choices),
        gold=stats.gold(rated),
        models=sorted(models, key=lambda each: names.place(each.dataset)),
        taste=names.ordered(stats.taste(models)),
        retest=NOTHING if retest is None else names.ordered(retest),
        agreement=NOTHING if agreement is None else names.ordered(agreement, "metric"),
        concordance=names.ordered(concordance),
        points=points,
        modelled=study_models.find(rated, usable, models, choices.alpha, names, attempt),
    )


def _with_metrics(
    usable: pd.DataFrame, rated: stats.CheckedRatings, attempt: Attempt
) -> tuple[pd.DataFrame | None, pd.DataFrame]:
    """Return how well metrics predict opinions, and the stimuli that have both."""
    agreement = attempt(lambda: stats.agreement(usable, rated))
    joined = attempt(lambda: stats.joined(usable, rated))
    points, left_out = joined if joined is not None else (NOTHING, [])
    attempt.notes += left_out
    return agreement, points


def against_originals(
    study: StudyRatings, rated: stats.CheckedRatings, choices: Choices, attempt: Attempt
) -> stats.CheckedRatings | None:
    """Return the differential scores of a study with hidden originals, None of any other.

    Raises:
        ReportError: Scores were to be crushed that are no differences, or on another scale than 1 to 5.
    """
    if study.design != "acr-hr":
        if choices.crush:
            raise ReportError("--crush is for differential scores of studies with hidden originals (design acr-hr).")
        return None
    if choices.crush and (rated.scale.low, rated.scale.high) != (stats.ACR.low, stats.ACR.high):
        raise ReportError(f"--crush is defined for ratings from 1 to 5, and these go from {rated.scale.words}.")
    return attempt(lambda: stats.differential(rated, ORIGINAL, crush=choices.crush))


def _poor_originals(study: StudyRatings, rated: stats.CheckedRatings, names: Names) -> Iterator[str]:
    """Yield which originals people do not find good: differences to them say little."""
    if study.design != "acr-hr":
        return
    good = rated.scale.high - rated.scale.point
    of_original = rated.first[rated.first["method"] == ORIGINAL]
    for dataset, part in of_original.groupby("dataset"):
        means = part.groupby("image")["score"].mean()
        poor = means[means < good]
        if len(poor):
            yield (
                f"{names.dataset(str(dataset))}: {len(poor)} of {len(means)} originals have a mean below {good:g}, "
                f"the lowest is '{poor.idxmin()}' with {poor.min():.2f}. ITU-T P.910 wants ACR-HR with good originals."
            )


def _exclusions(people: Chosen, screening: pd.DataFrame, choices: Choices) -> pd.DataFrame:
    """Return what leaving out the raters of each rule would change, and what leaving out those who were did."""
    rules = {rule: screening.loc[screening[rule], "rater"].tolist() for rule in stats.RULES}
    several = {rule for rule, names in rules.items() if names}
    every = screening.loc[screening["flagged"], "rater"].tolist() if len(several) > 1 else []
    reasons = rules | {"any rule": every, "left out here": list(people.out)}
    return stats.exclusions(people.everybody, reasons, alpha=choices.alpha)


def notes(study: StudyRatings, rated: stats.CheckedRatings, scores: pd.DataFrame | None, names: Names) -> list[str]:
    """Return one sentence for everything about the ratings that a reader must know; `scores` are those of the run."""
    said = [f"{study.name}: {sentence}" for sentence in [*study.notes, *rated.notes]]
    strange = [] if scores is None else list(_strangers(rated.first, scores, names))
    return [*said, *strange, *_gaps(rated, names), *_poor_originals(study, rated, names)]


def _strangers(rated: pd.DataFrame, scores: pd.DataFrame, names: Names) -> Iterator[str]:
    """Yield what was rated and is not in the run: it has opinion scores, but no metric."""
    rated = rated[rated["method"] != ORIGINAL]
    versions = [name for name in names.methods if name in set(rated["method"]) - set(scores["method"])]
    if versions:
        yield f"Rated, but not in the run: {', '.join(map(names.method, versions))}. They have opinions only."
    for dataset, part in rated.groupby("dataset"):
        pictures = set(part["image"])
        strange = pictures - set(scores.loc[scores["dataset"] == dataset, "image"])
        if strange:
            yield (
                f"{names.dataset(str(dataset))}: {len(strange)} of {len(pictures)} rated images are not in the run, "
                f"the first is '{min(strange)}'. They have opinions only."
            )


def _gaps(rated: stats.CheckedRatings, names: Names) -> Iterator[str]:
    for cube in sorted(rated.cubes, key=lambda cube: names.place(cube.dataset)):
        if cube.missing:
            yield (
                f"{names.dataset(cube.dataset)}: {cube.missing:,} of {cube.cells.size:,} ratings (methods x raters x "
                "images) are missing; means are over the ratings that are there, differences over the pairs."
            )

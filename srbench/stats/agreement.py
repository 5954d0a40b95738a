"""How well metrics predict opinion scores: correlations, and errors after a monotone mapping."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from srbench.errors import StatisticsError
from srbench.stats import logistic
from srbench.stats.correlations import KINDS, NAMES, grouped, pooled
from srbench.stats.intervals import excludes_zero, family_critical
from srbench.stats.jackknife import FEWEST, Estimate
from srbench.stats.stimuli import Stimuli, stimuli
from srbench.stats.tables import RatingTable


def agreement(
    scores: pd.DataFrame | Sequence[Stimuli],
    ratings: RatingTable | None = None,
    *,
    form: logistic.Form = "logistic4",
) -> pd.DataFrame:
    """Return how well each metric of a run predicts opinion scores of stimuli, per data set and over `all`.

    PLCC and the errors are taken after `logistic.fit`; SRCC and KRCC (tau-b) keep their sign, so a metric of
    which less is better has negative ones. RMSE* counts only errors beyond the 95 % interval of a stimulus
    (ITU-T P.1401, clause 7.5). Intervals leave out one image at a time, with all its versions, and one rater at a
    time, and hold the mapping fixed (`srbench.stats.jackknife`): they speak of other images and other raters, with the
    same methods. All stimuli are thrown together here; `image_agreement` tells versions of one image from images.

    Args:
        scores: Of one protocol, see `check_scores`; or what `stimuli` returned, and then no `ratings`.
        ratings: See `check_ratings`.
        form: The curve; `logistic5` has a linear term too.

    Returns:
        Columns dataset, metric, n, images, plcc, plcc_low, plcc_high, srcc, srcc_low, srcc_high, krcc,
        krcc_low, krcc_high, rmse, rmse_star, mapping (form), parameters, note. Undefined figures are NaN,
        with a note.
    """
    return pd.DataFrame([_row(each, form) for each in arranged(scores, ratings)])


def image_agreement(
    scores: pd.DataFrame | Sequence[Stimuli],
    ratings: RatingTable | None = None,
    *,
    form: logistic.Form = "logistic4",
) -> pd.DataFrame:
    """Return how well metrics order the versions of one image, and images of one method, apart from each other.

    A metric may be good at one and bad at the other: comparisons of methods need the first, and a correlation over all
    stimuli mixes both. `within`: the correlation over the versions of each image, as the mean over images. `across`:
    the correlation over the images of each method, as the mean over methods. Arguments and intervals are those of
    `agreement`; the mapping is that of all stimuli.

    Returns:
        Columns dataset, metric, kind (`within`, `across`), groups (images or methods), undefined (groups without a
        correlation: fewer than three stimuli, or values that do not differ), plcc, plcc_low, plcc_high, srcc, ...,
        krcc, ..., note.
    """
    rows = []
    for each in arranged(scores, ratings):
        for kind in KINDS:
            row: dict[str, object] = {"dataset": each.dataset, "metric": each.metric, "kind": kind}
            try:
                mapping = logistic.fit(each.value, each.opinions, form)
            except StatisticsError as error:
                rows.append(row | {"groups": 0, "undefined": 0} | _ends({}) | {"note": str(error)})
                continue
            found, groups, undefined = grouped(each, mapping(each.value), kind)
            note = _few(each.images)
            rows.append(row | {"groups": groups, "undefined": undefined} | _ends(found) | {"note": note})
    return pd.DataFrame(rows)


def metric_contrasts(
    scores: pd.DataFrame | Sequence[Stimuli],
    ratings: RatingTable | None = None,
    *,
    lower_is_better: Sequence[str] = (),
) -> pd.DataFrame:
    """Return how much better one metric orders the versions of one image than another, for all pairs of metrics.

    The difference of the two rank correlations (SRCC) within images, those of metrics of which less is better turned
    round, on the same images by the same raters. Its interval holds for all pairs of metrics of a data set at once.

    Args:
        scores: See `agreement`.
        ratings: See `agreement`.
        lower_is_better: The metrics of which less is better.

    Returns:
        Columns dataset, a, b, difference (a minus b), low, high, differs (the interval excludes 0). Metrics that do not
        have the same stimuli are not compared.
    """
    found: dict[str, dict[str, tuple[Stimuli, Estimate]]] = {}
    for each in arranged(scores, ratings):
        sign = -1.0 if each.metric in lower_is_better else 1.0
        srcc = grouped(each, each.value, "within")[0]["srcc"].times(sign)
        found.setdefault(each.dataset, {})[each.metric] = each, srcc
    rows = []
    for dataset, by_metric in found.items():
        for (a, (one, first)), (b, (other, second)) in combinations(by_metric.items(), 2):
            if not (np.array_equal(one.image, other.image) and np.array_equal(one.method, other.method)):
                continue
            difference = first.minus(second)
            error, degrees = difference.error()
            reach = family_critical(len(by_metric), max(1, int(degrees))) * error if error > 0 else error
            low, high = difference.value - reach, difference.value + reach
            rows.append((dataset, a, b, difference.value, low, high, bool(excludes_zero(low, high))))
    return pd.DataFrame(rows, columns=["dataset", "a", "b", "difference", "low", "high", "differs"])


def arranged(scores: pd.DataFrame | Sequence[Stimuli], ratings: RatingTable | None) -> Sequence[Stimuli]:
    """Return the stimuli of scores and ratings, or those that were given.

    Raises:
        StatisticsError: See `stimuli`; or there are scores without ratings.
    """
    if not isinstance(scores, pd.DataFrame):
        return scores
    if ratings is None:
        raise StatisticsError("Scores are compared with ratings: give both, or what `stimuli` returned.")
    return stimuli(scores, ratings)


def _row(each: Stimuli, form: logistic.Form) -> dict[str, object]:
    x, y = each.value, each.opinions
    row: dict[str, object] = {"dataset": each.dataset, "metric": each.metric, "n": x.size, "images": each.images}
    try:
        mapping = logistic.fit(x, y, form)
    except StatisticsError as error:
        ends = {"rmse": float("nan"), "rmse_star": float("nan"), "mapping": "", "parameters": ()}
        return row | _ends({}) | ends | {"note": str(error)}
    fitted = mapping(x)
    excess = np.maximum(np.abs(y - fitted) - each.reach, 0.0)
    freedom = max(x.size - len(mapping.parameters), 1)
    row |= _ends(pooled(each, fitted))
    return row | {
        "rmse": float(np.sqrt(np.mean((y - fitted) ** 2))),
        "rmse_star": float(np.sqrt((excess**2).sum() / freedom)),
        "mapping": mapping.form,
        "parameters": mapping.parameters,
        "note": f"{mapping.note} {_few(each.images)}".strip(),
    }


def _few(images: int) -> str:
    """Return that there are too few images for an interval, where it is so."""
    return "" if images >= FEWEST else f"{images} image{'s' if images > 1 else ''}: too few for an interval."


def _ends(found: dict[str, Estimate]) -> dict[str, float]:
    """Return the correlations with the ends of their intervals; NaN where there are none."""
    made: dict[str, float] = {}
    for name in NAMES:
        low, high = found[name].interval("fisher") if name in found else (float("nan"), float("nan"))
        value = found[name].value if name in found else float("nan")
        made |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return made


def concordance(opinions: pd.DataFrame, metrics: pd.DataFrame, *, lower_is_better: Sequence[str] = ()) -> pd.DataFrame:
    """Count how often a metric orders two methods as people do, where people see a significant difference.

    Args:
        opinions: From `compare`.
        metrics: From `compare_scores`, of one metric or several.
        lower_is_better: The metrics of which less is better.

    Returns:
        Columns dataset, metric, pairs (that people tell apart), same, opposite (metric significant and the
        other way round), share (same / pairs; NaN without pairs).
    """
    clear = opinions[opinions["significant"]][["dataset", "a", "b", "difference"]]
    table = metrics[["dataset", "metric", "a", "b", "difference", "significant"]]
    turned = table.rename(columns={"a": "b", "b": "a"}).assign(difference=-table["difference"])
    both = clear.merge(pd.concat([table, turned]), on=["dataset", "a", "b"], suffixes=("_mos", ""))
    sign = np.where(both["metric"].isin(list(lower_is_better)), -1.0, 1.0)
    same = np.sign(both["difference"]) * sign == np.sign(both["difference_mos"])
    both = both.assign(same=same, opposite=~same & both["significant"].astype(bool))
    grouped = both.groupby(["dataset", "metric"])
    counts = grouped.agg(pairs=("same", "size"), same=("same", "sum"), opposite=("opposite", "sum")).reset_index()
    return counts.assign(share=counts["same"] / counts["pairs"])

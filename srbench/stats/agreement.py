"""How well metrics predict opinion scores: correlations, and errors after a monotone mapping."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats as scipy_stats

from srbench.errors import StatisticsError
from srbench.stats import logistic
from srbench.stats.opinion import mean_opinion_scores
from srbench.stats.tables import Array, RatingTable, check_scores

FEWEST = 5
"""Images that an interval needs."""


def joined(scores: pd.DataFrame, ratings: RatingTable) -> tuple[pd.DataFrame, list[str]]:
    """Return metric values and opinion scores of the stimuli that have both, and what was left out.

    Returns:
        Columns dataset, image, method, metric, value, mos, ci (half of the 95 % interval, Student's t).
    """
    values, notes = check_scores(scores)
    mos = mean_opinion_scores(ratings, ("dataset", "image", "method"))
    quantile = scipy_stats.t.ppf(0.975, np.maximum(mos["n"].to_numpy() - 1, 1))
    mos["ci"] = quantile * mos["sd"].fillna(0.0) / np.sqrt(mos["n"])
    keys = ["dataset", "image", "method"]
    table = values[[*keys, "metric", "value"]].merge(mos[[*keys, "mos", "ci"]], on=keys)
    if table.empty:
        ours, rated = ("/".join(map(str, frame.iloc[0][keys])) for frame in (values, mos))
        raise StatisticsError(
            f"Run and study have no stimulus in common (the run has {ours}, the study {rated}). Choose the run that "
            "the study was made from."
        )
    infinite = ~np.isfinite(table["value"])
    if infinite.any():
        names = ", ".join(sorted(set(table.loc[infinite, "method"])))
        what = ", ".join(sorted(set(table.loc[infinite, "metric"])))
        notes.append(f"{int(infinite.sum())} infinite values ({what} of {names}) take no part in correlations.")
    return table[~infinite].reset_index(drop=True), notes


def agreement(
    scores: pd.DataFrame,
    ratings: RatingTable,
    *,
    form: logistic.Form = "logistic4",
) -> pd.DataFrame:
    """Return how well each metric of a run predicts opinion scores of stimuli, per data set and over `all`.

    PLCC and the errors are taken after `logistic.fit`; SRCC and KRCC (tau-b) keep their sign, so a metric of
    which less is better has negative ones. RMSE* counts only errors beyond the 95 % interval of a stimulus
    (ITU-T P.1401, clause 7.5). Intervals leave out one image at a time, with all its versions, and hold the
    mapping fixed, see `interval`: they speak of other images, with the same methods and raters.

    Returns:
        Columns dataset, metric, n, images, plcc, plcc_low, plcc_high, srcc, srcc_low, srcc_high, krcc,
        krcc_low, krcc_high, rmse, rmse_star, mapping (form), parameters, note. Undefined figures are NaN,
        with a note.
    """
    table, _ = joined(scores, ratings)
    rows = []
    for metric, part in table.groupby("metric"):
        sets = list(part.groupby("dataset"))
        if len(sets) > 1:
            sets.append(("all", part))
        rows += [_row(str(name), str(metric), group, form) for name, group in sets]
    return pd.DataFrame(rows)


def _row(dataset: str, metric: str, group: pd.DataFrame, form: logistic.Form) -> dict[str, object]:
    x, y, ci = (group[name].to_numpy(dtype=np.float64) for name in ("value", "mos", "ci"))
    _, picture = np.unique((group["dataset"] + "/" + group["image"]).to_numpy(dtype=object), return_inverse=True)
    images = int(picture.max()) + 1
    row: dict[str, object] = {"dataset": dataset, "metric": metric, "n": x.size, "images": images}
    names = ("plcc", "srcc", "krcc")
    blank = {f"{name}{end}": float("nan") for name in names for end in ("", "_low", "_high")}
    try:
        mapping = logistic.fit(x, y, form)
    except StatisticsError as error:
        ends = {"rmse": float("nan"), "rmse_star": float("nan"), "mapping": "", "parameters": ()}
        return row | blank | ends | {"note": str(error)}
    fitted = mapping(x)
    excess = np.maximum(np.abs(y - fitted) - ci, 0.0)
    freedom = max(x.size - len(mapping.parameters), 1)
    note = mapping.note
    if images < FEWEST:
        note = f"{note} {images} image{'s' if images > 1 else ''}: too few for an interval.".strip()
    for name, (value, low, high) in zip(names, correlations(x, y, fitted, picture), strict=True):
        row |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return row | {
        "rmse": float(np.sqrt(np.mean((y - fitted) ** 2))),
        "rmse_star": float(np.sqrt((excess**2).sum() / freedom)),
        "mapping": mapping.form,
        "parameters": mapping.parameters,
        "note": note,
    }


def correlations(x: Array, y: Array, fitted: Array, picture: NDArray[np.intp]) -> list[tuple[float, float, float]]:
    """Return PLCC, SRCC and KRCC of a metric, each with the ends of its interval; see `interval`.

    Args:
        x: Values of the metric, shape (n,).
        y: Opinion scores, shape (n,).
        fitted: `x`, mapped onto opinion scores; for PLCC.
        picture: Number of each stimulus's image, 0..I-1, shape (n,).
    """
    values = (
        float(np.corrcoef(fitted, y)[0, 1]),
        float(scipy_stats.spearmanr(x, y).statistic),
        float(scipy_stats.kendalltau(x, y).statistic),
    )
    images = int(picture.max()) + 1
    if images < FEWEST:
        return [(value, float("nan"), float("nan")) for value in values]
    weights = 1.0 - np.eye(images)
    without = (
        _pearson(fitted, y, weights[:, picture]),
        _spearman(x, y, weights[:, picture]),
        _kendall(x, y, picture, weights),
    )
    return [(value, *interval(value, each)) for value, each in zip(values, without, strict=True)]


def interval(value: float, without: Array, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of a correlation over images, by the jackknife on Fisher's scale.

    z = artanh(r) is nearly normal with a spread that does not depend on r. The jackknife takes off the bias of few
    images, and estimates the standard error whatever the methods of one image have in common. Student's t has
    (I - 1) / 2 degrees of freedom for I images: what a correlation gains or loses by one image has long tails, so that
    its variance is known less well than that of I normal values. In simulated studies of 5 to 100 images this covered
    in 93 to 97 %; with I - 1 it was 87 to 94 % (docs/statistics.md).

    Args:
        value: The correlation of all images.
        without: The correlations without each of the I images, shape (I,).
        level: Probability that the interval covers.

    Returns:
        Its ends; NaN for fewer than `FEWEST` images, and where a correlation is perfect or not defined.
    """
    images = without.size
    if images < FEWEST or not (np.abs([value, *without]) < 1.0 - 1e-12).all():
        return float("nan"), float("nan")
    whole, parts = np.arctanh(value), np.arctanh(without)
    error = np.sqrt((images - 1) / images * ((parts - parts.mean()) ** 2).sum())
    centre = images * whole - (images - 1) * parts.mean()
    reach = float(scipy_stats.t.isf((1 - level) / 2, (images - 1) / 2)) * error
    return float(np.tanh(centre - reach)), float(np.tanh(centre + reach))


def _pearson(x: Array, y: Array, weights: Array) -> Array:
    """Return the correlation of every weighting; `weights` has shape (B, n)."""
    total = weights.sum(axis=1)
    x, y = x - x.mean(), y - y.mean()
    mx, my = weights @ x / total, weights @ y / total
    covariance = weights @ (x * y) / total - mx * my
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Array = covariance / np.sqrt(
            (weights @ (x * x) / total - mx * mx) * (weights @ (y * y) / total - my * my)
        )
    return result


def _spearman(x: Array, y: Array, weights: Array) -> Array:
    total = weights.sum(axis=1)
    rx, ry = _weighted_ranks(x, weights), _weighted_ranks(y, weights)
    rx -= (weights * rx).sum(axis=1, keepdims=True) / total[:, None]
    ry -= (weights * ry).sum(axis=1, keepdims=True) / total[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Array = (weights * rx * ry).sum(axis=1) / np.sqrt(
            (weights * rx**2).sum(axis=1) * (weights * ry**2).sum(axis=1)
        )
    return result


def _weighted_ranks(x: Array, weights: Array) -> Array:
    """Return the mid-rank of every value in every weighting, as if each value stood there `weight` times."""
    _, place = np.unique(x, return_inverse=True)
    order = np.argsort(place, kind="stable")
    starts = np.searchsorted(place[order], np.arange(place.max() + 1))
    mass = np.add.reduceat(weights[:, order], starts, axis=1)
    ranks = np.cumsum(mass, axis=1) - mass / 2
    taken: Array = ranks[:, place]
    return taken


def _kendall(x: Array, y: Array, picture: NDArray[np.intp], weights: Array) -> Array:
    """Return tau-b of every weighting, from the sums of concordance between whole images.

    Copies of one stimulus are ties in both variables, so they add nothing and the sums need no correction.
    """
    sx, sy = np.sign(x[:, None] - x), np.sign(y[:, None] - y)
    member = np.zeros((weights.shape[1], x.size))
    member[picture, np.arange(x.size)] = 1.0

    def total(pairs: Array) -> Array:
        between = member @ pairs @ member.T
        sums: Array = ((weights @ between) * weights).sum(axis=1)
        return sums

    with np.errstate(divide="ignore", invalid="ignore"):
        result: Array = total(sx * sy) / np.sqrt(total(sx * sx) * total(sy * sy))
    return result


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

"""Whether a metric decides between two versions of one image as people do: accuracy over pairs, ties included."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats as scipy_stats

from srbench.stats.agreement import arranged
from srbench.stats.jackknife import FEWEST, Estimate
from srbench.stats.stimuli import Stimuli
from srbench.stats.tables import Array, RatingTable


def pair_accuracy(
    scores: pd.DataFrame | Sequence[Stimuli],
    ratings: RatingTable | None = None,
    *,
    lower_is_better: Sequence[str] = (),
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Return how often a metric decides between two versions of one image as people do.

    People decide by a paired t test over the raters who saw both versions, at level `alpha` for each pair alone: the
    first is better, the second is, or neither (a tie). Two questions follow (Krasula, Fliegel, Le Callet and Klima, "On
    the accuracy of objective image and video quality models", QoMEX 2016; Deutsch, Foster and Freitag, "Ties matter",
    EMNLP 2023):

    - `clear`: among the pairs that people tell apart, the share that the metric orders the same way; equal values of
      the metric count half.
    - `accuracy`: among all pairs, the share with the same one of the three answers, when the metric says tie for
      differences up to a threshold. The threshold of an image is the one that serves the other images best, so that
      no image is judged by itself. Whoever always says tie reaches the share of ties.

    Args:
        scores: See `agreement`.
        ratings: See `agreement`.
        lower_is_better: The metrics of which less is better.
        alpha: Level of the decisions of people.

    Returns:
        Columns dataset, metric, pairs, ties (pairs that people do not tell apart), unknown (pairs that fewer than two
        raters saw, left out), clear, clear_low, clear_high, accuracy, accuracy_low, accuracy_high, threshold (that
        serves all images best), note. Intervals as in `agreement`, on the logit scale.
    """
    return pd.DataFrame(
        {"dataset": each.dataset, "metric": each.metric} | _row(each, each.metric in lower_is_better, alpha)
        for each in arranged(scores, ratings)
    )


def estimates(stimuli: Stimuli, lower_is_better: bool = False, alpha: float = 0.05) -> tuple[Estimate, Estimate]:
    """Return the shares `clear` and `accuracy` of `pair_accuracy`, with what they become without images and raters."""
    metric, people, without, _ = _asked(stimuli, lower_is_better, alpha)
    clear = _estimate(*_clear(metric, people), [_clear(metric, other) for other in without])
    calibrated = _estimate(*_calibrated(metric, people), [_calibrated(metric, other) for other in without])
    return clear, calibrated


def _asked(stimuli: Stimuli, lower_is_better: bool, alpha: float) -> tuple[Array, Array, Array, int]:
    """Return the metric's differences and people's decisions, shape (I, P), those without each rater, shape (R, I, P).

    A pair whose decision is not known has no difference; the last figure is their number.
    """
    first, second = np.triu_indices(stimuli.methods, 1)
    values = stimuli.grid(stimuli.value)
    metric = values[:, second] - values[:, first] if lower_is_better else values[:, first] - values[:, second]
    scores = stimuli.grid(stimuli.scores.T)
    people, without = decisions(scores[:, :, first] - scores[:, :, second], alpha)
    unknown = ~np.isnan(metric) & np.isnan(people)
    return np.where(unknown, np.nan, metric), people, without, int(unknown.sum())


def _row(each: Stimuli, lower_is_better: bool, alpha: float) -> dict[str, object]:
    metric, people, _, unknown = _asked(each, lower_is_better, alpha)
    asked = ~np.isnan(metric)
    pairs, ties = int(asked.sum()), int((people[asked] == 0).sum())
    row: dict[str, object] = {"pairs": pairs, "ties": ties, "unknown": unknown}
    for name, estimate in zip(("clear", "accuracy"), estimates(each, lower_is_better, alpha), strict=True):
        low, high = estimate.interval("logit")
        row |= {name: estimate.value, f"{name}_low": low, f"{name}_high": high}
    notes = [] if each.images >= FEWEST else [f"Fewer than {FEWEST} images: no interval."]
    if pairs and ties == pairs:
        notes.append("People tell no pair apart.")
    return row | {"threshold": _threshold(metric, people), "note": " ".join(notes)}


def decisions(answers: Array, alpha: float = 0.05) -> tuple[Array, Array]:
    """Return what people decide about every pair: 1 the first is better, -1 the second, 0 neither, NaN unknown.

    Args:
        answers: Differences of each rater's scores, shape (R, I, P); NaN where a rater did not see both.
        alpha: Level of the two-sided paired t test. Where all raters differ by the same amount, which leaves no error,
            the sign test decides: 2 / 2^n below alpha.

    Returns:
        The decisions of all raters, shape (I, P), and without each of them, shape (R, I, P) or (0, I, P).
    """
    there = ~np.isnan(answers)
    known = np.where(there, answers, 0.0)
    count, total, squares = there.sum(axis=0), known.sum(axis=0), (known**2).sum(axis=0)
    everybody = _decided(count, total, squares, alpha)
    if len(answers) < 2:
        return everybody, np.empty((0, *count.shape))
    return everybody, _decided(count - there, total - known, squares - known**2, alpha)


def _decided(count: Array, total: Array, squares: Array, alpha: float) -> Array:
    if not count.size:
        return np.empty(count.shape)
    n = np.maximum(count, 2)
    mean = total / n
    variance = np.maximum(squares - n * mean**2, 0.0) / (n - 1)
    certain = variance < 1e-12
    quantile = np.asarray(scipy_stats.t.isf(alpha / 2, np.arange(1, int(n.max()))))[n - 2]
    clear = np.where(certain, (mean != 0) & (2.0 ** (1 - n) < alpha), mean**2 > quantile**2 * variance / n)
    found: Array = np.where(count < 2, np.nan, np.sign(mean) * clear)
    return found


def _clear(metric: Array, people: Array) -> tuple[Array, Array]:
    """Return per image the sum of right answers, ties of the metric half, and the number of clear pairs."""
    asked = ~np.isnan(metric) & (np.abs(people) == 1)
    right = np.where(metric == 0, 0.5, np.sign(metric) == people)
    return np.where(asked, right, 0.0).sum(axis=1), asked.sum(axis=1).astype(np.float64)


def _calibrated(metric: Array, people: Array) -> tuple[Array, Array]:
    """Return per image the number of right answers of three, with the threshold of the others, and of pairs."""
    right, _ = _by_threshold(metric, people)
    best = np.argmax(right.sum(axis=0) - right, axis=1)
    asked = ~(np.isnan(metric) | np.isnan(people))
    return np.take_along_axis(right, best[:, None], axis=1)[:, 0], asked.sum(axis=1).astype(np.float64)


def _threshold(metric: Array, people: Array) -> float:
    right, thresholds = _by_threshold(metric, people)
    return float(thresholds[int(np.argmax(right.sum(axis=0)))])


def _by_threshold(metric: Array, people: Array) -> tuple[Array, Array]:
    """Return the right answers of three per image and threshold, shape (I, T), and the thresholds from -1 upwards.

    Up to a threshold the metric says tie. At -1 it never does; the others are the differences that occur.
    """
    asked = ~(np.isnan(metric) | np.isnan(people))
    image = np.nonzero(asked)[0]
    size, answer, sign = np.abs(metric[asked]), people[asked], np.sign(metric[asked])
    thresholds, place = np.unique(np.concatenate([[-1.0], size]), return_inverse=True)
    # Crossing a pair's own difference turns the metric's answer into a tie.
    change = (answer == 0).astype(np.float64) - (sign == answer) * (answer != 0)
    steps = np.zeros((len(metric), thresholds.size))
    np.add.at(steps, (image, place[1:]), change)
    steps[:, 0] = np.bincount(image, (sign == answer) & (answer != 0), len(metric))
    return np.cumsum(steps, axis=1), thresholds


def _estimate(right: Array, asked: Array, without: Sequence[tuple[Array, Array]]) -> Estimate:
    """Return a share of right answers, with what it becomes without each image that has a pair, and each rater."""
    used = asked > 0
    raters = np.array([_share(r.sum(), n.sum()) for r, n in without])
    # A share of sums is nearly a mean over images of how many more answers are right in each than this share.
    share = _share(right.sum(), asked.sum())
    each, left = right - share * asked, np.array([r - share * n for r, n in without]).reshape(-1, asked.size)
    cells = (len(left) * each - (len(left) - 1) * left)[:, used] / asked[used].mean() if used.any() else left
    right, asked = right[used], asked[used]
    images = np.array([_share(right.sum() - r, asked.sum() - n) for r, n in zip(right, asked, strict=True)])
    return Estimate(share, images, raters, cells)


def _share(right: float, asked: float) -> float:
    return float(right / asked) if asked > 0 else float("nan")

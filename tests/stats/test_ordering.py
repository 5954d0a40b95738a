"""Accuracy over pairs with ties: against plain counting, and intervals that cover (benchmarks/people.py has more)."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

from srbench import stats
from srbench.stats.ordering import decisions, estimates
from srbench.stats.stimuli import Stimuli


def rated(scores: np.ndarray, value: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return scores (M, I, R) and a metric (M, I) as the tables of a run and a study."""
    m, i, r = scores.shape
    cells = pd.MultiIndex.from_product([range(m), range(i), range(r)], names=["method", "image", "rater"])
    ratings = pd.DataFrame({"score": scores.ravel()}, index=cells).reset_index()
    run = ratings.drop_duplicates(["method", "image"])[["method", "image"]].assign(value=value.ravel(), metric="m")
    names = {"method": str, "image": str}
    return run.assign(dataset="d").astype(names), ratings.assign(dataset="d").astype(names | {"rater": str})


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, np.ndarray]:
    source = np.random.default_rng(0)
    quality = np.linspace(1.8, 4.2, 4)[:, None] + source.normal(0, 0.3, (4, 9))
    scores = np.clip(np.rint(quality[..., None] + source.normal(0, 0.7, (4, 9, 12))), 1, 5)
    return scores, np.round(quality + source.normal(0, 0.9, (4, 9)), 1)


def test_shares_are_those_of_counting_pair_by_pair(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    scores, value = drawn
    rows = []
    for image in range(scores.shape[1]):
        for a, b in combinations(range(len(scores)), 2):
            test = scipy_stats.ttest_rel(scores[a, image], scores[b, image])
            people = np.sign(test.statistic) * (test.pvalue < 0.05)
            rows.append((image, value[a, image] - value[b, image], people))
    table = pd.DataFrame(rows, columns=["image", "metric", "people"])
    clear = table[table["people"] != 0]
    expected = np.where(clear["metric"] == 0, 0.5, np.sign(clear["metric"]) == clear["people"]).mean()
    row = stats.pair_accuracy(*rated(scores, value)).iloc[0]
    assert (row["pairs"], row["ties"], row["unknown"]) == (54, int((table["people"] == 0).sum()), 0)
    assert row["clear"] == pytest.approx(expected)

    def right(part: pd.DataFrame, threshold: float) -> int:
        said = np.where(part["metric"].abs() <= threshold, 0, np.sign(part["metric"]))
        return int((said == part["people"]).sum())

    thresholds = sorted({-1.0, *table["metric"].abs()})
    total = 0
    for image, part in table.groupby("image"):
        others = table[table["image"] != image]
        best = max(thresholds, key=lambda threshold: (right(others, threshold), -threshold))
        total += right(part, best)
    assert row["accuracy"] == pytest.approx(total / 54)
    best = max(thresholds, key=lambda threshold: (right(table, threshold), -threshold))
    assert row["threshold"] == pytest.approx(best)


def test_decisions_without_a_rater_are_those_of_the_others(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    answers = (drawn[0][0] - drawn[0][1]).T[..., None]
    _, without = decisions(answers)
    for rater in range(12):
        np.testing.assert_array_equal(without[rater], decisions(np.delete(answers, rater, axis=0))[0])


def test_raters_who_all_say_the_same_decide_when_there_are_six_of_them() -> None:
    for raters, decided in ((2, 0), (5, 0), (6, 1)):
        assert decisions(np.ones((raters, 1, 1)))[0].item() == decided
    assert np.isnan(decisions(np.ones((1, 1, 1)))[0].item())


def test_less_is_better_turns_the_metric_round(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    scores, value = drawn
    straight = stats.pair_accuracy(*rated(scores, value)).iloc[0]
    turned = stats.pair_accuracy(*rated(scores, -value), lower_is_better=["m"]).iloc[0]
    for name in ("clear", "clear_low", "accuracy", "accuracy_high", "threshold"):
        assert turned[name] == pytest.approx(straight[name], nan_ok=True)
    assert stats.pair_accuracy(*rated(scores, -value)).iloc[0]["clear"] == pytest.approx(1 - straight["clear"])


def test_pairs_without_two_common_raters_are_counted_and_left_out(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    run, ratings = rated(*drawn)
    few = ratings[(ratings["method"] != "0") | (ratings["image"] != "3") | (ratings["rater"] == "7")]
    row = stats.pair_accuracy(run, few).iloc[0]
    assert (row["pairs"], row["unknown"]) == (51, 3)


def test_a_perfect_metric_has_no_interval_and_people_who_tell_nothing_apart_are_named() -> None:
    scores = np.tile(np.array([1.0, 3.0, 5.0])[:, None, None], (1, 6, 8))
    row = stats.pair_accuracy(*rated(scores, np.tile([[1.0], [2.0], [3.0]], 6))).iloc[0]
    assert (row["clear"], row["ties"]) == (1.0, 0)
    assert np.isnan(row["clear_low"])
    same = stats.pair_accuracy(*rated(np.full((3, 6, 8), 3.0) + np.eye(3)[:, :1, None], np.ones((3, 6)))).iloc[0]
    assert same["pairs"] == 18
    flat = np.random.default_rng(0).integers(2, 5, (3, 6, 2)).astype(float)
    row = stats.pair_accuracy(*rated(flat, np.arange(18.0).reshape(3, 6))).iloc[0]
    assert np.isnan(row["clear"])
    assert row["note"] == "People tell no pair apart."


@pytest.mark.parametrize("images", [6, 14])
def test_intervals_cover_what_other_images_and_raters_would_show(images: int) -> None:
    source, found = np.random.default_rng(6), []
    for _ in range(120):
        quality = np.linspace(1.6, 4.0, 5)[:, None] + source.normal(0, 0.35, (5, images))
        scores = quality[..., None] + source.normal(0, 0.2, (5, 1, 14)) + source.normal(0, 0.7, (5, images, 14))
        value = (quality + source.normal(0, 0.6, (5, images))).ravel()
        method, image = np.divmod(np.arange(5 * images), images)
        whole = np.clip(np.rint(scores), 1, 5).reshape(5 * images, 14)
        found.append(estimates(Stimuli("d", "m", image, method, value, whole, np.zeros(5 * images))))
    for place in range(2):
        truth = np.mean([each[place].value for each in found])
        ends = [each[place].interval("logit") for each in found]
        assert np.mean([low <= truth <= high or np.isnan(low) for low, high in ends]) >= 0.91

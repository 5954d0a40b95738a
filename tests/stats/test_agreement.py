"""Metrics against people: correlations against scipy, weights against copies, intervals that cover."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

from srbench import stats
from srbench.errors import StatisticsError
from srbench.stats import agreement, compare, compare_scores, concordance, image_agreement, logistic, metric_contrasts
from srbench.stats.correlations import pearson, pooled, spearman
from srbench.stats.jackknife import Estimate
from tests.stats.conftest import SCORE_COLUMNS, score_grid, scored


def interval(value: float, without: np.ndarray) -> tuple[float, float]:
    """Return the interval over images alone."""
    return Estimate(value, without, np.empty(0), long_tails=True).interval("fisher")


def test_correlations_are_scipys_and_lie_in_their_intervals(ratings):
    scores = scored(ratings)
    row = agreement(scores, ratings).iloc[0]
    mos = ratings.groupby(["image", "method"])["score"].mean()
    value = scores.set_index(["image", "method"])["value"].loc[mos.index]
    assert row["srcc"] == pytest.approx(scipy_stats.spearmanr(value, mos).statistic, abs=1e-9)
    assert row["krcc"] == pytest.approx(scipy_stats.kendalltau(value, mos).statistic, abs=1e-9)
    fitted = logistic.fit(value.to_numpy(), mos.to_numpy())(value.to_numpy())
    assert row["plcc"] == pytest.approx(np.corrcoef(fitted, mos)[0, 1], abs=1e-6)
    for name in ("plcc", "srcc", "krcc"):
        assert row[f"{name}_low"] < row[name] < row[f"{name}_high"]
    assert row["rmse_star"] < row["rmse"]


def test_the_interval_is_students_over_pseudo_values_on_fishers_scale():
    without = np.array([0.6, 0.7, 0.65, 0.72, 0.5, 0.68, 0.61])
    pseudo = 7 * np.arctanh(0.66) - 6 * np.arctanh(without)
    expected = scipy_stats.t.interval(0.95, 3, pseudo.mean(), scipy_stats.sem(pseudo))
    assert np.arctanh(interval(0.66, without)) == pytest.approx(expected)


@pytest.mark.parametrize("images", [5, 14])
def test_intervals_of_correlations_cover_what_more_images_would_show(images):
    source = np.random.default_rng(3)

    def study(count):
        quality = np.linspace(1.2, 4.5, 6) + source.normal(0, 0.4, (count, 1)) + source.normal(0, 0.3, (count, 6))
        return 2 * quality + source.normal(0, 1.5, (count, 1)) + source.normal(0, 0.6, (count, 6)), quality

    def correlations(x, y, weights):
        picture = np.repeat(np.arange(len(x)), 6)
        return spearman(x.ravel(), y.ravel(), weights[:, picture]), pearson(x.ravel(), y.ravel(), weights[:, picture])

    true = [float(value[0]) for value in correlations(*study(2000), np.ones((1, 2000)))]
    inside = np.zeros(2)
    for _ in range(300):
        x, y = study(images)
        whole, parts = (correlations(x, y, w) for w in (np.ones((1, images)), 1 - np.eye(images)))
        ends = [interval(float(value[0]), part) for value, part in zip(whole, parts, strict=True)]
        inside += [low <= value <= high for value, (low, high) in zip(true, ends, strict=True)]
    assert (inside / 300 >= 0.925).all()


def test_a_perfect_correlation_has_no_interval():
    assert np.isnan(interval(1.0, np.ones(9))).all()


def test_a_metric_of_which_less_is_better_has_negative_rank_correlations(ratings):
    scores = scored(ratings)
    turned = agreement(scores.assign(value=-scores["value"]), ratings).iloc[0]
    straight = agreement(scores, ratings).iloc[0]
    assert turned["srcc"] == pytest.approx(-straight["srcc"])
    assert turned["plcc"] == pytest.approx(straight["plcc"], abs=1e-6)


def test_every_set_and_all_together_have_a_row_per_metric(ratings):
    both = pd.concat([ratings, ratings.assign(dataset="set5")])
    scores = pd.concat([scored(both), scored(both, 1, "ssim")])
    table = agreement(scores, both)
    assert table[["metric", "dataset"]].to_numpy().tolist() == [
        [metric, name] for metric in ("psnr", "ssim") for name in ("set14", "set5", "all")
    ]


def test_infinite_values_take_no_part(ratings):
    scores = scored(ratings)
    scores.loc[scores["method"] == "srgan", "value"] = np.inf
    assert agreement(scores, ratings).loc[0, "n"] == 24


def test_a_constant_metric_is_nan_with_a_sentence(ratings):
    row = agreement(scored(ratings).assign(value=1.0), ratings).iloc[0]
    assert np.isnan(row["plcc"])
    assert "constant" in row["note"]


def test_one_image_has_no_interval(ratings):
    few = ratings[ratings["image"] == "img_000"]
    more = pd.concat([few.assign(method=few["method"] + str(k), score=few["score"].to_numpy()) for k in range(3)])
    row = agreement(scored(more), more).iloc[0]
    assert np.isnan(row["srcc_low"])
    assert "1 image: too few for an interval." in row["note"]


def test_an_interval_needs_five_images(ratings):
    for images, usable in ((4, False), (5, True)):
        few = ratings[ratings["image"].isin(sorted(ratings["image"].unique())[:images])]
        assert np.isfinite(agreement(scored(few), few).iloc[0]["srcc_low"]) == usable


def test_a_run_and_a_study_without_a_common_stimulus_are_an_error(ratings):
    with pytest.raises(StatisticsError, match="no stimulus in common"):
        agreement(scored(ratings).assign(dataset="elsewhere"), ratings)


def test_concordance_counts_the_pairs_that_a_metric_turns_round(ratings):
    mos = ratings.groupby("method")["score"].mean()
    rows = [
        ("set14", f"img_{i:03d}", method, "psnr", {"bicubic": 26.0, "srcnn": 28.0, "srgan": 25.0}[method] + i / 100)
        for method in mos.index
        for i in range(12)
    ]
    metric = compare_scores(pd.DataFrame(rows, columns=SCORE_COLUMNS), "psnr", methods=["srgan", "srcnn", "bicubic"])
    row = concordance(compare(ratings), metric).iloc[0]
    assert (row["pairs"], row["same"], row["opposite"]) == (3, 1, 2)
    turned = concordance(compare(ratings), metric, lower_is_better=["psnr"]).iloc[0]
    assert (turned["same"], turned["opposite"]) == (2, 1)


def test_images_on_which_nothing_differs_are_counted_and_left_out() -> None:
    scores, ratings = score_grid()
    flat = ratings.assign(score=ratings["score"].where(ratings["image"] != "2", 3.0))
    row = image_agreement(scores, flat).set_index("kind").loc["within"]
    assert (row["groups"], row["undefined"]) == (8, 1)
    rest = image_agreement(scores[scores["image"] != "2"], flat).set_index("kind").loc["within"]
    assert row["srcc"] == pytest.approx(rest["srcc"])


def test_a_metric_that_is_wrong_inside_images_and_not_across_them_shows_both() -> None:
    _, ratings = score_grid()
    mos = ratings.groupby(["image", "method"], as_index=False)["score"].mean()
    level = mos.groupby("image")["score"].transform("mean")
    turned = mos.assign(value=20 * level - mos["score"], metric="odd", dataset="d")[SCORE_COLUMNS]
    found = image_agreement(turned, ratings).set_index("kind")
    assert found.loc["within", "srcc"] == pytest.approx(-1.0)
    assert found.loc["across", "srcc"] > 0.0


def test_a_metric_is_closer_to_people_than_another_only_where_the_interval_says_so() -> None:
    scores, ratings = score_grid()
    noise = np.random.default_rng(5).normal(0, 1, len(scores))
    bad = scores.assign(metric="bad", value=noise)
    less = scores.assign(metric="less", value=-scores["value"])
    table = metric_contrasts(pd.concat([scores, bad, less]), ratings, lower_is_better=["less"])
    by_pair = table.set_index(["a", "b"])
    assert by_pair.loc[("bad", "psnr"), "differs"]
    assert by_pair.loc[("bad", "psnr"), "high"] < 0
    assert by_pair.loc[("less", "psnr"), "difference"] == pytest.approx(0.0)
    assert not by_pair.loc[("less", "psnr"), "differs"]


def test_intervals_speak_of_other_raters_too() -> None:
    scores, ratings = score_grid()
    found = pooled(stats.stimuli(scores, ratings)[0], scores["value"].to_numpy())["srcc"]
    alone = Estimate(found.value, found.images, np.empty(0))
    assert found.error()[0] > alone.error()[0]

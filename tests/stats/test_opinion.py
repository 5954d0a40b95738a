"""Means, ranks and distributions against a published study, and what happens to damaged tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from srbench.errors import StatisticsError
from srbench.stats import (
    compare,
    friedman,
    gold,
    mean_opinion_scores,
    mean_ranks,
    mean_scores,
    median_seconds,
    rank_distribution,
    score_distribution,
)
from srbench.stats.tables import Cube


def test_means_and_intervals_are_the_published_ones_of_a_real_study(golden):
    wide = pd.read_csv(golden / "mos" / "avt_test1_ratings.csv")
    published = pd.read_csv(golden / "mos" / "avt_test1_mos_ci.csv").set_index("video_name")
    long = wide.melt("video_name", var_name="rater", value_name="score")
    long = long.rename(columns={"video_name": "image"}).assign(dataset="avt", method="as shown")
    found = mean_opinion_scores(long, ("dataset", "image", "method")).set_index("image").loc[published.index]
    assert len(found) == len(published) > 100
    assert found["mos"].to_numpy() == pytest.approx(published["MOS"].to_numpy(), abs=1e-9)
    half = (found["high"] - found["low"]) / 2
    assert half.to_numpy() == pytest.approx(published["CI"].to_numpy(), abs=1e-9)


def test_the_mean_of_a_set_is_that_of_all_its_ratings_and_lies_in_its_interval(ratings):
    table = mean_opinion_scores(ratings).set_index("method")
    plain = ratings.groupby("method")["score"].mean()
    assert table["mos"].to_dict() == pytest.approx(plain.to_dict())
    assert ((table["low"] < table["mos"]) & (table["mos"] < table["high"])).all()
    assert (table["n"] == 96).all()


def test_a_crossed_interval_of_single_stimuli_is_refused(ratings):
    with pytest.raises(StatisticsError, match="crossed interval"):
        mean_opinion_scores(ratings, ("image",), interval="crossed")


def test_the_distribution_counts_every_rating_once(ratings):
    table = score_distribution(ratings)
    assert table["count"].sum() == len(ratings)
    assert table.groupby("method")["share"].sum().to_numpy() == pytest.approx(1)
    assert table.groupby("method")["score"].apply(list).iloc[0] == [1, 2, 3, 4, 5]


def test_ranks_average_ties_and_give_one_to_the_best():
    rows = [("s", "r", "i", method, score) for method, score in (("a", 5), ("b", 3), ("c", 3), ("d", 1))]
    ratings = pd.DataFrame(rows, columns=["dataset", "rater", "image", "method", "score"])
    assert mean_ranks(ratings).set_index("method")["rank"].to_dict() == {"a": 1, "b": 2.5, "c": 2.5, "d": 4}


def test_the_distribution_of_ranks_has_the_mean_ranks_of_untied_scores(draw):
    ratings = draw({"a": 3.0, "b": 3.0, "c": 3.0}).assign(method_order=0)
    order = ratings.groupby(["rater", "image"])["score"].rank(method="first")
    untied = ratings.assign(score=order + 1)
    table = rank_distribution(untied)
    means = (table["rank"] * table["share"]).groupby(table["method"]).sum()
    assert means.to_dict() == pytest.approx(mean_ranks(untied).set_index("method")["rank"].to_dict())


def test_an_image_that_lacks_a_version_is_not_ranked_and_is_counted(ratings):
    table = mean_ranks(ratings.drop(index=0))
    assert set(table["n"]) == {95}
    assert set(table["left_out"]) == {1}


def test_gold_is_off_where_a_rater_scores_the_nearest_high(draw):
    ratings = draw({"nearest": 1.0, "srcnn": 3.0, "hr": 5.0}, noise=0.2)
    bad = (ratings["rater"] == "r01") & (ratings["method"] == "nearest")
    ratings.loc[bad, "score"] = 4
    table = gold(ratings)
    assert table[table["off"]][["rater", "method"]].to_numpy().tolist() == [["r01", "nearest"]]
    medians = table.groupby("method")["mean"].median()
    assert table["median"].tolist() == [medians[method] for method in table["method"]]


def test_mean_scores_are_plain_means_and_infinite_where_one_score_is():
    values = {"m": [0.0, 1.0, 2.0, 3.0, 4.0], "copy": [0.0, 1.0, np.inf, 3.0, 4.0], "hr": [np.inf] * 5}
    rows = [("set5", f"i{i}", name, "psnr", v) for name, given in values.items() for i, v in enumerate(given)]
    scores = pd.DataFrame(rows, columns=["dataset", "image", "method", "metric", "value"])
    table = mean_scores(scores, "psnr").set_index("method")
    assert table.loc["m", "value"] == 2.0
    assert table.loc["m", "low"] < 2.0 < table.loc["m", "high"]
    assert table.loc["copy", "value"] == np.inf
    assert table.loc["copy", ["low", "high"]].isna().all()  # nothing is known of how a mean with infinity varies
    assert table.loc["hr", ["value", "low", "high"]].eq(np.inf).all()


def test_an_infinite_score_is_the_best_rank_of_its_image():
    values = np.array([[[30.0, 28.0, 27.0]], [[31.0, 29.0, 28.0]], [[29.0, np.inf, 26.0]]])
    finite = np.where(np.isinf(values), 99.0, values)
    names = (("a", "b", "c"), ("",), ("x", "y", "z"))
    ours, reference = friedman(Cube("s", *names, values)), friedman(Cube("s", *names, finite))
    assert (ours.statistic, ours.p) == (reference.statistic, reference.p)
    assert ours.ranks.to_dict() == {"b": 4 / 3, "a": 7 / 3, "c": 7 / 3}


def test_the_time_of_a_method_is_the_median_over_images_whatever_the_number_of_metrics():
    rows = [("set5", f"i{i}", "m", metric, status, seconds)
            for i, (seconds, status) in enumerate([(1.0, "ok"), (9.0, "ok"), (2.0, "ok"), (0.1, "failed")])
            for metric in (("psnr", "ssim") if i else ("psnr",))]  # fmt: skip
    table = median_seconds(pd.DataFrame(rows, columns=["dataset", "image", "method", "metric", "status", "seconds"]))
    assert table.to_dict("records") == [{"dataset": "set5", "method": "m", "seconds": 2.0}]


def test_constant_scores_give_means_without_width_and_no_significance(ratings):
    table = mean_opinion_scores(ratings.assign(score=3))
    assert (table["low"] == table["high"]).all()
    assert not compare(ratings.assign(score=3))["significant"].any()

"""Means, ranks and distributions against a published study, and what happens to damaged tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scikit_posthocs
from scipy import stats as scipy_stats

from srbench.errors import StatisticsError
from srbench.stats import (
    check_ratings,
    check_scores,
    checked_ratings,
    compare,
    cubes,
    friedman,
    gold,
    mean_opinion_scores,
    mean_ranks,
    mean_scores,
    median_seconds,
    rank_distribution,
    reliability,
    retest,
    score_distribution,
    screening,
    taste,
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


def test_checked_ratings_give_what_their_table_gives(draw):
    ratings = draw({"a": 2.0, "b": 3.0, "c": 4.0})
    again = ratings[ratings["method"] == "a"].assign(repeat=1)
    table = pd.concat([ratings, again, again.iloc[:2]])
    checked = checked_ratings(table)
    assert checked.notes == (
        "2 repeated rating rows were counted once.",
        f"{len(again)} ratings of second showings serve the test of reliability only.",
    )
    for statistic in (mean_opinion_scores, compare, reliability, retest, screening, taste, mean_ranks, gold):
        pd.testing.assert_frame_equal(statistic(checked), statistic(table))


def test_the_time_of_a_method_is_the_median_over_images_whatever_the_number_of_metrics():
    rows = [("set5", f"i{i}", "m", metric, status, seconds)
            for i, (seconds, status) in enumerate([(1.0, "ok"), (9.0, "ok"), (2.0, "ok"), (0.1, "failed")])
            for metric in (("psnr", "ssim") if i else ("psnr",))]  # fmt: skip
    table = median_seconds(pd.DataFrame(rows, columns=["dataset", "image", "method", "metric", "status", "seconds"]))
    assert table.to_dict("records") == [{"dataset": "set5", "method": "m", "seconds": 2.0}]


def _cube(seed: int, m: int = 5, i: int = 14) -> Cube:
    source = np.random.default_rng(seed)
    cells = np.round(source.normal(3, 0.5, (m, 1, i)) + 0.1 * np.arange(m)[:, None, None], 1)
    return Cube("s", tuple("abcdefgh"[:m]), ("",), tuple(map(str, range(i))), cells)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_friedman_is_scipys_and_nemenyi_groups_are_those_of_scikit_posthocs(seed):
    cube = _cube(seed)
    found = friedman(cube)
    values = cube.cells[:, 0]
    expected = scipy_stats.friedmanchisquare(*values)
    assert (found.statistic, found.p) == pytest.approx((expected.statistic, expected.pvalue), abs=1e-9)
    table = scikit_posthocs.posthoc_nemenyi_friedman(values.T).to_numpy()
    k, n = values.shape
    ranks = scipy_stats.rankdata(-values, axis=0).mean(axis=1)
    statistic = abs(ranks[:, None] - ranks) / np.sqrt(k * (k + 1) / (6 * n))
    p = scipy_stats.studentized_range.sf(statistic * np.sqrt(2), k, np.inf)
    off = ~np.eye(k, dtype=bool)
    assert p[off] == pytest.approx(table[off], abs=1e-9)
    for a in range(k):
        for b in range(a):
            together = any({"abcde"[a], "abcde"[b]} <= set(group) for group in found.groups)
            assert together == (table[a, b] >= 0.05)


def test_ranks_of_friedman_turn_round_where_less_is_better():
    cube = _cube(0)
    up, down = friedman(cube).ranks, friedman(cube, higher_is_better=False).ranks
    assert (6 - up[down.index]).to_numpy() == pytest.approx(down.to_numpy())


def test_friedman_without_any_difference_has_p_one():
    cells = np.full((4, 1, 6), 3.0)
    found = friedman(Cube("s", ("a", "b", "c", "d"), ("",), tuple("123456"), cells))
    assert (found.p, found.kendall_w) == (1.0, 0.0)
    assert found.groups == (("a", "b", "c", "d"),)


def test_friedman_needs_two_common_images():
    cells = np.full((3, 1, 4), np.nan)
    cells[:, 0, 0] = [1, 2, 3]
    with pytest.raises(StatisticsError, match="two images or more"):
        friedman(Cube("s", ("a", "b", "c"), ("",), tuple("1234"), cells))


def test_missing_columns_are_named(ratings):
    with pytest.raises(StatisticsError, match="lack the columns rater, score"):
        mean_opinion_scores(ratings.drop(columns=["rater", "score"]))


@pytest.mark.parametrize("score", [0, 6, -1])
def test_a_score_outside_the_scale_is_an_error_that_names_the_place(ratings, score):
    ratings.loc[7, "score"] = score
    with pytest.raises(StatisticsError, match=r"outside 1..5.*img_007"):
        compare(ratings)


def test_a_word_among_the_scores_is_an_error(ratings):
    with pytest.raises(StatisticsError, match="'good', which is no number"):
        compare(ratings.astype({"score": object}).replace({"score": {5.0: "good"}}))


def test_nan_scores_count_as_missing_and_are_named(ratings):
    ratings.loc[[1, 2], "score"] = np.nan
    clean, notes = check_ratings(ratings)
    assert len(clean) == len(ratings) - 2
    assert notes == ["2 ratings have no value and count as missing."]
    assert cubes(ratings)[0].missing == 2


def test_copied_rows_count_once_and_are_named(ratings):
    clean, notes = check_ratings(pd.concat([ratings, ratings.iloc[:3]]))
    assert len(clean) == len(ratings)
    assert notes == ["3 repeated rating rows were counted once."]


def test_contradicting_rows_are_an_error(ratings):
    other = ratings.iloc[:1].assign(score=6 - ratings.loc[0, "score"])
    with pytest.raises(StatisticsError, match="contradict another rating"):
        mean_opinion_scores(pd.concat([ratings, other]))


def test_a_row_without_a_rater_is_an_error(ratings):
    ratings.loc[0, "rater"] = None
    with pytest.raises(StatisticsError, match="1 rows of the ratings lack one of rater"):
        mean_opinion_scores(ratings)


def test_no_rating_at_all_is_an_error(ratings):
    with pytest.raises(StatisticsError, match="no rating left"):
        mean_opinion_scores(ratings.iloc[:0])


def test_constant_scores_give_means_without_width_and_no_significance(ratings):
    table = mean_opinion_scores(ratings.assign(score=3))
    assert (table["low"] == table["high"]).all()
    assert not compare(ratings.assign(score=3))["significant"].any()


def test_mixed_protocols_are_refused():
    scores = pd.DataFrame(
        {"dataset": "s", "image": "i", "method": ["a", "b"], "metric": "psnr", "value": 1.0, "protocol": ["x", "y"]}
    )
    with pytest.raises(StatisticsError, match="mix the protocols x, y"):
        check_scores(scores)

"""Pairwise comparisons against scipy, statsmodels and pingouin, and on cases whose answer is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats
from statsmodels.stats.multitest import multipletests

from srbench.errors import StatisticsError
from srbench.stats import compare, compare_scores, holm, significantly_highest
from srbench.stats.signed_rank import smallest_p


def test_holm_is_that_of_statsmodels():
    p = np.random.default_rng(0).uniform(0, 0.2, 36)
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1], abs=1e-9)


def test_five_images_can_reach_no_smaller_p_than_one_sixteenth(draw):
    table = compare(draw({"a": 1.2, "b": 4.8}, images=5, raters=26))
    assert smallest_p(5) == 0.0625
    assert table.loc[0, "p"] == table.loc[0, "smallest_p"] == 0.0625
    assert table.loc[0, "significant"]  # by the interval: Wilcoxon's test could never say so


def test_pairs_without_a_difference_do_not_count_for_the_smallest_p(ratings):
    same = ratings["image"].isin(["img_000", "img_001"])
    frame = ratings.assign(score=ratings["score"].where(~same, 3.0))
    row = compare(frame).set_index(["a", "b"]).loc[("bicubic", "srgan")]
    assert (row["n"], row["zeros"]) == (12, 2)
    assert row["smallest_p"] == smallest_p(10)


def test_a_clear_difference_is_found_and_pointed_the_right_way(ratings):
    row = compare(ratings).set_index(["a", "b"]).loc[("bicubic", "srgan")]
    means = ratings.groupby("method")["score"].mean()
    assert row["difference"] == pytest.approx(means["bicubic"] - means["srgan"], abs=1e-12)
    assert row["low"] < row["difference"] < row["high"] < 0
    assert row["significant"]
    assert row["rank_biserial"] == -1
    assert row["n"] == 12


def test_p_of_image_means_is_scipys_on_the_means(ratings):
    row = compare(ratings).set_index(["a", "b"]).loc[("bicubic", "srcnn")]
    wide = ratings.pivot_table(index="image", columns="method", values="score")
    d = (wide["bicubic"] - wide["srcnn"]).round(10)
    expected = scipy_stats.wilcoxon(d, method=scipy_stats.PermutationMethod(n_resamples=np.inf)).pvalue
    assert row["p"] == pytest.approx(expected, abs=1e-9)


def test_unit_rating_pairs_every_rater_and_image(ratings):
    table = compare(ratings, unit="rating")
    assert set(table["n"]) == {8 * 12}
    assert set(table["unit"]) == {"rating"}


def test_the_order_of_methods_is_the_callers_and_turns_the_sign(ratings):
    forward = compare(ratings, methods=["srgan", "bicubic"]).iloc[0]
    backward = compare(ratings, methods=["bicubic", "srgan"]).iloc[0]
    assert forward["difference"] == -backward["difference"]
    assert forward["low"] == pytest.approx(-backward["high"])
    assert forward["superiority"] == pytest.approx(1 - backward["superiority"])


def test_equal_inputs_give_equal_tables_whatever_the_order_of_rows(ratings):
    pd.testing.assert_frame_equal(compare(ratings), compare(ratings.sample(frac=1, random_state=1)))


def test_a_family_of_two_has_the_interval_of_the_pair_and_larger_ones_a_wider_one(ratings):
    pair = compare(ratings, methods=["bicubic", "srgan"]).iloc[0]
    # The family's degrees of freedom are rounded down.
    assert pair["family_low"] == pytest.approx(pair["low"], rel=0.02)
    several = compare(ratings).set_index(["a", "b"]).loc[("bicubic", "srgan")]
    assert several["family_low"] < several["low"] < several["high"] < several["family_high"]
    assert several["significant"] == (several["family_high"] < 0)


def test_a_metric_of_one_pair_has_students_paired_interval():
    values = np.random.default_rng(1).normal([[28.0], [28.4]], 0.5, (2, 9))
    frame = pd.DataFrame(
        [("set5", f"i{i}", "ab"[m], "psnr", values[m, i]) for m in range(2) for i in range(9)],
        columns=["dataset", "image", "method", "metric", "value"],
    )
    row = compare_scores(frame, "psnr").iloc[0]
    expected = scipy_stats.ttest_rel(values[0], values[1]).confidence_interval(0.95)
    assert (row["low"], row["high"]) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert row["degrees"] == 8


def test_methods_that_nobody_saw_together_are_a_row_that_says_so_and_take_the_star_from_nobody(draw):
    seen = draw({"a": 4.5, "b": 1.5}, raters=8)
    others = draw({"c": 4.9}, raters=8, seed=5).assign(rater=lambda f: "x" + f["rater"])
    table = compare(pd.concat([seen, others]))
    rows = table.set_index(["a", "b"])
    assert rows.loc[("a", "b"), "significant"]
    assert not rows.loc[("a", "c"), "significant"]
    assert np.isnan(rows.loc[("a", "c"), "difference"])
    assert "Nothing to compare" in rows.loc[("a", "c"), "note"]
    assert rows.loc[("a", "b"), "p_adjusted"] == rows.loc[("a", "b"), "p"]
    # `a` beats `b`, but nobody compared it with `c`, which was rated higher.
    assert significantly_highest(table, ["a", "b", "c"]) == {}
    assert significantly_highest(table, ["a", "b"]) == {"set14": "a"}


def test_missing_cells_are_left_out_of_both_methods_and_counted(ratings):
    gone = (ratings["method"] == "srgan") & (ratings["rater"] == "r00")
    row = compare(ratings[~gone]).set_index(["a", "b"]).loc[("bicubic", "srgan")]
    rest = ratings[ratings["rater"] != "r00"].groupby("method")["score"].mean()
    assert row["difference"] == pytest.approx(rest["bicubic"] - rest["srgan"], abs=1e-12)
    assert (row["missing"], row["cells"], row["note"]) == (12, 96, "")


def test_equal_methods_have_p_one_and_no_effect(ratings):
    twin = ratings[ratings["method"] == "srcnn"].assign(method="twin")
    row = compare(pd.concat([ratings, twin])).set_index(["a", "b"]).loc[("srcnn", "twin")]
    assert (row["p"], row["rank_biserial"], row["difference"]) == (1.0, 0.0, 0.0)
    assert row["superiority"] == 0.5
    assert not row["significant"]


def test_one_rater_and_one_image_are_said(ratings):
    assert "One rater" in compare(ratings[ratings["rater"] == "r00"]).loc[0, "note"]
    assert "One image" in compare(ratings[ratings["image"] == "img_000"]).loc[0, "note"]


def test_a_single_method_cannot_be_compared(ratings):
    with pytest.raises(StatisticsError, match="needs two methods"):
        compare(ratings[ratings["method"] == "srcnn"])


def test_an_unknown_unit_or_method_is_an_error(ratings):
    with pytest.raises(StatisticsError, match="Unknown unit"):
        compare(ratings, unit="session")  # type: ignore[arg-type]
    with pytest.raises(StatisticsError, match="Did you mean 'srgan'"):
        compare(ratings, methods=["srgann", "bicubic"])


def _scores(values: dict[str, list[float]]) -> pd.DataFrame:
    rows = [("set5", f"i{i}", name, "psnr", v) for name, given in values.items() for i, v in enumerate(given)]
    return pd.DataFrame(rows, columns=["dataset", "image", "method", "metric", "value"])


def test_scores_are_compared_by_image():
    source = np.random.default_rng(0)
    table = compare_scores(
        _scores({"a": list(28 + source.normal(0, 0.2, 7)), "b": list(30 + source.normal(0, 0.2, 7))}), "psnr"
    )
    assert table[["a", "b"]].to_numpy().tolist() == [["a", "b"]]
    assert table.loc[0, "p"] == 2 / 2**7
    assert table.loc[0, "high"] < 0


def test_an_infinite_score_counts_as_the_largest_difference():
    source = np.random.default_rng(1)
    a, b = source.normal(30, 1, 12), source.normal(30.3, 1, 12)
    lifted, huge = a.copy(), a.copy()
    lifted[4], huge[4] = np.inf, 1e6  # an independent reference: ranks do not know how large the largest is
    ours = compare_scores(_scores({"a": list(lifted), "b": list(b)}), "psnr").iloc[0]
    reference = compare_scores(_scores({"a": list(huge), "b": list(b)}), "psnr").iloc[0]
    assert ours["p"] == pytest.approx(scipy_stats.wilcoxon(huge - b, method="exact").pvalue, abs=1e-9)
    for name in ("p", "p_adjusted", "rank_biserial", "superiority", "n"):
        assert ours[name] == reference[name]
    assert ours["difference"] == np.inf
    # Nothing is known of how a mean with infinity varies, so no interval decides.
    assert ours[["low", "high", "family_low", "family_high"]].isna().all()
    assert not ours["significant"]
    assert "On 1 of 12 images a score is infinite" in ours["note"]


def test_two_infinite_scores_of_one_image_differ_by_nothing():
    table = compare_scores(
        _scores({"a": [np.inf, 30.0, 31.0, 29.5], "b": [np.inf, 29.0, 29.5, 28.0], "c": [28.0, np.inf, 28.5, 27.0]}),
        "psnr",
    ).set_index(["a", "b"])
    both = table.loc[("a", "b")]
    assert (both["difference"], both["p"]) == ((0 + 1 + 1.5 + 1.5) / 4, 0.25)
    assert np.isfinite([both["low"], both["high"]]).all()
    across = table.loc[("a", "c")]  # infinite in both directions: no mean difference, but a rank test
    assert np.isnan(across["difference"])
    assert not across["significant"]


def test_the_highest_of_a_category_must_beat_all_others_of_it(draw):
    table = compare(draw({"a": 1.5, "b": 2.5, "c": 4.0, "d": 4.0}))
    assert significantly_highest(table, ["a", "b", "c"]) == {"set14": "c"}
    assert significantly_highest(table, ["a", "c", "d"]) == {}
    assert significantly_highest(table, ["b", "elsewhere"]) == {}

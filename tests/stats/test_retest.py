"""The same stimulus shown twice, against statsmodels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.weightstats import ttost_paired

from srbench.stats import (
    retest,
)
from srbench.stats.intervals import crossed_mean
from srbench.stats.retest import MARGIN, weighted_kappa


def _scores(seed: int, shape: tuple[int, int] = (30, 7)) -> np.ndarray:
    source = np.random.default_rng(seed)
    return np.clip(np.rint(source.uniform(1, 5, (shape[0], 1)) + source.normal(0, 0.8, shape)), 1, 5)


def _twice(ratings: pd.DataFrame, shift: float, seed: int = 0) -> pd.DataFrame:
    noise = np.random.default_rng(seed).normal(shift, 0.5, len(ratings))
    second = ratings.assign(repeat=1, score=np.clip(np.rint(ratings["score"] + noise), 1, 5))
    return pd.concat([ratings, second], ignore_index=True)


def test_weighted_kappa_is_that_of_statsmodels():
    first, second = _scores(0, (200, 2)).T
    table = np.array([[((first == a) & (second == b)).sum() for b in range(1, 6)] for a in range(1, 6)])
    expected = cohens_kappa(table, wt="quadratic").kappa
    assert weighted_kappa(first, second) == pytest.approx(expected, abs=1e-9)


def test_equivalence_is_that_of_statsmodels():
    x, y = np.random.default_rng(0).normal(0.05, 0.2, (2, 15))
    assert crossed_mean((x - y)[None]).equivalence_p(0.25) == pytest.approx(
        ttost_paired(x, y, -0.25, 0.25)[0], abs=1e-9
    )


def test_raters_who_repeat_themselves_are_equivalent_and_raters_who_shift_are_not(ratings):
    steady, shifted = retest(_twice(ratings, 0.0)).iloc[0], retest(_twice(ratings, 0.8)).iloc[0]
    assert steady["equivalent"]
    assert steady["icc_a1"] > 0.7
    assert not shifted["equivalent"]
    assert shifted["mean_difference"] > 0.5
    assert shifted["n"] == len(ratings)


def test_perfect_repeats_are_equivalent(ratings):
    row = retest(pd.concat([ratings, ratings.assign(repeat=1)])).iloc[0]
    assert row["equivalent"]
    assert (row["p_equivalence"], row["low_90"], row["high_90"]) == (0.0, 0.0, 0.0)


def test_a_shift_of_the_margin_passes_as_equivalent_in_about_five_of_a_hundred_studies():
    source, passed, studies = np.random.default_rng(0), 0, 400
    for _ in range(studies):
        shift = (
            MARGIN + source.normal(0, 0.3, (12, 1)) + source.normal(0, 0.2, (1, 20)) + source.normal(0, 0.6, (12, 20))
        )
        passed += crossed_mean(shift).equivalence_p(MARGIN) < 0.05
    assert passed / studies <= 0.07


def test_the_verdict_is_that_of_the_interval_it_is_printed_with(ratings):
    for shift in (0.0, 0.2, 0.4):
        row = retest(_twice(ratings, shift)).iloc[0]
        assert row["equivalent"] == (-row["margin"] < row["low_90"] and row["high_90"] < row["margin"])


def test_no_significant_difference_is_not_taken_for_reliability(draw):
    noise = draw({"a": 3.0}, raters=4, images=6, noise=2.0)
    other = draw({"a": 3.0}, raters=4, images=6, noise=2.0, seed=1)
    row = retest(pd.concat([noise, other.assign(repeat=1)])).iloc[0]
    assert row["p"] > 0.05
    assert not row["equivalent"]


def test_a_study_without_repeats_has_an_empty_retest_table(ratings):
    assert retest(ratings).empty


def test_second_showings_do_not_enter_the_opinion_scores(ratings):
    from srbench.stats import mean_opinion_scores

    pd.testing.assert_frame_equal(mean_opinion_scores(_twice(ratings, 1.0)), mean_opinion_scores(ratings))

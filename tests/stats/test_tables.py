"""Tables of ratings and scores are checked once, and damage is named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from srbench.errors import StatisticsError
from srbench.stats import (
    check_ratings,
    check_scores,
    checked_ratings,
    compare,
    cubes,
    gold,
    mean_opinion_scores,
    mean_ranks,
    reliability,
    retest,
    screening,
    taste,
)


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


def test_mixed_protocols_are_refused():
    scores = pd.DataFrame(
        {"dataset": "s", "image": "i", "method": ["a", "b"], "metric": "psnr", "value": 1.0, "protocol": ["x", "y"]}
    )
    with pytest.raises(StatisticsError, match="mix the protocols x, y"):
        check_scores(scores)

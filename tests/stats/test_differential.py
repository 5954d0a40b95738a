"""Differential scores against the hidden original, as ITU-T P.910 has them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from srbench.errors import StatisticsError
from srbench.stats import RatingScale, compare, differential, mean_opinion_scores


@pytest.fixture
def ratings(draw) -> pd.DataFrame:
    return draw({"bicubic": 2.0, "srgan": 3.8, "hr": 4.6})


def test_a_score_is_the_version_minus_the_same_raters_original_plus_five(ratings):
    found = differential(ratings)
    assert set(found.first["method"]) == {"bicubic", "srgan"}
    scores = ratings.set_index(["rater", "image", "method"])["score"]
    for row in found.first.itertuples():
        expected = scores[row.rater, row.image, row.method] - scores[row.rater, row.image, "hr"] + 5
        assert row.score == expected
    assert found.scale == RatingScale(1, 9)


def test_dmos_is_the_difference_of_the_means_and_its_comparisons_are_those_of_the_scores(ratings):
    dmos = mean_opinion_scores(differential(ratings)).set_index("method")["mos"]
    mos = mean_opinion_scores(ratings).set_index("method")["mos"]
    assert dmos.to_dict() == pytest.approx({m: mos[m] - mos["hr"] + 5 for m in ("bicubic", "srgan")})
    ours = compare(differential(ratings))
    plain = compare(ratings, methods=["bicubic", "srgan"])
    pd.testing.assert_frame_equal(ours, plain)


def test_the_interval_is_that_of_paired_differences_not_of_the_versions_alone(ratings):
    shared = ratings.assign(score=np.clip(ratings["score"] + 0.0, 1, 5))
    severity = shared["rater"].map(lambda name: -1.0 if name in {"r00", "r01", "r02"} else 0.0)
    shared["score"] = (shared["score"] + severity).clip(1, 5)
    width = {
        name: float((table["high"] - table["low"]).iloc[0])
        for name, table in (
            ("dmos", mean_opinion_scores(differential(shared))),
            ("mos", mean_opinion_scores(shared[shared["method"] != "hr"])),
        )
    }
    assert width["dmos"] < width["mos"]  # a severe rater is severe to the original, too


def test_scores_above_five_are_crushed_by_the_formula_of_the_recommendation(draw):
    ratings = draw({"a": 4.5, "hr": 3.0}, noise=1.2)
    plain, crushed = (differential(ratings, crush=each).first["score"].to_numpy() for each in (False, True))
    above = plain > 5
    assert above.any()
    assert crushed[~above] == pytest.approx(plain[~above])
    assert crushed[above] == pytest.approx(7 * plain[above] / (2 + plain[above]))
    assert differential(ratings, crush=True).scale.high == pytest.approx(63 / 11)


def test_ratings_without_their_original_are_counted_and_left_out(ratings):
    gone = (ratings["rater"] == "r00") & (ratings["method"] == "hr") & (ratings["image"] == "img_000")
    found = differential(ratings[~gone])
    assert len(found.first) == 2 * 96 - 2
    assert found.notes[-1].startswith("2 ratings have no score of the original")


def test_other_scales_have_their_own_best_score_and_are_not_crushed(ratings):
    wide = ratings.assign(score=25 * (ratings["score"] - 1), rating_scale="0:100")
    ours = mean_opinion_scores(differential(wide))["mos"].to_numpy()
    assert ours == pytest.approx(25 * (mean_opinion_scores(differential(ratings))["mos"].to_numpy() - 1))
    with pytest.raises(StatisticsError, match="defined from 1 to 5"):
        differential(wide, crush=True)


def test_without_an_original_there_is_no_difference(ratings):
    with pytest.raises(StatisticsError, match="No rater saw 'hr' beside another version"):
        differential(ratings[ratings["method"] != "hr"])
    assert len(differential(ratings, "srgan").first) == 2 * 96

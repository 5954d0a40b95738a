"""What raters could answer: from 1 to 5 nothing changes, and other scales say the same in their own units."""

from __future__ import annotations

import krippendorff
import numpy as np
import pandas as pd
import pytest

from srbench import stats
from srbench.errors import StatisticsError
from srbench.stats.rating_scale import ACR, RatingScale, parse

HUNDRED = RatingScale(0, 100)


def to_hundred(ratings: pd.DataFrame) -> pd.DataFrame:
    """Return ratings from 1 to 5 as the same answers from 0 to 100."""
    return ratings.assign(score=25 * (ratings["score"] - 1), rating_scale="0:100")


@pytest.fixture
def damaged(draw) -> pd.DataFrame:
    """A study with repeats, one rater who always says 5 and one who inverts, and a gold version that is off."""
    ratings = draw({"nearest": 1.2, "srcnn": 2.5, "srgan": 3.7, "hr": 4.7}, raters=10)
    ratings.loc[ratings["rater"] == "r01", "score"] = 5
    ratings.loc[ratings["rater"] == "r02", "score"] = 6 - ratings["score"]
    again = ratings[ratings["method"] == "srcnn"].assign(repeat=1)
    return pd.concat([ratings, again.assign(score=np.clip(again["score"] + (again.index % 3 == 0), 1, 5))])


def test_every_statistic_of_rescaled_ratings_is_the_rescaled_statistic(damaged):
    ours, theirs = damaged, to_hundred(damaged)
    mos, other = (stats.mean_opinion_scores(each) for each in (ours, theirs))
    for name in ("mos", "low", "high"):
        assert other[name].to_numpy() == pytest.approx(25 * (mos[name].to_numpy() - 1))
    rules = list(stats.RULES)
    pd.testing.assert_frame_equal(stats.screening(ours)[rules], stats.screening(theirs)[rules])
    assert stats.screening(theirs)["flagged"].sum() >= 2
    assert stats.sos(theirs)["a"].to_numpy() == pytest.approx(stats.sos(ours)["a"].to_numpy())
    assert stats.gold(theirs)["off"].tolist() == stats.gold(ours)["off"].tolist()
    assert stats.gold(theirs)["off"].any()
    a, b = stats.retest(ours).iloc[0], stats.retest(theirs).iloc[0]
    assert (a["margin"], b["margin"]) == (0.25, 6.25)
    assert b["p_equivalence"] == pytest.approx(a["p_equivalence"])
    one, two = (stats.compare(each) for each in (ours, theirs))
    assert two["significant"].tolist() == one["significant"].tolist()
    assert two["family_low"].to_numpy() == pytest.approx(25 * one["family_low"].to_numpy())
    shares = [stats.rank_distribution(each)["share"].to_numpy() for each in (ours, theirs)]
    assert shares[0] == pytest.approx(shares[1])


def test_the_scale_is_the_columns_or_the_callers_and_else_from_1_to_5(ratings):
    assert stats.checked_ratings(ratings).scale == ACR
    assert stats.checked_ratings(to_hundred(ratings)).scale == HUNDRED
    plain = to_hundred(ratings).drop(columns="rating_scale")
    with pytest.raises(StatisticsError, match=r"outside 1\.\.5, the first is .*declare their scale"):
        stats.checked_ratings(plain)
    assert stats.checked_ratings(plain, "0:100").scale == HUNDRED
    assert stats.checked_ratings(stats.checked_ratings(ratings), "1:9").scale == RatingScale(1, 9)
    assert stats.without(stats.checked_ratings(plain, HUNDRED), ["r00"]).scale == HUNDRED
    mixed = pd.concat([ratings.assign(rating_scale="1:5"), to_hundred(ratings)])
    with pytest.raises(StatisticsError, match="mix the scales 0:100, 1:5"):
        stats.mean_opinion_scores(mixed)


def test_a_declared_step_refuses_scores_between_steps(ratings):
    halves = ratings.assign(score=ratings["score"] - 0.5 * (ratings["score"] > 1))
    table = stats.score_distribution(stats.checked_ratings(halves, "1:5:0.5"))
    assert table["score"].unique().tolist() == [1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0]
    assert table.loc[table["score"].isin([2.0, 3.0]), "count"].sum() == 0
    with pytest.raises(StatisticsError, match=r"between its steps of 1, the first is \d\.5"):
        stats.checked_ratings(halves, "1:5:1")


def test_a_scale_of_many_answers_is_counted_in_ten_equal_parts():
    scores = [0.0, 9.9, 10.0, 99.0, 100.0]
    rows = [("s", f"r{k}", "i", "m", score) for k, score in enumerate(scores)]
    ratings = pd.DataFrame(rows, columns=["dataset", "rater", "image", "method", "score"])
    table = stats.score_distribution(stats.checked_ratings(ratings, HUNDRED)).set_index("score")["count"]
    assert table.to_dict() == {5: 2, 15: 1, 25: 0, 35: 0, 45: 0, 55: 0, 65: 0, 75: 0, 85: 0, 95: 2}


def test_halves_are_ordered_categories_and_a_hundred_scores_are_none(draw):
    ratings = draw({"a": 2.0, "b": 3.5}, raters=6)
    source = np.random.default_rng(0)
    halves = ratings.assign(score=np.clip(ratings["score"] + source.choice([0, 0.5], len(ratings)), 1, 5))
    model = stats.ordinal_model(halves)
    assert 0.5 in np.diff(model.scores)
    assert model.contrasts()["differs"].all()
    fine = to_hundred(ratings).assign(score=lambda t: np.clip(t["score"] + source.uniform(-9, 9, len(t)), 0, 100))
    with pytest.raises(StatisticsError, match=r"as categories, of which there are .* linear mixed model"):
        stats.ordinal_model(fine)
    (models,) = stats.mixed_models(fine)
    assert models.ordinal is None
    assert models.linear is not None
    assert "The ordinal model takes scores as categories" in models.note


def test_krippendorffs_alpha_of_thousands_of_scores_is_the_reference_packages():
    source = np.random.default_rng(0)
    scores = source.normal(50, 20, (60, 1)) + source.normal(0, 10, (60, 7))
    scores[source.random(scores.shape) < 0.2] = np.nan
    expected = krippendorff.alpha(reliability_data=scores.T, level_of_measurement="ordinal")
    assert stats.krippendorff_alpha(scores) == pytest.approx(expected, abs=1e-9)
    many = np.random.default_rng(1).random((3000, 10))
    assert abs(stats.krippendorff_alpha(many)) < 0.02  # a table of 30,000 by 30,000 scores would not fit


@pytest.mark.parametrize("text", ["1-5", "5:1", "1:5:0", "1:5:0.3", "a:b", "1:1", ""])
def test_what_is_no_scale_is_refused(text):
    with pytest.raises(StatisticsError):
        parse(text)


@pytest.mark.parametrize(
    ("text", "levels"), [("1:9", 9), ("-3:3", 7), ("0:10:0.5", 21), ("0:100", 0), ("0:1", 2), ("0:2.5", 0)]
)
def test_levels_are_whole_steps_unless_said_otherwise_and_none_where_they_are_many(text, levels):
    assert len(parse(text).levels) == levels
    assert str(parse(text)) == text


def test_limits_in_points_are_quarters_of_the_scale_and_said_so():
    assert stats.rules()["biased"] == "P.910 bias beyond 1 point"
    assert stats.rules(HUNDRED)["biased"] == "P.910 bias beyond 25 points"

"""Every kind of rater who does not rate is flagged by a rule, and leaving raters out says what it changes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from srbench.errors import StatisticsError
from srbench.stats import RULES, bt500, compare, exclusions, mean_opinion_scores, screening, without
from tests.stats.conftest import by_sureal


@pytest.fixture(scope="module")
def study(draw) -> pd.DataFrame:
    return draw({"a": 1.6, "b": 2.6, "c": 3.4, "d": 4.3}, raters=14, images=10)


def spoil(study: pd.DataFrame, rater: str, score: object, **columns: object) -> pd.DataFrame:
    """Return the study with other scores of one rater."""
    own = study["rater"] == rater
    return study.assign(score=study["score"].where(~own, score), **columns)


def flags(table: pd.DataFrame, rater: str = "r03") -> set[str]:
    row = table.set_index("rater").loc[rater]
    return {rule for rule in RULES if row[rule]}


def test_a_study_of_careful_raters_flags_nobody(study):
    assert screening(study).set_index("rater").query("flagged").index.tolist() == []


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (5.0, {"constant", "biased"}),
        (1.0, {"constant", "biased"}),
        ("inverted", {"contrary", "inconsistent"}),
        ("random", {"contrary", "inconsistent"}),
        ("severe", {"biased"}),
    ],
)
def test_a_rater_who_does_not_rate_is_flagged_and_nobody_else(study, score, expected):
    other = {
        "inverted": 6 - study["score"],
        "random": pd.Series(np.random.default_rng(0).integers(1, 6, len(study)).astype(float), index=study.index),
        "severe": (study["score"] - 1.6).clip(lower=1),
    }.get(score, score) if isinstance(score, str) else score  # fmt: skip
    table = screening(spoil(study, "r03", other))
    assert expected <= flags(table)
    assert table.loc[table["flagged"], "rater"].tolist() == ["r03"]


def test_a_drop_out_is_incomplete(study):
    gone = study[~((study["rater"] == "r03") & (study["image"] > "img_003"))]
    assert flags(screening(gone)) == {"incomplete"}


def test_a_rater_who_clicks_on_is_hasty(study):
    assert flags(screening(study.assign(seconds=np.where(study["rater"] == "r03", 0.4, 2.0)))) == {"hasty"}


def test_a_rater_who_does_not_repeat_a_score_is_unstable(study):
    again = study[study["method"] == "b"].assign(repeat=1)
    again["score"] = np.where(again["rater"] == "r03", (again["score"] + 2) % 5 + 1, again["score"])
    table = screening(pd.concat([study, again]))
    assert flags(table) == {"unstable"}
    assert table.set_index("rater").loc["r01", "repeats"] == 0


def test_a_study_without_times_or_repeats_has_no_such_flags(study):
    table = screening(study.drop(columns=["seconds", "repeat"]))
    assert table[["seconds", "repeats"]].isna().all().all()
    assert not table[["hasty", "unstable"]].any().any()


def test_exclusions_say_what_the_statistics_without_the_raters_say(study):
    spoiled = spoil(study, "r03", 5.0)
    row = exclusions(spoiled, {"constant": ["r03"], "nobody": []}).iloc[0]
    fewer = spoiled[spoiled["rater"] != "r03"]
    before, after = (mean_opinion_scores(table).set_index("method")["mos"] for table in (spoiled, fewer))
    change = (after - before).loc[row["method"]]
    assert row["mos_change"] == pytest.approx(change)
    assert abs(change) == pytest.approx((after - before).abs().max())
    was, now = (compare(table)["significant"].to_numpy() for table in (spoiled, fewer))
    assert (row["lost"], row["gained"], row["pairs"]) == ((was & ~now).sum(), (now & ~was).sum(), 6)
    assert (row["raters"], row["left"]) == (("r03",), 13)


def test_without_everybody_nothing_is_known(study):
    row = exclusions(study, {"all": sorted(study["rater"].unique())}).iloc[0]
    assert np.isnan(row["mos_change"])
    assert row["left"] == 0
    with pytest.raises(StatisticsError, match="no rating is left"):
        without(study, sorted(study["rater"].unique()))


def test_screening_counts_are_sureals_where_no_stimulus_is_unanimous(sample):
    scores = sample[np.ptp(sample, axis=1) > 0]
    expected = by_sureal(scores, "MosModel", subject_rejection=True)
    found = bt500(scores, ddof=0)
    assert found["share"].to_numpy() == pytest.approx(np.array(expected["observer_rejected_1st_stats"]), abs=1e-9)
    some = found["balance"].notna().to_numpy()
    balance = np.array(expected["observer_rejected_2nd_stats"])
    assert found["balance"].to_numpy()[some] == pytest.approx(balance[some], abs=1e-9)
    assert found["flagged"].tolist() == expected["observer_rejected"]


def test_a_rater_who_presses_at_random_is_flagged_and_is_the_noisiest(draw):
    ratings = draw({f"m{k}": 1.5 + 0.6 * k for k in range(6)}, raters=15, images=30, noise=0.4)
    mad = ratings["rater"] == "r03"
    ratings.loc[mad, "score"] = np.random.default_rng(0).integers(1, 6, int(mad.sum()))
    table = screening(ratings).set_index("rater")
    assert table.index[table["bt500"]].tolist() == ["r03"]
    assert table["inconsistency"].idxmax() == "r03"


def test_unanimous_stimuli_count_against_nobody():
    table = bt500(np.full((20, 5), 3.0))
    assert (table["share"] == 0).all()
    assert not table["flagged"].any()


def test_screening_of_one_rater_says_nan_instead_of_a_number(ratings):
    table = screening(ratings[ratings["rater"] == "r00"])
    assert len(table) == 1
    assert table[["bias", "inconsistency"]].isna().all(axis=None)

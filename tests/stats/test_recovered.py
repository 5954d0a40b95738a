"""Recovered scores forgive a biased rater, SOS is a definition, and the detectable difference is detected as often."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from srbench.stats import compare, detectable, maximum_likelihood, mean_opinion_scores, recovered_scores, sos


def test_recovered_scores_are_the_means_of_the_models_stimuli(ratings):
    found = recovered_scores(ratings).set_index("method")
    wide = ratings.pivot_table(index=["method", "image"], columns="rater", values="score")
    quality = pd.Series(maximum_likelihood(wide.to_numpy()).quality, index=wide.index).groupby("method").mean()
    assert found["recovered"].to_dict() == pytest.approx(quality.to_dict(), abs=1e-6)
    assert (found["low"] < found["recovered"]).all()
    assert (found["recovered"] < found["high"]).all()


def test_a_rater_who_always_says_five_moves_the_recovered_score_less_than_the_mean(ratings):
    spoiled = ratings.assign(score=ratings["score"].where(ratings["rater"] != "r03", 5.0))
    plain = [mean_opinion_scores(table).set_index("method")["mos"] for table in (ratings, spoiled)]
    better = [recovered_scores(table).set_index("method")["recovered"] for table in (ratings, spoiled)]

    def spread(scores):
        return scores["srgan"] - scores["bicubic"]

    assert abs(spread(better[1]) - spread(better[0])) < 0.75 * abs(spread(plain[1]) - spread(plain[0]))


def test_recovered_scores_of_one_rater_are_nan(ratings):
    assert recovered_scores(ratings[ratings["rater"] == "r00"])["recovered"].isna().all()


def test_sos_is_zero_where_all_agree_and_one_where_they_say_both_ends():
    def study(scores):
        rows = [("s", f"r{k}", "i", m, score) for m, each in enumerate(scores) for k, score in enumerate(each)]
        return pd.DataFrame(rows, columns=["dataset", "rater", "image", "method", "score"]).astype({"method": str})

    assert sos(study([[2, 2, 2], [4, 4, 4]]))["a"].item() == 0
    many = [1] * 200 + [5] * 200
    assert sos(study([many, many]))["a"].item() == pytest.approx(1, abs=0.01)
    assert np.isnan(sos(study([[5, 5], [1, 1]]))["a"].item())


def test_the_detectable_difference_is_found_in_about_four_of_five_studies(draw):
    least = np.mean([detectable(compare(draw({"a": 3.0, "b": 3.0, "c": 3.0}, seed=seed))) for seed in range(20)])
    found = 0
    for seed in range(100, 180):
        table = compare(draw({"a": 3.0 - least / 2, "b": 3.0 + least / 2, "c": 3.0}, seed=seed))
        found += int(table.query("a == 'a' and b == 'b'")["significant"].item())
    assert 0.68 <= found / 80 <= 0.95

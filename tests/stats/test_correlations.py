"""Correlations of a metric with people, and of weightings of images, against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as scipy_stats

from srbench import stats
from srbench.stats import image_agreement, logistic
from srbench.stats.correlations import grouped, kendall, pearson, spearman
from tests.stats.conftest import score_grid


def test_weighted_correlations_are_scipys_on_the_copied_stimuli():
    source = np.random.default_rng(0)
    picture = np.repeat(np.arange(8), 5)
    x, y = source.integers(0, 9, (2, 40)).astype(float)
    weights = source.multinomial(8, np.full(8, 1 / 8), size=100).astype(float)
    fast = pearson(x, y, weights[:, picture]), spearman(x, y, weights[:, picture]), kendall(x, y, picture, weights)
    for b in range(100):
        copies = np.repeat(np.arange(40), weights[b, picture].astype(int))
        slow = (
            np.corrcoef(x[copies], y[copies])[0, 1],
            scipy_stats.spearmanr(x[copies], y[copies]).statistic,
            scipy_stats.kendalltau(x[copies], y[copies]).statistic,
        )
        assert [values[b] for values in fast] == pytest.approx(slow, abs=1e-9)


def test_correlations_within_and_across_images_are_means_of_scipys() -> None:
    scores, ratings = score_grid()
    table = scores.merge(ratings.groupby(["image", "method"], as_index=False)["score"].mean())
    fitted = logistic.fit(table["value"].to_numpy(), table["score"].to_numpy())
    table["fitted"] = fitted(table["value"].to_numpy())
    found = image_agreement(scores, ratings).set_index("kind")
    for kind, group in (("within", "image"), ("across", "method")):
        parts = [part for _, part in table.groupby(group)]
        expected = {
            "plcc": np.mean([np.corrcoef(part["fitted"], part["score"])[0, 1] for part in parts]),
            "srcc": np.mean([scipy_stats.spearmanr(part["value"], part["score"]).statistic for part in parts]),
            "krcc": np.mean([scipy_stats.kendalltau(part["value"], part["score"]).statistic for part in parts]),
        }
        assert found.loc[kind, list(expected)].tolist() == pytest.approx(list(expected.values()), abs=1e-9)
        assert found.loc[kind, ["groups", "undefined"]].tolist() == [len(parts), 0]
        assert (found.loc[kind, "srcc_low"] < found.loc[kind, "srcc"] < found.loc[kind, "srcc_high"]).all()


@pytest.mark.parametrize("kind", ["within", "across"])
def test_what_is_left_out_one_by_one_is_what_the_others_give(kind) -> None:
    scores, ratings = score_grid()
    whole = stats.stimuli(scores, ratings)[0]
    found, _, _ = grouped(whole, whole.value, kind)
    for image in range(8):
        other = stats.stimuli(scores[scores["image"] != str(image)], ratings)[0]
        expected, _, _ = grouped(other, other.value, kind)
        assert [found[name].images[image] for name in found] == pytest.approx(
            [expected[name].value for name in expected], abs=1e-9
        )
    for rater in range(6):
        other = stats.stimuli(scores, ratings[ratings["rater"] != str(rater)])[0]
        expected, _, _ = grouped(other, other.value, kind)
        assert [found[name].raters[rater] for name in found] == pytest.approx(
            [expected[name].value for name in expected], abs=1e-9
        )

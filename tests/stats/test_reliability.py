"""How far raters agree, against pingouin and krippendorff."""

from __future__ import annotations

import warnings

import krippendorff
import numpy as np
import pandas as pd
import pingouin
import pytest

from srbench.stats import (
    krippendorff_alpha,
    reliability,
)
from srbench.stats.reliability import intraclass, with_gaps
from tests.stats.conftest import random_panel


@pytest.mark.parametrize("seed", [0, 1])
def test_intraclass_correlations_are_pingouins(seed):
    scores = random_panel(seed)
    long = pd.DataFrame(scores).rename_axis("t").reset_index().melt("t", var_name="r", value_name="s")
    saved = dict(pingouin.options)
    pingouin.options.update({key: None for key in saved if key.startswith("round")})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pingouin 0.7 calls pandas in a way that pandas 3.1 deprecates
        expected = pingouin.intraclass_corr(long, "t", "r", "s").set_index("Type")
    pingouin.options.update(saved)
    found = intraclass(scores)
    assert found.single == pytest.approx(expected.loc["ICC(A,1)", "ICC"], abs=1e-9)
    assert found.average == pytest.approx(expected.loc["ICC(A,k)", "ICC"], abs=1e-9)
    assert (found.single_low, found.single_high) == pytest.approx(expected.loc["ICC(A,1)", "CI95"], abs=1e-9)
    assert (found.average_low, found.average_high) == pytest.approx(expected.loc["ICC(A,k)", "CI95"], abs=1e-9)


@pytest.mark.parametrize("holes", [0, 40])
def test_krippendorffs_alpha_is_that_of_its_library(holes):
    scores = random_panel(3)
    scores.flat[np.random.default_rng(0).choice(scores.size, holes, replace=False)] = np.nan
    expected = krippendorff.alpha(reliability_data=scores.T, level_of_measurement="ordinal")
    assert krippendorff_alpha(scores) == pytest.approx(expected, abs=1e-9)


def test_reliability_has_a_row_per_set_and_one_for_all(ratings):
    other = ratings.assign(dataset="set5")
    table = reliability(pd.concat([ratings, other])).set_index("dataset")
    assert table.index.tolist() == ["set14", "set5", "all"]
    assert table.loc["all", "stimuli"] == 72
    assert table.loc["set5", "icc_ak"] == table.loc["set14", "icc_ak"]


@pytest.mark.parametrize("damage", ["one rater", "constant"])
def test_undefined_reliability_is_nan_with_a_sentence(ratings, damage):
    broken = ratings[ratings["rater"] == "r00"] if damage == "one rater" else ratings.assign(score=3)
    row = reliability(broken).iloc[0]
    assert np.isnan(row["icc_ak"])
    assert np.isnan(row["alpha"])
    assert row["note"]


def test_a_missing_score_leaves_the_icc_of_all_others_and_is_named(ratings):
    row, whole = reliability(ratings.drop(index=5)).iloc[0], reliability(ratings).iloc[0]
    assert (row["stimuli"], row["complete"]) == (36, 35)
    assert "1 of 36 stimuli" in row["note"]
    for name in ("icc_a1", "icc_a1_low", "icc_a1_high", "icc_ak"):
        assert row[name] == pytest.approx(whole[name], abs=0.02)


def test_a_drop_out_removes_no_icc(ratings):
    gone = ratings[~((ratings["rater"] == "r03") & (ratings["image"] > "img_002"))]
    row = reliability(gone).iloc[0]
    others = reliability(ratings[ratings["rater"] != "r03"]).iloc[0]
    assert row["raters"] == 8
    assert row["icc_a1"] == pytest.approx(others["icc_a1"], abs=0.05)
    assert row["icc_a1_low"] < row["icc_a1"] < row["icc_a1_high"]


def test_the_icc_of_all_scores_is_that_of_mean_squares_where_nothing_is_missing(sample):
    whole = sample[~np.isnan(sample).any(axis=1)]
    expected, found = intraclass(whole), with_gaps(whole)
    for name in ("single", "single_low", "single_high", "average", "average_low", "average_high"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), abs=1e-4)

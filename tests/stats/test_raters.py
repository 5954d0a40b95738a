"""What is said about raters, against sureal, pingouin, krippendorff and statsmodels."""

from __future__ import annotations

import contextlib
import io
import warnings

import krippendorff
import numpy as np
import pandas as pd
import pingouin
import pytest
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.weightstats import ttost_paired

from srbench.errors import StatisticsError
from srbench.stats import (
    bt500,
    krippendorff_alpha,
    linear_mixed_model,
    maximum_likelihood,
    mixed_models,
    reliability,
    retest,
    screening,
    taste,
)
from srbench.stats.intervals import crossed_mean
from srbench.stats.reliability import intraclass, with_gaps
from srbench.stats.retest import MARGIN, weighted_kappa


@pytest.fixture(scope="module")
def sample(golden):
    """79 stimuli x 26 raters of a real study."""
    return np.loadtxt(golden / "mos" / "bt500_p910_sample_ratings.csv", delimiter=",")


def _sureal(scores: np.ndarray, model: str, **options: object) -> dict:
    from sureal import subjective_model
    from sureal.dataset_reader import RawDatasetReader
    from sureal.tools.misc import empty_object

    dataset = empty_object()
    dataset.dataset_name, dataset.yuv_fmt, dataset.width, dataset.height = "x", "yuv420p", 1, 1
    dataset.ref_videos = [{"content_id": 0, "content_name": "c", "path": "r"}]
    dataset.dis_videos = [
        {"content_id": 0, "asset_id": j, "path": f"d{j}", "os": row.tolist()} for j, row in enumerate(scores)
    ]
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(invalid="ignore"):
        return getattr(subjective_model, model)(RawDatasetReader(dataset)).run_modeling(**options)


def _scores(seed: int, shape: tuple[int, int] = (30, 7)) -> np.ndarray:
    source = np.random.default_rng(seed)
    return np.clip(np.rint(source.uniform(1, 5, (shape[0], 1)) + source.normal(0, 0.8, shape)), 1, 5)


@pytest.mark.parametrize("holes", [0, 20])
def test_the_model_of_raters_is_sureals(sample, holes):
    scores = sample.copy()
    if holes:
        scores.flat[np.random.default_rng(0).choice(scores.size, holes, replace=False)] = np.nan
    expected = _sureal(scores, "SubjectMLEModelProjectionSolver")
    found = maximum_likelihood(scores)
    assert found.converged
    assert found.quality == pytest.approx(np.array(expected["quality_scores"]), abs=1e-6)
    assert found.quality_error == pytest.approx(np.array(expected["quality_scores_std"]), abs=1e-3)
    assert found.bias == pytest.approx(np.array(expected["observer_bias"]), abs=1e-6)
    assert found.inconsistency == pytest.approx(np.array(expected["observer_inconsistency"]), abs=1e-6)


def test_the_model_of_raters_recovers_what_a_study_was_drawn_from():
    source = np.random.default_rng(1)
    quality, bias = source.uniform(1, 5, 400), source.normal(0, 0.3, 26)
    noise = np.linspace(0.6, 1.5, 26)
    found = maximum_likelihood(quality[:, None] + bias + noise * source.normal(size=(400, 26)))
    assert found.bias == pytest.approx(bias - bias.mean(), abs=0.2)
    assert found.inconsistency == pytest.approx(noise, rel=0.1)


def test_a_model_that_collapses_onto_one_rater_says_so_and_screening_shows_no_number():
    source = np.random.default_rng(1)
    scores = source.uniform(2, 4, (50, 1)) + np.array([0.01, 1.0, 1.0]) * source.normal(size=(50, 3))
    assert maximum_likelihood(scores).collapsed
    long = pd.DataFrame(np.clip(scores, 1, 5)).rename_axis("image").reset_index()
    long = long.melt("image", var_name="rater", value_name="score").assign(dataset="s", method="m")
    table = screening(long)
    assert table["inconsistency"].isna().all()
    assert table["note"].str.contains("no solution").all()


@pytest.mark.parametrize("shape", [(1, 5), (5, 1)])
def test_the_model_of_raters_refuses_a_single_rater_or_stimulus(shape):
    with pytest.raises(StatisticsError, match="two raters and two stimuli"):
        maximum_likelihood(np.ones(shape))


def test_screening_counts_are_sureals_where_no_stimulus_is_unanimous(sample):
    scores = sample[np.ptp(sample, axis=1) > 0]
    expected = _sureal(scores, "MosModel", subject_rejection=True)
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


@pytest.mark.parametrize("seed", [0, 1])
def test_intraclass_correlations_are_pingouins(seed):
    scores = _scores(seed)
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
    scores = _scores(3)
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


def _answers(seed: int, liking: float, stretch: float = 0.0) -> pd.DataFrame:
    """Return a study of severe and lenient raters of methods from bad to excellent: the scale ends for both."""
    source = np.random.default_rng(seed)
    m, r, i = 4, 10, 8
    latent = (
        np.linspace(1.1, 4.9, m)[:, None, None]
        + source.normal(0, 0.7, (1, r, 1))
        + source.normal(0, liking, (m, r, 1))
        + source.normal(0, 0.3, (1, 1, i))
        + source.normal(0, 0.6, (m, r, i))
    )
    scores = np.clip(np.rint(3 + np.exp(source.normal(0, stretch, (1, r, 1))) * (latent - 3)), 1, 5)
    names = pd.MultiIndex.from_product([range(m), range(r), range(i)], names=["method", "rater", "image"])
    return (
        pd.DataFrame({"score": scores.ravel()}, index=names).reset_index().astype({"method": str}).assign(dataset="s")
    )


def test_severity_at_the_ends_of_the_scale_is_not_taken_for_taste():
    found = [taste(_answers(seed, liking=0.0)).iloc[0] for seed in range(8)]
    assert sum(row["differs"] for row in found) <= 1
    assert np.mean([row["sd_method_rater"] for row in found]) > 0.1  # in points it does look like taste


def test_who_uses_a_narrower_part_of_the_scale_is_not_taken_to_have_another_taste():
    found = [taste(_answers(seed, liking=0.0, stretch=0.35)).iloc[0] for seed in range(8)]
    assert sum(row["differs"] for row in found) <= 1
    assert np.mean([row["sd_method_rater"] for row in found]) > 0.2


def test_taste_is_found_at_the_ends_of_the_scale_too():
    assert sum(taste(_answers(seed, liking=0.6)).iloc[0]["differs"] for seed in range(3)) == 3


def test_the_table_of_variances_is_that_of_the_linear_model(ratings):
    row, model = taste(ratings).iloc[0], linear_mixed_model(ratings)
    assert row["sd_rater_image"] == pytest.approx(model.sds["rater:image"])
    assert row["sd_method_image"] == pytest.approx(model.sds["method:image"])
    assert row["sd_rest"] == pytest.approx(model.sds["rest"])


def test_taste_takes_a_study_with_gaps_whole(ratings):
    row = taste(ratings.drop(index=[5, 17, 40])).iloc[0]
    assert (row["raters"], row["images"], row["note"]) == (8, 12, "")
    assert np.isfinite(row["sd_method_rater"])


def test_effects_that_a_design_cannot_tell_apart_are_named(ratings):
    turn = ratings["rater"].str[1:].astype(int) + ratings["image"].str[-3:].astype(int)
    one_version = ratings[ratings["method"] == np.array(sorted(ratings["method"].unique()))[turn % 3]]
    row = taste(one_version).iloc[0]
    assert "Cannot be told from the rest in this design: rater:image." in row["note"]
    assert np.isnan(row["sd_rater_image"])
    assert np.isfinite(row["sd_method_rater"])


def test_models_are_fitted_once_for_all_that_is_made_of_them(ratings):
    models = mixed_models(ratings)
    pd.testing.assert_frame_equal(taste(models), taste(ratings))
    assert models[0].ordinal.quality()["quality"].sum() == pytest.approx(0.0, abs=1e-9)


def test_taste_of_one_rater_is_nan_with_a_sentence(ratings):
    row = taste(ratings[ratings["rater"] == "r00"]).iloc[0]
    assert np.isnan(row["sd_method_rater"])
    assert "need two methods, raters and images" in row["note"]

"""Taste is told from the use of the scale."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from srbench.stats import (
    linear_mixed_model,
    mixed_models,
    taste,
)


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

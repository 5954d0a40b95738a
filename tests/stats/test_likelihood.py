"""ITU-T P.910's model of raters against sureal."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from srbench.errors import StatisticsError
from srbench.stats import (
    maximum_likelihood,
    screening,
)
from tests.stats.conftest import by_sureal


@pytest.mark.parametrize("holes", [0, 20])
def test_the_model_of_raters_is_sureals(sample, holes):
    scores = sample.copy()
    if holes:
        scores.flat[np.random.default_rng(0).choice(scores.size, holes, replace=False)] = np.nan
    expected = by_sureal(scores, "SubjectMLEModelProjectionSolver")
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

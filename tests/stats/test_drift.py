"""Drift over the study against R's lme4 and lmerTest (tests/stats/golden/drift.R), and what cannot be said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

from srbench import stats
from srbench.errors import StatisticsError

GOLDEN = Path(__file__).parent / "golden"
R = {name: np.array(value) for name, value in json.loads((GOLDEN / "drift.json").read_text(encoding="utf-8")).items()}


@pytest.fixture(scope="module")
def study() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "drift.csv").assign(dataset="golden")


def test_trends_are_those_of_lmer(study: pd.DataFrame) -> None:
    found = stats.drift(study)
    assert found.trend == pytest.approx(R["trend"].item(), abs=1e-6)
    assert found.error == pytest.approx(R["error"].item(), rel=1e-5)
    assert found.degrees == pytest.approx(R["degrees"].item(), rel=1e-4)
    assert found.sd == pytest.approx(R["sd"].item(), abs=1e-5)
    assert found.p_sd == pytest.approx(0.5 * scipy_stats.chi2.sf(R["ratio"].item(), 1), rel=1e-4)
    np.testing.assert_allclose(found.raters["trend"], R["raters"], atol=1e-5)
    reach = scipy_stats.t.ppf(0.975, R["degrees"].item()) * R["error"].item()
    assert (found.low, found.high) == pytest.approx((found.trend - reach, found.trend + reach), abs=1e-4)


def test_predictions_of_raters_have_the_error_of_hendersons_equations(study: pd.DataFrame) -> None:
    """The same model as one dense system, at the standard deviations that were found by the fit of variances."""
    from srbench.stats.drift import _places, _problem

    frame, place, _ = _places(study.astype({"rater": str}))
    problem, design, _, names = _problem(frame, place)
    logs = problem.minimise()
    fit = problem.at(logs)
    groups = problem.groups
    random = np.zeros((len(design), groups.total))
    for code, values in zip(groups.places, groups.values, strict=True):
        random[np.arange(len(design)), code] = values
    ratios = np.repeat(np.exp(logs), groups.sizes)
    whole = np.hstack([design, random])
    left = whole.T @ whole + np.diag(np.concatenate([np.zeros(design.shape[1]), 1.0 / ratios**2]))
    covariance = fit.variance * np.linalg.inv(left)
    contrast = np.zeros((len(names), len(left)))
    contrast[:, design.shape[1] - 1] = 1.0
    contrast[np.arange(len(names)), design.shape[1] + groups.starts[-1] + np.arange(len(names))] = 1.0
    errors = np.sqrt(np.diag(contrast @ covariance @ contrast.T))
    table = stats.drift(study).raters
    np.testing.assert_allclose((table["high"] - table["low"]) / 2 / 1.959964, errors, rtol=1e-4)


def test_a_trend_is_that_of_the_whole_study_for_who_stopped_early(study: pd.DataFrame) -> None:
    half = study[(study["rater"] != "r0") | (study["trial"] <= 24)]
    found = stats.drift(half)
    assert found.raters.set_index("rater").loc["r0", "n"] == 24
    assert found.trend == pytest.approx(R["trend"].item(), abs=0.15)


def test_orders_that_say_nothing_are_an_error(study: pd.DataFrame) -> None:
    with pytest.raises(StatisticsError, match="without the column 'trial'"):
        stats.drift(study.drop(columns="trial"))
    with pytest.raises(StatisticsError, match="three of them; found 2"):
        stats.drift(study[study["rater"].isin(["r0", "r1"])])
    same = study[study["rater"] != "r3"].sort_values(["rater", "image", "method"])
    same = same.assign(trial=same.groupby("rater").cumcount())
    with pytest.raises(StatisticsError, match="in one order"):
        stats.drift(same)


def test_ratings_without_a_number_in_their_order_are_counted(study: pd.DataFrame) -> None:
    lost = study.assign(trial=study["trial"].astype(object).where(study.index != 5, None))
    assert "1 ratings have no number in 'trial'" in stats.drift(lost).notes[0]

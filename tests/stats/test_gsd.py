"""The generalised score distribution against its authors' own implementation, and SOS against its definition.

`golden/gsd.json` was made with version 0.2.3 of the authors' package `ref_gsd` (jax, 64 bits): probabilities are
`gsd.log_prob`; fits maximise the sum of counts times `gsd.log_prob`, from the best place of a grid of 100 x 60, by
scipy's Nelder-Mead to 1e-9.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from srbench import stats
from srbench.errors import StatisticsError
from srbench.stats import gsd

AUTHORS = json.loads((Path(__file__).parent / "golden" / "gsd.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("psi", "rho", "expected"), AUTHORS["probabilities"])
def test_probabilities_are_the_authors(psi: float, rho: float, expected: list[float]) -> None:
    np.testing.assert_allclose(gsd.probabilities(np.array(psi), np.array(rho)), expected, atol=2e-9)


def test_fits_are_the_authors() -> None:
    counts, psi, rho, value = (np.array(column, dtype=np.float64) for column in zip(*AUTHORS["fits"], strict=True))
    found = gsd.fit(counts)
    np.testing.assert_allclose(found.psi, psi, atol=5e-6)
    np.testing.assert_allclose(found.rho, rho, atol=5e-6)
    np.testing.assert_allclose(found.log_likelihood, value, atol=1e-7)


@pytest.mark.parametrize("psi", [1.0, 1.3, 2.0, 2.5, 4.9, 5.0])
@pytest.mark.parametrize("rho", [1e-6, 0.2, 0.62, 0.8, 1.0])
def test_mean_and_variance_are_what_the_parameters_say(psi: float, rho: float) -> None:
    p, scores = gsd.probabilities(np.array(psi), np.array(rho)), np.arange(1, 6)
    assert p.sum() == pytest.approx(1.0)
    assert p @ scores == pytest.approx(psi)
    narrowest = (np.ceil(psi) - psi) * (psi - np.floor(psi))
    expected = rho * narrowest + (1 - rho) * (psi - 1) * (5 - psi)
    assert p @ (scores - psi) ** 2 == pytest.approx(expected, abs=1e-9)


def study(source: np.random.Generator, psi: float, rho: float, stimuli: int, raters: int = 26) -> pd.DataFrame:
    """Draw scores of that distribution."""
    p = gsd.probabilities(np.array(psi), np.array(rho))
    scores = source.choice(np.arange(1, 6), (stimuli, raters), p=p / p.sum())
    cells = pd.MultiIndex.from_product([range(stimuli), range(raters)], names=["image", "rater"])
    table = pd.DataFrame({"score": scores.ravel()}, index=cells).reset_index()
    return table.astype({"image": str, "rater": str}).assign(dataset="d", method="m")


def test_intervals_cover_and_the_test_keeps_its_level() -> None:
    found = stats.score_distributions(study(np.random.default_rng(1), 3.3, 0.8, 300), draws=199)
    for name, truth in (("psi", 3.3), ("rho", 0.8)):
        inside = (found[f"{name}_low"] <= truth) & (truth <= found[f"{name}_high"])
        assert 0.91 <= inside.mean() <= 0.99
    fit = stats.distribution_fit(found).iloc[0]
    assert (fit["stimuli"], fit["expected"]) == (300, 15.0)
    assert fit["poor"] <= 26
    assert fit["p"] > 0.005


def test_scores_with_two_peaks_inside_the_scale_are_fitted_poorly() -> None:
    table = study(np.random.default_rng(2), 3.0, 0.8, 20)
    table["score"] = np.where(np.arange(len(table)) % 2, 2, 4)
    found = stats.score_distributions(table, draws=199)
    assert (found["p"] <= 0.05).all()
    assert stats.distribution_fit(found)["p"].item() < 1e-6


def test_a_stimulus_of_few_scores_has_no_distribution_and_half_scores_are_refused() -> None:
    table = study(np.random.default_rng(3), 3.0, 0.8, 3, raters=5)
    few = table[(table["image"] != "0") | table["rater"].isin(["0", "1", "2"])]
    found = stats.score_distributions(few, draws=19).set_index("image")
    assert found.loc["0", ["psi", "rho", "p"]].isna().all()
    assert found.loc["1", ["psi", "rho", "p"]].notna().all()
    assert stats.score_distributions(few[few["image"] == "0"])["p"].isna().all()
    with pytest.raises(StatisticsError, match=r"whole scores from 1 to 5; the ratings have 3\.5"):
        stats.score_distributions(table.assign(score=3.5))


def test_agreement_is_not_known_where_everybody_says_the_worst() -> None:
    table = study(np.random.default_rng(3), 3.0, 0.8, 2)
    row = stats.score_distributions(table.assign(score=np.where(table["image"] == "0", 1.0, table["score"])), draws=19)
    assert row["psi"].tolist()[0] == 1.0
    assert row["rho"].isna().tolist() == [True, False]
    assert row["p"].tolist()[0] == 1.0


def test_the_interval_of_sos_covers_what_other_raters_and_images_would_show() -> None:
    source, inside, truth = np.random.default_rng(4), 0, []
    tables = []
    for _ in range(60):
        parts = [study(source, psi, 0.75, 10, raters=12).assign(method=str(psi)) for psi in (1.8, 2.6, 3.4, 4.2)]
        tables.append(stats.sos(pd.concat(parts)).iloc[0])
        truth.append(tables[-1]["a"])
    for row in tables:
        inside += row["low"] <= np.mean(truth) <= row["high"]
    assert inside >= 54

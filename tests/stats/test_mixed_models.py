"""The mixed models against R: `ordinal::clmm`, `lme4::lmer` and `lmerTest` (tests/stats/golden/mixed_models.R)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import integrate

from srbench.errors import StatisticsError
from srbench.stats import links
from srbench.stats.crossed import crossed
from srbench.stats.laplace import Laplace, ScaleUse
from srbench.stats.linear_mixed import linear_mixed_model
from srbench.stats.ordinal import ordinal_model
from tests.stats.conftest import GOLDEN, simulated

R = json.loads((GOLDEN / "mixed_models.json").read_text(encoding="utf-8"))


@pytest.fixture
def ratings(request: pytest.FixtureRequest) -> Callable[[str], pd.DataFrame]:
    """Return a table of ratings by its name in the golden values."""

    def read(name: str) -> pd.DataFrame:
        return avt(request.getfixturevalue("golden")) if name == "avt_test1" else simulated(name)

    return read


def avt(golden: Path) -> pd.DataFrame:
    """The h264 part of the public study AVT-VQDB-UHD-1, test 1: bit rates are the methods, sources the images."""
    wide = pd.read_csv(golden / "mos" / "avt_test1_ratings.csv")
    table = wide.melt(id_vars="video_name", var_name="rater", value_name="score").dropna()
    parts = table["video_name"].str.extract(r"^(?P<image>.+?)_(?P<method>\d+kbps_\d+p)_[\d.]+fps_(?P<codec>\w+)\.")
    table = pd.concat([table["rater"], parts["image"], parts["method"], table["score"]], axis=1)
    return table[parts["codec"] == "h264"].assign(dataset="avt")


@pytest.mark.parametrize("link", ["logit", "probit"])
@pytest.mark.parametrize("name", list(R))
def test_ordinal_model_equals_clmm(name: str, link: links.LinkName, ratings: Callable[[str], pd.DataFrame]) -> None:
    model, expected = ordinal_model(ratings(name), link=link), R[name][link]
    assert model.log_likelihood == pytest.approx(expected["log_likelihood"], abs=5e-4)
    np.testing.assert_allclose(model.thresholds, expected["thresholds"], rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(model.estimates[1:], expected["slopes"], rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(np.sqrt(np.diag(model.covariance))[1:], expected["errors"], rtol=2e-3)
    np.testing.assert_allclose(list(model.sds.values()), expected["sds"], atol=3e-3)


@pytest.mark.parametrize("name", list(R))
def test_linear_model_equals_lmer_and_lmertest(name: str, ratings: Callable[[str], pd.DataFrame]) -> None:
    model, expected = linear_mixed_model(ratings(name)), R[name]["linear"]
    assert model.criterion == pytest.approx(expected["criterion"], abs=1e-6)
    np.testing.assert_allclose(model.means[1:] - model.means[0], expected["slopes"], atol=1e-6)
    np.testing.assert_allclose(list(model.sds.values()), expected["sds"], atol=2e-4)
    against_first = model.contrasts().query("a == @model.methods[0]")
    np.testing.assert_allclose(against_first["error"], expected["errors"], rtol=1e-4)
    np.testing.assert_allclose(against_first["degrees"], expected["degrees"], rtol=2e-3)


@pytest.mark.parametrize("link", ["logit", "probit"])
@pytest.mark.parametrize(("spread", "width"), [(False, False), (True, False), (False, True), (True, True)])
def test_gradient_is_the_slope_of_the_value(link: str, spread: bool, width: bool) -> None:
    frame = simulated("five_images")
    groups = crossed(frame, ("rater", "image", "method:rater", "method:image"))
    use = ScaleUse(pd.factorize(frame["rater"])[0], spread, width)
    method, category = pd.factorize(frame["method"], sort=True)[0], frame["score"].to_numpy() - 1
    problem = Laplace(links.find(link), category, method, 4, groups, use)
    source = np.random.default_rng(0)
    point = source.normal(0, 0.3, 4 + 3 + 4 + 25 * spread + 25 * width)
    slope = problem(point)[1]
    for place in range(point.size):
        shift = np.zeros(point.size)
        shift[place] = 1e-5
        measured = (problem(point + shift)[0] - problem(point - shift)[0]) / 2e-5
        assert slope[place] == pytest.approx(measured, abs=2e-5 * max(1.0, abs(measured)))


def test_laplace_is_close_to_the_integral_for_one_random_effect() -> None:
    frame = simulated("five_images").query("method in ['m0', 'm1']")
    model = ordinal_model(frame, effects=("rater",), link="probit")
    edges = np.concatenate([[-np.inf], model.thresholds, [np.inf]])
    slopes = dict(zip(model.methods, model.estimates, strict=True))
    cdf = links.LINKS["probit"].cdf

    def likelihood(part: pd.DataFrame) -> float:
        score, eta = part["score"].to_numpy(), part["method"].map(slopes).to_numpy()
        category = np.searchsorted(model.scores, score)

        def density(z: float) -> float:
            shifted = eta + model.sds["rater"] * z
            p = cdf(edges[category + 1] - shifted) - cdf(edges[category] - shifted)
            return float(np.prod(p) * np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi))

        return float(integrate.quad(density, -8, 8)[0])

    exact = sum(np.log(likelihood(part)) for _, part in frame.groupby("rater"))
    assert model.log_likelihood == pytest.approx(exact, abs=0.5)


def test_raters_with_a_wider_spread_are_found() -> None:
    source = np.random.default_rng(3)
    spread = np.where(np.arange(12) < 6, 0.5, 2.0)
    latent = np.linspace(0, 2, 3)[:, None, None] + spread[None, :, None] * source.logistic(size=(3, 12, 60))
    method, rater, image = np.indices(latent.shape)
    frame = pd.DataFrame({
        "rater": [f"r{v:02d}" for v in rater.ravel()], "dataset": "d", "image": [f"i{v}" for v in image.ravel()],
        "method": [f"m{v}" for v in method.ravel()], "score": 1 + np.digitize(latent.ravel(), [-1.0, 0.5, 1.5, 3.0]),
    })  # fmt: skip
    model = ordinal_model(frame, effects=("image",), rater_spread=True)
    assert model.spreads.to_numpy() == pytest.approx(spread / np.exp(np.log(spread).mean()), rel=0.35)
    assert model.aic < ordinal_model(frame, effects=("image",)).aic - 50


def test_raters_who_use_a_narrower_part_of_the_scale_are_found() -> None:
    source = np.random.default_rng(4)
    width = np.where(np.arange(12) < 6, 0.7, 1.5)
    latent = np.linspace(-1.5, 1.5, 4)[:, None, None] + source.logistic(size=(4, 12, 60))
    latent += source.normal(0, 0.5, (1, 12, 1))
    edges = np.array([-3.0, -1.0, 1.0, 3.0])[:, None, None, None] * width[:, None]
    method, rater, image = np.indices(latent.shape)
    frame = pd.DataFrame({
        "rater": [f"r{v:02d}" for v in rater.ravel()], "dataset": "d", "image": [f"i{v}" for v in image.ravel()],
        "method": [f"m{v}" for v in method.ravel()], "score": 1.0 + (latent > edges).sum(axis=0).ravel(),
    })  # fmt: skip
    model = ordinal_model(frame, effects=("rater",), rater_width=True)
    assert model.widths.to_numpy() == pytest.approx(width / np.exp(np.log(width).mean()), rel=0.25)
    assert model.aic < ordinal_model(frame, effects=("rater",)).aic - 50


def test_a_search_turns_round_where_the_likelihood_cannot_be_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    frame, calls, whole = simulated("five_images"), [], Laplace.__call__
    expected = ordinal_model(frame)

    def fails(problem: Laplace, vector: np.ndarray) -> tuple[float, np.ndarray]:
        calls.append(vector)
        if len(calls) in (2, 5, 6) or len(calls) > limit:
            raise StatisticsError("no mode")
        return whole(problem, vector)

    limit = 10**6
    monkeypatch.setattr(Laplace, "__call__", fails)
    assert ordinal_model(frame).log_likelihood == pytest.approx(expected.log_likelihood, abs=1e-6)
    limit = 1
    calls.clear()
    with pytest.raises(StatisticsError, match="no mode"):
        ordinal_model(frame)


def test_predicted_distributions_are_those_of_simulated_people() -> None:
    model = ordinal_model(simulated("balanced"))
    source = np.random.default_rng(0)
    sd = np.sqrt(sum(v**2 for v in model.sds.values()))
    for row, estimate in zip(model.distributions().itertuples(index=False), model.estimates, strict=True):
        latent = estimate + sd * source.standard_normal(200_000) + source.logistic(size=200_000)
        shares = np.bincount(np.digitize(latent, model.thresholds), minlength=5) / latent.size
        assert list(row)[1:-1] == pytest.approx(shares, abs=0.006)
        assert row.mean == pytest.approx(float(shares @ np.array(model.scores)), abs=0.02)


def test_quality_against_the_mean_of_all_sums_to_zero_and_contrasts_agree() -> None:
    model = ordinal_model(simulated("gaps"))
    quality = model.quality()
    assert quality["quality"].sum() == pytest.approx(0.0, abs=1e-9)
    first = model.contrasts().iloc[0]
    assert first["estimate"] == pytest.approx(quality["quality"][0] - quality["quality"][1])
    assert (quality["low"] < quality["quality"]).all()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: f.assign(score=3), "nothing to fit"),
        (lambda f: f[f["method"] == "m0"], "two methods"),
        (lambda f: f[f["image"] == "i000"], "random effect 'image' has 1 level"),
    ],
)
def test_what_cannot_be_fitted_is_said_in_one_sentence(change, says: str) -> None:  # type: ignore[no-untyped-def]
    for fit in (ordinal_model, linear_mixed_model):
        with pytest.raises(StatisticsError, match=says):
            fit(change(simulated("balanced")))


def test_unknown_links_effects_and_methods_are_named() -> None:
    frame = simulated("balanced")
    with pytest.raises(StatisticsError, match="cauchit"):
        ordinal_model(frame, link="cauchit")  # type: ignore[arg-type]
    with pytest.raises(StatisticsError, match="screen"):
        linear_mixed_model(frame, effects=("screen",))
    with pytest.raises(StatisticsError, match="no rating of m9"):
        linear_mixed_model(frame, methods=["m0", "m9"])

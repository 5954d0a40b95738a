"""Ratings and comparisons on one scale: against the models of either alone, and against the truth behind both."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from srbench import stats
from srbench.errors import StatisticsError
from srbench.stats import links
from srbench.stats.crossed import crossed
from srbench.stats.joint_design import EFFECTS, joint_design
from srbench.stats.joint_likelihood import JointLikelihood
from srbench.stats.laplace import Laplace, ScaleUse
from srbench.stats.pair_design import design
from srbench.stats.pair_likelihood import PairLikelihood
from srbench.stats.tables import check_ratings

QUALITY = np.array([0.0, 0.8, 1.6, 2.4])
METHODS = [f"m{place}" for place in range(QUALITY.size)]
SCALE = 1.7
CUTS = np.array([-1.0, 0.6, 2.0, 3.4])


def draw(seed: int, raters: int = 8, images: int = 6) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw ratings and comparisons of the same images by two groups of raters."""
    source = np.random.default_rng(seed)
    size = QUALITY.size
    suit, level = source.normal(0, 0.4, (size, images)), source.normal(0, 0.3, images)
    rows: list[tuple[object, ...]] = []
    pairs: list[tuple[object, ...]] = []
    for r in range(raters):
        taste, other, severe = source.normal(0, 0.3, size), source.normal(0, 0.3, size), source.normal(0, 0.5)
        for i in range(images):
            for m in range(size):
                latent = QUALITY[m] + taste[m] + suit[m, i] + severe + level[i] + source.logistic()
                rows.append((f"r{r}", f"i{i}", METHODS[m], 1 + int((latent > CUTS).sum())))
            for a, b in zip(*np.triu_indices(size, 1), strict=True):
                left, right = (a, b) if source.random() < 0.5 else (b, a)
                values = QUALITY + other + suit[:, i]
                latent = SCALE * (values[left] - values[right]) + 0.2 + source.logistic()
                answer = 1.0 if latent > 0.4 else 2.0 if latent < -0.4 else 1.5
                pairs.append((f"p{r}", f"i{i}", METHODS[left], METHODS[right], answer))
    ratings = pd.DataFrame(rows, columns=["rater", "image", "method", "score"]).assign(dataset="d")
    return ratings, pd.DataFrame(pairs, columns=["rater", "image", "left", "right", "score"]).assign(dataset="d")


def problem(link: str, free: bool = False) -> JointLikelihood:
    made = joint_design(*draw(0), METHODS, EFFECTS)
    return JointLikelihood(links.find(link), made.freed() if free else made)


@pytest.mark.parametrize("link", ["logit", "probit"])
def test_gradient_is_the_slope_of_the_value(link: str) -> None:
    likelihood = problem(link, free=True)
    vector = likelihood._start() + np.random.default_rng(1).normal(0, 0.15, int(likelihood.ends[-1]))
    gradient = likelihood(vector)[1]
    step = 1e-5
    slopes = [
        (likelihood(vector + shift)[0] - likelihood(vector - shift)[0]) / (2 * step)
        for shift in step * np.eye(vector.size)
    ]
    np.testing.assert_allclose(gradient, slopes, atol=2e-5)


def ratings_alone(ratings: pd.DataFrame) -> Laplace:
    """Return the likelihood of the ordinal model of the same ratings, without a rater's own use of the scale."""
    frame, _ = check_ratings(ratings)
    method = pd.Categorical(frame["method"], categories=METHODS).codes.astype(np.intp)
    rater = pd.Categorical(frame["rater"]).codes.astype(np.intp)
    category = frame["score"].to_numpy().astype(np.intp) - 1
    return Laplace(links.find("logit"), category, method, len(METHODS), crossed(frame, EFFECTS), ScaleUse(rater))


def test_on_other_images_the_likelihood_is_the_sum_of_both_models() -> None:
    ratings, pairs = draw(1)
    pairs = pairs.assign(image="other/" + pairs["image"])
    cuts, tie, lean, scale, sds = np.array([-1.0, 0.5, 0.3, 0.4]), -0.8, 0.3, 0.45, np.log([0.5, 0.4, 0.3, 0.35])
    slopes = np.array([0.5, 1.4, 2.2])
    joint = JointLikelihood(links.find("logit"), joint_design(ratings, pairs, METHODS, EFFECTS))
    value = joint(np.concatenate([cuts, [tie, lean, scale], slopes, sds]))[0]
    alone = ratings_alone(ratings)
    of_ratings = alone(np.concatenate([cuts, slopes, sds]))[0]
    made, _ = design(pairs, EFFECTS[2:], order=True, methods=METHODS)
    of_pairs = PairLikelihood(links.find("logit"), made, np.inf)(
        np.concatenate([[tie], slopes * np.exp(scale), [lean], sds[2:] + scale])
    )[0]
    assert value == pytest.approx(of_ratings + of_pairs, abs=1e-7)


def test_both_kinds_recover_one_truth() -> None:
    contrast = np.array([[-1, 0, 0, 1], [0, -1, 1, 0], [-1, 1, 0, 0]], dtype=np.float64)
    inside, scales, agree = [], [], []
    for seed in range(6):
        both = stats.joint_model(*draw(seed))
        error = np.sqrt(np.diag(contrast @ both.latent_covariance @ contrast.T))
        inside.append(np.abs(contrast @ (both.latent - QUALITY)) < 2.0 * error)
        scales.append(both.scale)
        agree.append(both.p_scale)
    assert np.mean(inside) >= 0.8
    assert np.median(scales) == pytest.approx(SCALE, abs=0.5)
    assert np.median(agree) > 0.05


def test_comparisons_add_to_what_ratings_know() -> None:
    """At the same parameters, so that nothing hangs on which standard deviations a study happens to find."""
    ratings, pairs = draw(2)
    cuts, tie, lean, scale = np.array([-1.0, 0.5, 0.3, 0.4]), np.log(0.4), 0.2, np.log(SCALE)
    sds, slopes = np.log([0.5, 0.3, 0.3, 0.4]), QUALITY[1:]
    joint = JointLikelihood(links.find("logit"), joint_design(ratings, pairs, METHODS, EFFECTS))
    both = joint.covariance(np.concatenate([cuts, [tie, lean, scale], slopes, sds]))
    alone = ratings_alone(ratings)
    of_ratings = alone.covariance(np.concatenate([cuts, slopes, sds]))
    assert (np.linalg.eigvalsh(of_ratings - both[1:, 1:]) > 0).all()
    narrower = np.sqrt(np.diag(both)[1:] / np.diag(of_ratings))
    assert narrower.max() < 0.95


def test_ratings_add_to_what_few_comparisons_know() -> None:
    contrast, ratios = np.array([[-1, 0, 0, 1], [0, -1, 1, 0], [-1, 1, 0, 0]], dtype=np.float64), []
    for seed in range(4):
        ratings, pairs = draw(seed)
        few = pairs[pairs["rater"].isin(["p0", "p1", "p2"])]
        both, alone = stats.joint_model(ratings, few), stats.pair_model(few, link="logit", prior=None)
        errors = [np.sqrt(np.diag(contrast @ model.covariance @ contrast.T)) for model in (both, alone)]
        ratios.append(errors[0] / errors[1])
    assert np.mean(ratios) < 0.95


def test_a_scale_of_comparisons_that_is_another_one_is_seen() -> None:
    ratings, pairs = draw(3)
    turned = {"m0": "m1", "m1": "m0", "m2": "m3", "m3": "m2"}
    other = pairs.assign(left=pairs["left"].map(turned), right=pairs["right"].map(turned))
    assert stats.joint_model(ratings, other).p_scale < 0.01


def test_quality_is_around_its_mean_or_a_method() -> None:
    model = stats.joint_model(*draw(4))
    assert model.quality()["quality"].sum() == pytest.approx(0.0, abs=1e-9)
    from_first = model.quality(zero="m0").set_index("method")
    assert from_first.loc["m0", ["quality", "error"]].tolist() == [0.0, 0.0]
    with pytest.raises(StatisticsError, match="m9"):
        model.quality(zero="m9")


def test_methods_in_common_are_needed() -> None:
    ratings, pairs = draw(5)
    with pytest.raises(StatisticsError, match="two methods in common to have one scale; they have m0"):
        stats.joint_model(ratings[ratings["method"] == "m0"], pairs)
    with pytest.raises(StatisticsError, match="Nobody rated or compared m9"):
        stats.joint_model(ratings, pairs, methods=[*METHODS, "m9"])
    with pytest.raises(StatisticsError, match="one or more different random effects"):
        stats.joint_model(ratings, pairs, effects=[])

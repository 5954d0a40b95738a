"""The model of pairs against R (`ordinal`, `lme4`, `BradleyTerry2`; tests/stats/golden/pairs.R) and closed forms."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import special

from srbench import stats
from srbench.errors import StatisticsError
from srbench.stats import links
from srbench.stats.pair_design import design
from srbench.stats.pair_likelihood import PairLikelihood

GOLDEN = Path(__file__).parent / "golden"
R = json.loads((GOLDEN / "pairs.json").read_text(encoding="utf-8"))
STUDY = pd.read_csv(GOLDEN / "pairs_ties.csv").assign(dataset="golden")
ALL = ("method:rater", "method:image", "rater")


def part(name: str) -> pd.DataFrame:
    if name in {"mixed", "plain"}:
        return STUDY[STUDY["score"] != 1.5]
    return STUDY[STUDY["left"].isin(["m0", "m1"]) & STUDY["right"].isin(["m0", "m1"])] if name == "two" else STUDY


def answers(a: str, b: str, wins: int, losses: int, ties: int = 0, rater: str = "r0") -> pd.DataFrame:
    """The answers of one rater on one image, in which sides take turns."""
    scores = [1.0] * wins + [2.0] * losses + [1.5] * ties
    rows = [(a, b, score) if place % 2 else (b, a, 3.0 - score) for place, score in enumerate(scores)]
    frame = pd.DataFrame(rows, columns=["left", "right", "score"])
    return frame.assign(rater=rater, dataset="d", image="i0")


@pytest.mark.parametrize("case", list(R))
def test_the_model_equals_what_r_fits(case: str) -> None:
    name, link = case.split("/")
    expected = R[case]
    effects = () if name in {"ties", "plain"} else None
    model = stats.pair_model(part(name), link=link, effects=effects, prior=None)  # type: ignore[arg-type]
    first = model.contrasts().query("a == 'm0'")
    assert model.log_likelihood == pytest.approx(expected["log_likelihood"][0], abs=1e-5)
    np.testing.assert_allclose(-first["estimate"] * model.unit, expected["slopes"], atol=2e-5)
    assert model.order * model.unit == pytest.approx(expected["lean"][0], abs=2e-5)
    np.testing.assert_allclose(np.array(list(model.sds.values())) * model.unit, expected.get("sds", []), atol=2e-5)
    if "errors" in expected:
        np.testing.assert_allclose(first["error"] * model.unit, expected["errors"], rtol=2e-4)
        assert model.order_error * model.unit == pytest.approx(expected["lean_error"][0], rel=2e-4)
    assert model.tie * model.unit == pytest.approx(expected.get("tie", [0.0])[0], abs=2e-5)


@pytest.mark.parametrize(("link", "inverse"), [("probit", special.ndtri), ("logit", special.logit)])
def test_two_methods_have_a_closed_form(link: links.LinkName, inverse: np.ufunc) -> None:
    model = stats.pair_model(answers("a", "b", 30, 10), link=link, order=False, prior=None)
    share = model.quality().set_index("method")["quality"]
    # 30 of 40 choose a: 75 %, which is what one JOD means.
    assert share["a"] - share["b"] == pytest.approx(1.0, abs=1e-5)
    assert model.unit == pytest.approx(inverse(0.75), abs=1e-9)
    shown = model.shares.iloc[0]
    assert (shown["wins_a"], shown["wins_b"], shown["ties"], shown["observed"]) == (30, 10, 0, 0.75)
    assert shown["predicted"] == pytest.approx(0.75, abs=1e-6)
    if link == "logit":
        assert model.contrasts()["error"][0] * model.unit == pytest.approx(np.sqrt(1 / 30 + 1 / 10), rel=1e-4)


def test_two_methods_with_ties_give_back_the_three_shares() -> None:
    model = stats.pair_model(answers("a", "b", 24, 10, 16), link="probit", order=False, prior=None)
    difference, tie = (model.estimates[0] - model.estimates[1]) * model.unit, model.tie * model.unit
    assert special.ndtr(difference - tie) == pytest.approx(24 / 50, abs=1e-5)
    assert special.ndtr(-difference - tie) == pytest.approx(10 / 50, abs=1e-5)


@pytest.mark.parametrize("link", ["logit", "probit"])
@pytest.mark.parametrize("effects", [(), ("method:image",), ALL])
def test_gradient_is_the_slope_of_the_value(link: str, effects: tuple[str, ...]) -> None:
    made, _ = design(STUDY, effects, order=True)
    problem = PairLikelihood(links.find(link), made, prior=2.0)
    point = np.random.default_rng(0).normal(0, 0.3, 1 + 4 + len(effects))
    slope = problem(point)[1]
    for place in range(point.size):
        shift = np.zeros(point.size)
        shift[place] = 1e-5
        measured = (problem(point + shift)[0] - problem(point - shift)[0]) / 2e-5
        assert slope[place] == pytest.approx(measured, abs=2e-5 * max(1.0, abs(measured)))


def test_one_jod_is_three_quarters_of_all_choices_of_all_raters_on_all_images() -> None:
    model = stats.pair_model(STUDY, effects=ALL)
    source = np.random.default_rng(0)
    sds = {name: sd * model.unit for name, sd in model.sds.items()}
    taste, suit = (sds[name] * source.standard_normal((200_000, 2)) for name in ALL[:2])
    lean = sds["rater"] * source.standard_normal(200_000)
    latent = model.unit + (taste + suit) @ [1, -1] + lean + source.standard_normal(200_000)
    assert (latent > 0).mean() == pytest.approx(0.75, abs=0.004)


@pytest.fixture(scope="module")
def model() -> stats.Pairs:
    """The model of the whole study, with random effects and the prior."""
    return stats.pair_model(STUDY)


def test_equal_answers_give_equal_numbers_whatever_the_order_of_rows_and_sides(model: stats.Pairs) -> None:
    turned = STUDY.rename(columns={"left": "right", "right": "left"}).assign(score=3 - STUDY["score"])
    again = stats.pair_model(turned.sample(frac=1.0, random_state=1))
    np.testing.assert_allclose(again.estimates, model.estimates, atol=1e-4)
    assert again.order == pytest.approx(-model.order, abs=1e-4)
    pd.testing.assert_frame_equal(stats.pair_model(STUDY).quality(), model.quality())


def test_the_zero_is_the_mean_or_a_method_and_changes_no_difference(model: stats.Pairs) -> None:
    around, above = model.quality(), model.quality(zero="m0")
    assert around["quality"].mean() == pytest.approx(0.0, abs=1e-12)
    assert above.loc[0, ["quality", "error", "low", "high"]].tolist() == [0.0] * 4
    np.testing.assert_allclose(np.diff(above["quality"]), np.diff(around["quality"]))
    with pytest.raises(StatisticsError, match="'m9'"):
        model.quality(zero="m9")


def test_a_method_that_always_won_is_finite_under_the_prior_and_refused_without() -> None:
    frame = pd.concat([answers("a", "b", 20, 0), answers("b", "c", 12, 8)])
    quality = stats.pair_model(frame).quality().set_index("method")
    assert 1.0 < quality["quality"]["a"] < 10.0
    assert np.isfinite(quality.to_numpy()).all()
    with pytest.raises(StatisticsError, match=r"always won against another: b, c \| a|a \| b, c"):
        stats.pair_model(frame, prior=None)
    frame = answers("a", "b", 10, 10).assign(score=1.0)
    assert np.isfinite(stats.pair_model(frame).order)
    with pytest.raises(StatisticsError, match="same side"):
        stats.pair_model(frame, prior=None)


def test_the_prior_moves_next_to_nothing_where_everybody_won_and_lost(model: stats.Pairs) -> None:
    free = stats.pair_model(STUDY, prior=None)
    np.testing.assert_allclose(model.estimates, free.estimates, atol=0.02)


def test_methods_are_chosen_and_ordered_by_name() -> None:
    model = stats.pair_model(STUDY, methods=["m3", "m1"])
    assert model.methods == ("m3", "m1")
    assert model.observations == len(STUDY[STUDY["left"].isin(["m1", "m3"]) & STUDY["right"].isin(["m1", "m3"])])
    assert model.shares.loc[0, ["a", "b"]].tolist() == ["m3", "m1"]
    with pytest.raises(StatisticsError, match="no comparison of m9"):
        stats.pair_model(STUDY, methods=["m3", "m1", "m9"])
    with pytest.raises(StatisticsError, match="two different methods"):
        stats.pair_model(STUDY, methods=["m3"])


def test_groups_that_were_never_compared_are_named() -> None:
    frame = pd.concat([answers("a", "b", 5, 5), answers("c", "d", 5, 5)])
    with pytest.raises(StatisticsError, match=r"2 groups.*a, b \| c, d"):
        stats.pair_model(frame)


def test_a_circle_of_preferences_does_not_fit_one_scale() -> None:
    circle = pd.concat([answers(a, b, 30, 10) for a, b in ("ab", "bc", "ca")])
    line = pd.concat([answers("a", "b", 26, 14), answers("b", "c", 26, 14), answers("a", "c", 33, 7)])
    tests = {name: stats.pair_model(frame).tests().set_index("test") for name, frame in (("o", circle), ("-", line))}
    assert tests["o"].loc["fit", "p"] < 1e-6
    assert tests["-"].loc["fit", "p"] > 0.2
    assert tests["-"].loc["fit", "degrees"] == 1
    # Without random effects Rao's statistic is Pearson's: every pair has an excess of 10 of 40 over one half.
    plain = stats.pair_model(circle, order=False, prior=None)
    assert plain.misfit[0] == pytest.approx(3 * (10**2 / 20 + 10**2 / 20), rel=1e-6)


def test_two_methods_fit_any_share_so_that_nothing_can_be_tested() -> None:
    tests = stats.pair_model(answers("a", "b", 12, 8), order=False).tests()
    assert tests["p"].isna().all()


def test_a_lean_to_the_left_is_found_and_taken_out_of_the_qualities() -> None:
    frame = answers("a", "b", 20, 20)
    leaning = frame.assign(score=np.where(np.arange(40) % 7 == 0, 2.0, 1.0))
    model = stats.pair_model(leaning)
    assert model.order > 0
    np.testing.assert_allclose(model.estimates, 0.0, atol=1e-4)
    assert model.tests().set_index("test").loc["order", "p"] < 0.01


def test_one_order_of_sides_is_noted_and_kept_out_of_the_model() -> None:
    frame = answers("a", "b", 20, 10)
    swapped = frame["left"] == "b"
    frame.loc[swapped, ["left", "right"]] = ["a", "b"]
    frame.loc[swapped, "score"] = 3.0 - frame.loc[swapped, "score"]
    model = stats.pair_model(frame)
    assert model.order == 0.0
    assert "one order only" in " ".join(model.notes)


def test_random_effects_widen_intervals_where_raters_differ(model: stats.Pairs) -> None:
    plain = stats.pair_model(STUDY, effects=()).contrasts()
    mixed = model.contrasts()
    assert (mixed["error"] > 1.5 * plain["error"]).all()
    one = stats.pair_model(answers("a", "b", 12, 8))
    assert one.sds == {}
    assert one.notes == (
        "All comparisons are of one rater, so they say nothing of others.",
        "All comparisons are of one image, so they say nothing of others.",
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: f.drop(columns="left"), "missing: left"),
        (lambda f: f.assign(score=3), "row 1 has '3'"),
        (lambda f: f.assign(score="left"), "row 1 has 'left'"),
        (lambda f: f.assign(right=f["left"]), "with itself"),
        (lambda f: f.assign(rater=None), "Row 1 .* lacks"),
        (lambda f: f.assign(score=np.nan), "no comparison with a score"),
        (lambda f: f.assign(score=1.5), "No comparison shows a preference"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_sentence(change, says: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(StatisticsError, match=says):
        stats.pair_model(change(answers("a", "b", 6, 4)))


def test_bad_choices_are_named() -> None:
    frame = answers("a", "b", 6, 4)
    for choice, says in (
        ({"link": "cauchit"}, "cauchit"), ({"effects": ("screen",)}, "screen"), ({"effects": ("rater",)}, "two raters"),
        ({"effects": ("rater", "rater")}, "different random effects"), ({"prior": -1.0}, "positive"),
    ):  # fmt: skip
        with pytest.raises(StatisticsError, match=says):
            stats.pair_model(frame, **choice)  # type: ignore[arg-type]


def test_missing_answers_and_copies_are_counted() -> None:
    frame = answers("a", "b", 12, 8).assign(trial=range(20))
    frame.loc[0, "score"] = np.nan
    model = stats.pair_model(pd.concat([frame, frame[5:7]]))
    assert model.observations == 19
    assert model.notes[:2] == (
        "1 of 22 comparisons have no score and were left out.", "2 copied rows of comparisons count once."
    )  # fmt: skip

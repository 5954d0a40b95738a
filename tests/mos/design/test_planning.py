from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pandas as pd
import pytest

from srbench.errors import StudyError
from srbench.mos.design import planning as plan
from srbench.mos.design import study
from srbench.mos.design.simulation import Spread, draw
from srbench.mos.store.definitions import Settings
from srbench.reports import Choices
from srbench.stats import compare
from srbench.stats.intervals import crossed_means, shared_critical


def test_on_five_pictures_wilcoxons_p_can_never_reach_five_percent() -> None:
    (row,) = plan.power({"set5": 5}, 26, 2.0, studies=20)
    assert row.smallest_p == 0.0625
    assert row.power_wilcoxon == 0.0
    assert row.power == 1.0  # two whole steps of the scale


def test_power_grows_with_effect_and_pictures_and_false_alarms_stay_rare() -> None:
    weak, strong = (plan.power({"set14": 14, "bsd100": 60}, 20, effect, studies=60) for effect in (0.1, 0.4))
    assert weak[0].power < strong[0].power
    assert weak[0].power < weak[1].power
    assert strong[1].power > 0.9
    assert max(row.false_alarms for row in weak) <= 0.15
    assert plan.power({"set14": 14}, 20, 0.1, studies=60) == plan.power({"set14": 14}, 20, 0.1, studies=60)


def test_hours_count_calibration_and_breaks() -> None:
    design = study.paper_design("x", 1)
    trials = plan.trials(design, {"set5": 5, "set14": 14, "bsd100": 100})
    cost = plan.cost(design, 26, trials)
    assert (cost.trials, cost.ratings, cost.sessions) == (1128, 29_328, 4)
    assert cost.hours == pytest.approx(((1128 + 40) * 5 + 3 * 300) / 3600)
    assert cost.hours_total == pytest.approx(26 * cost.hours)


@pytest.mark.parametrize(("raters", "effect", "images"), [(1, 0.2, 5), (5, -0.2, 5), (5, 0.2, 0), (5, 5.0, 5)])
def test_a_plan_that_makes_no_sense_is_refused(raters: int, effect: float, images: int) -> None:
    with pytest.raises(StudyError):
        plan.power({"set5": images}, raters, effect, studies=2)


def test_more_methods_ask_for_more_evidence_of_each_pair():
    (two,), (twelve,) = (plan.power({"set14": 14}, 26, 0.3, methods=number, studies=60) for number in (2, 12))
    assert (two.methods, twelve.methods) == (2, 12)
    assert twelve.power < two.power
    assert twelve.power_wilcoxon == pytest.approx(two.power_wilcoxon, abs=0.25)  # of the pair alone


@pytest.mark.parametrize("methods", [2, 5])
def test_on_few_pictures_so_many_studies_find_the_difference_as_planned(methods: int) -> None:
    alike, effect, found = Spread(method_image=0.0, method_rater=0.0), 0.35, 0
    (planned,) = plan.power({"set5": 5}, 20, effect, methods=methods, spread=alike, studies=600)
    source, (first, second) = np.random.default_rng(3), np.triu_indices(methods, 1)
    for _ in range(300):
        scores = draw([3 + effect / 2, 3 - effect / 2, *[3.0] * (methods - 2)], 20, 5, alike, source)
        value, error, degrees = crossed_means(scores[first] - scores[second])
        found += bool(abs(value[0]) > shared_critical(methods, degrees) * error[0])
    assert found / 300 == pytest.approx(planned.power, abs=0.1)


class Watched(np.random.Generator):
    """Random numbers that remember their permutations: the last one says who sees what in an incomplete design."""

    permuted: np.ndarray

    def permutation(self, *arguments: Any) -> np.ndarray:  # type: ignore[override]
        self.permuted = super().permutation(*arguments)
        return self.permuted


@pytest.mark.parametrize("share", [1.0, 0.6])
@pytest.mark.parametrize("methods", [2, 4])
def test_a_simulated_study_finds_what_the_report_of_its_ratings_calls_different(
    share: float, methods: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    raters, images, kept, decided = 8, 7, [], set()

    def drawn(*arguments: Any) -> np.ndarray:
        kept.append(draw(*arguments))
        return kept[-1]

    monkeypatch.setattr(plan, "draw", drawn)
    seen = None if share == 1 else np.random.default_rng(1).random((methods, raters, images)) < share
    study = plan.DrawnStudy(methods, raters, images, Spread(), seen, chooses=False)
    for seed in range(24):
        source, effect, alpha = Watched(np.random.PCG64(seed)), (0.0, 0.5, 1.0)[seed % 3], (0.05, 0.2)[seed % 2]
        found = plan._share((3 + effect / 2, 3 - effect / 2), study, alpha, 1, source)
        scores = kept[-1] if seen is None else np.where(seen[source.permuted], kept[-1], np.nan)
        places = pd.MultiIndex.from_product(map(range, scores.shape), names=["method", "rater", "image"])
        table = pd.DataFrame({"score": scores.reshape(-1)}, index=places).dropna().reset_index()
        table = table.astype(dict.fromkeys(places.names, str)).assign(dataset="one")
        row = compare(table, alpha=alpha).set_index(["a", "b"]).loc["0", "1"]
        assert found == (row["significant"], row["p"] < alpha)
        decided.add(found)
    assert {rule for rule, _ in decided} == {0.0, 1.0}, "studies of both kinds were drawn"


def test_a_plan_and_a_report_have_one_level_unless_told_otherwise() -> None:
    for function in (plan.power, compare):
        assert inspect.signature(function).parameters["alpha"].default == Choices().alpha == 0.05


def test_a_plan_counts_the_methods_of_its_design(tiny):
    found = plan.plan(tiny, 20, 0.4, simulations=5)
    versions = {each.name: len(each.versions) for each in tiny.sets}
    assert {row.dataset: row.methods for row in found.power} == versions


def with_settings(**values: object) -> study.StudyDesign:
    sets = (study.ImageSet("one", ("a", "b", "c", "hr"), count=20),)
    return study.StudyDesign("x", 1, sets, Settings(**values))  # type: ignore[arg-type]


def test_a_part_of_all_trials_finds_less_and_costs_less() -> None:
    whole, half, few = (
        plan.plan(with_settings(trials_per_rater=size), 30, 0.4, simulations=60) for size in (0, 40, 12)
    )
    assert (whole.cost.trials, half.cost.trials, few.cost.trials) == (80, 40, 12)
    assert whole.power[0].power > half.power[0].power > few.power[0].power
    assert max(row.power[0].false_alarms for row in (whole, half, few)) <= 0.15


def test_the_cells_of_an_incomplete_design_are_those_of_its_blocks() -> None:
    cells = plan.shown_cells(with_settings(trials_per_rater=12), {"one": 20}, 20)["one"]
    assert cells.shape == (4, 20, 20)
    assert (cells.sum(axis=(0, 2)) == 12).all()
    assert set(cells.sum(axis=1).ravel()) == {3}, "20 raters x 12 trials on 80 versions: each is rated three times"
    assert plan.shown_cells(with_settings(trials_per_rater=80), {"one": 20}, 3)["one"].all()


def test_pair_comparison_is_simulated_by_choices() -> None:
    scores, pairs = (
        plan.plan(with_settings(design=design), 20, 0.3, simulations=80).power[0] for design in ("acr", "pc")
    )
    assert scores != pairs
    assert pairs.power > 0.3
    assert pairs.false_alarms <= 0.1
    some = plan.plan(with_settings(design="pc", trials_per_rater=30), 20, 0.3, simulations=80).power[0]
    assert some.power < pairs.power
    cells = plan.shown_cells(with_settings(design="pc", trials_per_rater=30), {"one": 20}, 4)["one"]
    assert cells.shape == (6, 4, 20)
    assert set(cells.sum(axis=1).ravel()) == {1}, "4 raters x 30 trials on 120 pairs"


def test_a_part_larger_than_all_is_refused() -> None:
    with pytest.raises(StudyError, match="has 80 trials"):
        plan.plan(with_settings(trials_per_rater=81), 5, 0.3, simulations=2)

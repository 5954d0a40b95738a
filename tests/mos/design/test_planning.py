from __future__ import annotations

import pytest

from srbench.errors import StudyError
from srbench.mos.design import planning as plan
from srbench.mos.design import study


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
    assert twelve.power_wilcoxon == two.power_wilcoxon  # of the pair alone


def test_a_plan_counts_the_methods_of_its_design(tiny):
    found = plan.plan(tiny, 20, 0.4, simulations=5)
    versions = {each.name: len(each.versions) for each in tiny.sets}
    assert {row.dataset: row.methods for row in found.power} == versions

"""Simulated studies: no difference is found where there is none, and the paper's conclusions where they hold."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from srbench import paper
from srbench.mos.design import simulation as simulate
from srbench.stats import compare

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def significance():
    """The module benchmarks/significance.py."""
    spec = importlib.util.spec_from_file_location("significance", ROOT / "benchmarks" / "significance.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["significance"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("images", "methods"), [(5, 9), (14, 4), (14, 12), (100, 4)])
@pytest.mark.parametrize("spread", ["planner's", "both, large"])
def test_a_family_of_equal_methods_is_left_alone_in_93_of_100_studies(significance, images, methods, spread):
    setting = significance.Setting(images, methods, *significance.SPREADS[spread])
    found = significance.measure(setting, 200, seed=0, wilcoxon=False)
    assert found.level <= 0.07
    assert found.coverage >= 0.92
    assert found.coverage_mean >= 0.9


def test_holm_on_image_means_takes_taste_for_a_difference(significance):
    setting = significance.Setting(100, 4, *significance.SPREADS["both, large"])
    assert significance.measure(setting, 40, seed=0).wilcoxon > 0.2


def test_the_power_for_a_fifth_of_a_step_is_high_on_a_hundred_images(significance):
    setting = significance.Setting(100, 4, *significance.SPREADS["images only"])
    assert significance.measure(setting, 60, seed=1, wilcoxon=False).power > 0.85


# With this little method x image and method x rater the paper's own differences are larger than chance.
SPREAD = simulate.Spread(method_image=0.15, method_rater=0.05)


def test_simulated_studies_conclude_what_the_paper_does(significance):
    exact, inconclusive, missed = significance.conclusions(SPREAD, 12, seed=0)
    assert exact >= 3  # every difference on BSD100 is significant but SRCNN against SelfExSR
    assert missed[significance.NOT_APART] == 12
    assert missed.total() <= 12 + 12  # so the others miss one pair of 36 on average, of the three closest
    close = {("espcn", "selfexsr"), ("drcn", "espcn"), ("drcn", "srresnet-mse"), ("espcn", "srcnn")}
    assert set(missed) <= close | {significance.NOT_APART}
    assert inconclusive == 12  # Wilcoxon's test cannot tell anything from five images


def test_wilcoxons_test_concludes_nothing_on_set5():
    study = simulate.paper_study(spread=SPREAD)
    assert len(study) == paper.RATINGS
    assert len(compare(study[study["dataset"] == "bsd100"])) == 36
    table = compare(study[study["dataset"] == "set5"])
    assert not (table["p_adjusted"] < 0.05).any()
    assert table["p"].min() == 0.0625

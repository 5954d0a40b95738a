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


@pytest.mark.parametrize("method_image", [0.0, 0.3])
@pytest.mark.parametrize("method_rater", [0.0, 0.15])
@pytest.mark.parametrize(("name", "images"), [("Set14", 14), ("BSD100", 100)])
def test_the_report_finds_no_difference_where_there_is_none(significance, name, images, method_image, method_rater):
    setting = significance.Setting(name, images, method_image, method_rater)
    crossed, by_image, both, by_rating = significance.shares(setting, 0.0, 400, seed=0)
    assert crossed <= 0.07
    assert both <= min(crossed, by_image)
    if method_rater == 0:
        assert by_image <= 0.07
    if method_image > 0:
        assert by_rating > 0.19  # the paper-style unit finds differences in a fifth to a half of them


def test_the_power_for_a_fifth_of_a_step_is_high_on_a_hundred_images(significance):
    setting = significance.Setting("BSD100", 100, 0.3, 0.0)
    assert significance.shares(setting, 0.2, 100, seed=1)[2] > 0.9


# With this little method x image and method x rater the paper's own differences are larger than chance.
SPREAD = simulate.Spread(method_image=0.15, method_rater=0.05)


def test_simulated_studies_conclude_what_the_paper_does(significance):
    exact, inconclusive, missed = significance.conclusions(SPREAD, 12, seed=0)
    assert exact >= 10  # every difference on BSD100 is significant but SRCNN against SelfExSR
    assert missed[significance.NOT_APART] == 12
    assert missed.total() <= 13  # so no study misses more than two
    assert inconclusive == 12  # nothing is on Set5


def test_a_simulated_study_of_set5_concludes_nothing():
    study = simulate.paper_study(spread=SPREAD)
    assert len(study) == paper.RATINGS
    assert len(compare(study[study["dataset"] == "bsd100"])) == 36
    table = compare(study[study["dataset"] == "set5"])
    assert not table["significant"].any()
    assert table["p"].min() == 0.0625

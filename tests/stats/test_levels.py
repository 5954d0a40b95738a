"""Simulated studies: no difference is found where there is none, and the paper's conclusions where they hold."""

from __future__ import annotations

import dataclasses
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from srbench import paper
from srbench.mos.design import simulation as simulate
from srbench.stats import compare, holm
from srbench.stats.signed_rank import signed_rank

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
    assert 0.93 <= found.coverage <= 0.97
    assert 0.92 <= found.coverage_mean <= 0.98


def test_the_benchmark_decides_as_the_report_does(significance):
    source = np.random.default_rng(0)
    for images in (5, 14, 60):
        setting = significance.Setting(images, 5, 0.2, 0.2)
        scores = setting.draw(0.7, source)
        names = [[f"{k:02d}" for k in range(size)] for size in scores.shape]
        cells = pd.MultiIndex.from_product(names, names=["method", "rater", "image"])
        table = compare(pd.DataFrame({"score": scores.ravel()}, index=cells).reset_index().assign(dataset="s"))
        differs, reach = significance.decide(scores)
        assert differs.tolist() == table["significant"].tolist()
        half = (table["high"] - table["low"]) / 2
        assert reach == pytest.approx((table["difference"].abs() / half).to_numpy(), abs=1e-9)
        assert significance.any_by_holm(scores.mean(axis=1)) == (table["p_adjusted"] < 0.05).any()


def test_the_shortcut_to_holm_finds_what_all_p_values_find(significance):
    source = np.random.default_rng(1)
    found = []
    for effect in np.linspace(0.0, 0.3, 40):
        means = np.round(source.normal(0, 0.5, (4, 60)) + np.array([0, 0, 0, effect])[:, None], 1)
        first, second = np.triu_indices(4, 1)
        p = holm(np.array([signed_rank(means[a] - means[b]).p for a, b in zip(first, second, strict=True)]))
        assert significance.any_by_holm(means) == (p < 0.05).any()
        found.append((p < 0.05).any())
    assert 0 < sum(found) < 40


def test_taste_is_told_from_other_uses_of_the_scale(significance):
    likes, uses = (significance.TASTES[name] for name in ("all of these, with taste of 0.3", "and all of these"))
    strong = dataclasses.replace(likes, liking=0.8)
    assert significance.tastes_found(strong, 6, seed=0)[0] >= 5
    by_model, in_points = significance.tastes_found(uses, 20, seed=0)
    assert by_model <= 3
    assert in_points >= 10


def test_intervals_of_correlations_hold_the_truth(significance):
    true = significance.true_correlations("good", 0)
    for images in (5, 14):
        inside = significance.correlations_covered(images, "good", true, 200, seed=0)
        assert (inside / 200 >= 0.9).all()


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

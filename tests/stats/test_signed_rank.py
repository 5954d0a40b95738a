"""Wilcoxon's signed-rank test against scipy and all sign flips, and effect sizes against pingouin."""

from __future__ import annotations

import itertools

import numpy as np
import pingouin
import pytest
from scipy import stats as scipy_stats

from srbench.stats.signed_rank import signed_rank, superiority


def _differences(n: int, seed: int, digits: int | None = None) -> np.ndarray:
    values = np.random.default_rng(seed).normal(0.2, 1, n)
    return values if digits is None else np.round(values, digits)


@pytest.mark.parametrize("n", [3, 5, 14, 50, 100])
def test_without_ties_the_p_is_that_of_scipys_exact_distribution(n):
    d = _differences(n, n)
    expected = scipy_stats.wilcoxon(d, method="exact").pvalue
    assert signed_rank(d).p == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_with_ties_and_zeros_the_p_is_that_of_all_sign_flips(seed):
    d = _differences(11, seed, digits=0)
    kept = d[d != 0]
    ranks = scipy_stats.rankdata(abs(kept))
    sums = [np.dot(ranks, signs) for signs in itertools.product([0, 1], repeat=kept.size)]
    observed = ranks[kept > 0].sum()
    tails = np.mean(np.array(sums) <= observed), np.mean(np.array(sums) >= observed)
    assert signed_rank(d).p == pytest.approx(min(1, 2 * min(tails)), abs=1e-12)


def test_with_ties_and_zeros_the_p_is_that_of_scipys_permutation_method():
    d = _differences(12, 3, digits=0)
    method = scipy_stats.PermutationMethod(n_resamples=np.inf)
    assert signed_rank(d).p == pytest.approx(scipy_stats.wilcoxon(d, method=method).pvalue, abs=1e-9)


def test_half_zeros_do_not_reach_the_wrong_p_that_scipys_exact_form_gives():
    d = np.array([0.0] * 5 + [1.0, 1, 1, 1, 1])
    assert signed_rank(d).p == pytest.approx(0.0625)
    assert signed_rank(d).zeros == 5


def test_many_pairs_use_scipys_asymptotic_form():
    d = np.round(_differences(600, 1), 1)
    result = signed_rank(d)
    assert result.test == "asymptotic"
    assert result.p == pytest.approx(scipy_stats.wilcoxon(d, method="asymptotic").pvalue, abs=1e-9)


def test_the_exact_and_the_asymptotic_p_meet_near_the_border():
    d = _differences(200, 7) / 3
    assert signed_rank(d).p == pytest.approx(scipy_stats.wilcoxon(d, method="asymptotic").pvalue, abs=2e-3)


def test_noise_of_summation_does_not_break_ties():
    d = np.array([0.1 + 0.2, 0.3, -0.3, 0.5, 0.5 + 1e-13, 0.0 + 1e-14])
    assert signed_rank(d) == signed_rank(np.array([0.3, 0.3, -0.3, 0.5, 0.5, 0.0]))


def test_effect_sizes_are_pingouins():
    source = np.random.default_rng(5)
    x, y = np.round(source.normal([[0.4], [0.0]], 1, (2, 30)) * 8) / 8  # eighths: ties without rounding noise
    expected = pingouin.wilcoxon(x, y)
    assert signed_rank(x - y).rank_biserial == pytest.approx(expected.loc["Wilcoxon", "RBC"], abs=1e-9)
    assert superiority(x - y) == np.mean((x > y) + 0.5 * (x == y))


def test_more_infinite_differences_than_the_exact_test_takes_have_the_largest_ranks():
    d = np.random.default_rng(0).normal(0.1, 1, 300)
    huge = np.where(np.arange(300) == 7, 1e9, d)
    ours = signed_rank(np.where(np.arange(300) == 7, np.inf, d))
    assert ours.test == "asymptotic"
    assert ours.p == pytest.approx(scipy_stats.wilcoxon(huge, correction=False, method="approx").pvalue, abs=1e-12)

"""Crossed means and family-wise critical values against formulas, tables and simulated studies."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as scipy_stats

from srbench.stats.intervals import crossed_mean, family_critical


def test_one_rater_is_students_mean():
    values = np.random.default_rng(0).normal(28, 2, (1, 14))
    expected = scipy_stats.ttest_1samp(values[0], 0).confidence_interval(0.95)
    assert crossed_mean(values).interval() == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_both_factors_enter_with_satterthwaites_degrees():
    values = np.random.default_rng(1).normal(3, 1, (7, 5))
    mean = crossed_mean(values)
    a, b = values.mean(axis=0).var(ddof=1) / 5, values.mean(axis=1).var(ddof=1) / 7
    assert mean.error == pytest.approx(np.sqrt(a + b))
    assert mean.degrees == pytest.approx((a + b) ** 2 / (a**2 / 4 + b**2 / 6))


def test_empty_cells_raters_and_images_are_left_out():
    values = np.random.default_rng(2).normal(3, 1, (4, 6))
    gaps = np.full((5, 7), np.nan)
    gaps[:4, :6] = values
    assert crossed_mean(gaps) == crossed_mean(values)
    gaps[0, 0] = np.nan
    assert crossed_mean(gaps).value == pytest.approx(np.nanmean(gaps))


def test_a_single_cell_has_no_interval_and_constant_cells_one_of_width_zero():
    assert np.isnan(crossed_mean(np.array([[3.0]])).interval()).all()
    constant = crossed_mean(np.full((3, 4), 2.0))
    assert constant.interval() == (2.0, 2.0)
    assert constant.equivalence_p(2.5) == 0.0
    assert constant.equivalence_p(1.5) == 1.0


def test_equivalence_is_decided_by_the_ninety_percent_interval():
    mean = crossed_mean(np.random.default_rng(3).normal(0.05, 0.4, (12, 20)))
    low, high = mean.interval(0.9)
    edge = max(abs(low), abs(high))
    assert mean.equivalence_p(edge * 1.001) < 0.05 < mean.equivalence_p(edge * 0.999)


@pytest.mark.parametrize("images", [5, 14, 100])
@pytest.mark.parametrize("raters", [1, 26])
def test_intervals_cover_the_truth_in_about_95_of_100_studies(images, raters):
    source, hits, studies = np.random.default_rng(images), 0, 1000
    for _ in range(studies):
        values = source.normal(0, 0.5, (1, images)) + source.normal(0, 0.3, (raters, images))
        values += source.normal(0, 0.3 if raters > 1 else 0.0, (raters, 1))
        low, high = crossed_mean(values).interval()
        hits += low < 0 < high
    assert 0.93 <= hits / studies <= 0.975


def test_a_family_of_two_is_students_and_large_samples_are_tukeys():
    assert family_critical(2, 9) == pytest.approx(scipy_stats.t.isf(0.025, 9))
    assert family_critical(9, 5000) == pytest.approx(scipy_stats.studentized_range.ppf(0.95, 9, 5000) / np.sqrt(2))
    # Where simulation hands over to the table the two agree.
    assert family_critical(9, 60) == pytest.approx(family_critical(9, 61), rel=0.02)


def test_errors_of_their_own_need_more_than_tukey_and_less_than_bonferroni():
    for methods in (4, 9):
        tukey = scipy_stats.studentized_range.ppf(0.95, methods, 4) / np.sqrt(2)
        bonferroni = scipy_stats.t.isf(0.025 / (methods * (methods - 1) / 2), 4)
        assert tukey < family_critical(methods, 4) < bonferroni


def test_no_pair_of_equal_methods_is_told_apart_in_95_of_100_families():
    source, studies, found = np.random.default_rng(0), 2000, 0
    first, second = np.triu_indices(4, 1)
    for _ in range(studies):
        scores = source.normal(0, 1, (4, 6)) + source.normal(0, 3, (1, 6))
        d = scores[first] - scores[second]
        found += (np.abs(d.mean(axis=1)) > family_critical(4, 5) * d.std(axis=1, ddof=1) / np.sqrt(6)).any()
    assert found / studies == pytest.approx(0.05, abs=0.012)

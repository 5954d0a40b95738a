"""Crossed means and family-wise critical values against formulas, tables and simulated studies."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as scipy_stats

from srbench.stats.intervals import (
    crossed_mean,
    crossed_means,
    excludes_zero,
    family_critical,
    family_intervals,
    shared_critical,
)


def test_one_rater_is_students_mean():
    values = np.random.default_rng(0).normal(28, 2, (1, 14))
    expected = scipy_stats.ttest_1samp(values[0], 0).confidence_interval(0.95)
    assert crossed_mean(values).interval() == pytest.approx((expected.low, expected.high), abs=1e-9)


def two_way(values):
    """Sums of squares of a two-way layout by the textbook, as variances of the mean: images, raters, the rest."""
    raters, images = values.shape
    total = ((values - values.mean()) ** 2).sum()
    by_image = raters * ((values.mean(axis=0) - values.mean()) ** 2).sum()
    by_rater = images * ((values.mean(axis=1) - values.mean()) ** 2).sum()
    rest = (total - by_image - by_rater) / ((raters - 1) * (images - 1))
    return np.array([by_image / (images - 1), by_rater / (raters - 1), rest]) / (raters * images)


def test_both_factors_enter_once_with_satterthwaites_degrees():
    source = np.random.default_rng(1)
    values = source.normal(3, 1, (7, 5)) + source.normal(0, 2, (7, 1)) + source.normal(0, 2, (1, 5))
    mean = crossed_mean(values)
    a, b, rest = two_way(values)
    assert min(a, b) > rest
    assert mean.error == pytest.approx(np.sqrt(a + b - rest), rel=1e-12)
    assert mean.degrees == pytest.approx((a + b - rest) ** 2 / (a**2 / 4 + b**2 / 6 + rest**2 / 24), rel=1e-12)


def test_a_factor_that_is_not_seen_to_vary_leaves_the_error():
    values = np.random.default_rng(4).normal(3, 1, (7, 5))
    alternating = np.where(np.indices(values.shape).sum(axis=0) % 2, 1.0, -1.0)
    images_only = alternating + 5.0 * np.arange(5)
    a, _, _ = two_way(images_only)
    mean = crossed_mean(images_only)
    assert (mean.error, mean.degrees) == pytest.approx((np.sqrt(a), 4), rel=1e-12)
    _, _, rest = two_way(alternating)
    assert (crossed_mean(alternating).error, crossed_mean(alternating).degrees) == pytest.approx((np.sqrt(rest), 24))


def test_many_tables_at_once_give_what_each_gives_alone():
    source = np.random.default_rng(5)
    tables = source.normal(0, 1, (40, 6, 9)) + source.normal(0, 0.4, (40, 6, 1)) + source.normal(0, 0.4, (40, 1, 9))
    tables[10:20][source.random((10, 6, 9)) < 0.2] = np.nan
    tables[20] = 3.0
    tables[21, 1:] = np.nan
    tables[22, :, 1:] = np.nan
    tables[23, 1:, 1:] = tables[23, 0, 1:] = tables[23, 1:, 0] = np.nan
    found = np.array(crossed_means(tables)).T
    alone = [(mean.value, mean.error, mean.degrees) for mean in map(crossed_mean, tables)]
    assert found == pytest.approx(np.array(alone), abs=1e-9, nan_ok=True)


def test_with_gaps_the_rest_is_that_of_the_least_squares_fit():
    source = np.random.default_rng(6)
    values = source.normal(3, 1, (6, 9)) + source.normal(0, 2, (6, 1)) + source.normal(0, 2, (1, 9))
    values[source.random(values.shape) < 0.25] = np.nan
    r, i = np.nonzero(~np.isnan(values))
    design = np.hstack([np.eye(6)[r], np.eye(9)[i]])
    effects, _, rank, _ = np.linalg.lstsq(design, values[r, i], rcond=None)
    left = ((values[r, i] - design @ effects) ** 2).sum()
    rest = left / (r.size - rank)
    images, raters = np.bincount(i), np.bincount(r)
    parts = [np.nanmean(values, axis=axis).var(ddof=1) / size for axis, size in ((0, 9), (1, 6))]
    shares = [rest * (1 / counts).mean() / counts.size for counts in (images, raters)]
    assert crossed_mean(values).error ** 2 == pytest.approx(sum(parts) - sum(shares) + rest / r.size, rel=1e-10)


def test_empty_cells_raters_and_images_are_left_out():
    values = np.random.default_rng(2).normal(3, 1, (4, 6))
    gaps = np.full((5, 7), np.nan)
    gaps[:4, :6] = values
    found, expected = crossed_mean(gaps), crossed_mean(values)
    assert (found.value, found.error, found.degrees) == pytest.approx(
        (expected.value, expected.error, expected.degrees), rel=1e-12
    )
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
@pytest.mark.parametrize(("raters", "taste", "suits"), [(1, 0.0, 0.5), (26, 0.3, 0.5), (26, 0.0, 0.5), (26, 0.1, 0.1)])
def test_intervals_cover_the_truth_in_about_95_of_100_studies(images, raters, taste, suits):
    source, studies = np.random.default_rng(images), 2000
    values = source.normal(0, suits, (studies, 1, images)) + source.normal(0, 0.8, (studies, raters, images))
    mean, error, degrees = crossed_means(values + source.normal(0, taste, (studies, raters, 1)))
    hits = np.abs(mean) < scipy_stats.t.isf(0.025, degrees) * error
    assert 0.93 <= hits.mean() <= 0.975


@pytest.mark.parametrize("images", [5, 14, 100])
def test_intervals_are_a_little_wide_where_neither_factor_varies(images):
    mean, error, degrees = crossed_means(np.random.default_rng(images).normal(0, 1, (2000, 26, images)))
    assert 0.95 <= (np.abs(mean) < scipy_stats.t.isf(0.025, degrees) * error).mean() <= 0.985


def test_a_family_of_two_is_students_and_large_samples_are_tukeys():
    assert family_critical(2, 9) == pytest.approx(scipy_stats.t.isf(0.025, 9))
    for degrees in (100, 5000, np.inf):
        tukey = scipy_stats.studentized_range.ppf(0.95, 9, degrees) / np.sqrt(2)
        assert family_critical(9, degrees) == pytest.approx(tukey, rel=0.01)


def test_critical_values_fall_steadily_between_whole_degrees():
    values = [family_critical(5, degrees) for degrees in (0.4, 1, 1.5, 2, 4, 4.5, 5, 60, 60.5, 200, np.inf)]
    assert values[0] == values[1]
    assert (np.diff(values[1:]) < 0).all()
    assert family_critical(5, 60.001) == pytest.approx(family_critical(5, 60), rel=1e-5)


def test_a_family_takes_the_median_degrees_of_its_pairs():
    assert shared_critical(3, np.array([4.0, np.nan, 7.0, 5.5])) == family_critical(3, 5.5)
    assert np.isnan(shared_critical(3, np.full(3, np.nan)))


def test_intervals_of_a_family_reach_so_many_errors_of_each_pair():
    values, errors, degrees = np.array([2.0, -1.0, 0.5]), np.array([0.5, 0.25, 0.2]), np.array([4.0, 7.0, 5.5])
    low, high = family_intervals(values, errors, degrees, 3)
    np.testing.assert_allclose((low + high) / 2, values)
    np.testing.assert_allclose((high - low) / 2, family_critical(3, 5.5) * errors)
    wide = family_intervals(values, errors, degrees, 3, level=0.99)
    assert (wide[0] < low).all()
    assert (wide[1] > high).all()


def test_a_difference_without_any_variation_is_certain_and_one_without_an_error_says_nothing():
    low, high = family_intervals(np.array([0.1, 0.0, 5.0]), np.array([0.0, 0.0, np.nan]), np.full(3, np.nan), 3)
    assert excludes_zero(low, high).tolist() == [True, False, False]


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

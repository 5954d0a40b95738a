"""The crossed bootstrap against a slow plain version, and its speed."""

from __future__ import annotations

import time

import numpy as np
import pytest

from srbench.errors import StatisticsError
from srbench.stats import bootstrap


def test_weighted_means_are_those_of_the_copied_rows_and_columns():
    source = np.random.default_rng(0)
    values = source.normal(3, 1, (4, 6))
    values[1, 2] = values[3, 5] = np.nan
    weights = bootstrap.draw(4, 6, draws=100, seed=1)
    fast = bootstrap.means(values, weights)
    for b in range(100):
        rows = np.repeat(np.arange(4), weights.raters[b].astype(int))
        columns = np.repeat(np.arange(6), weights.images[b].astype(int))
        assert fast[b] == pytest.approx(np.nanmean(values[np.ix_(rows, columns)]), abs=1e-12)


def test_every_draw_takes_as_many_raters_and_images_as_there_are():
    weights = bootstrap.draw(26, 100, draws=500, seed=0)
    assert (weights.raters.sum(axis=1) == 26).all()
    assert (weights.images.sum(axis=1) == 100).all()


def test_a_single_level_is_never_resampled():
    assert (bootstrap.draw(1, 5, draws=100).raters == 1).all()


def test_draws_that_hit_only_empty_cells_are_undefined_and_many_of_them_undo_the_interval():
    values = np.full((3, 3), np.nan)
    values[0, 0] = 4.0
    weights = bootstrap.draw(3, 3, draws=200, seed=0)
    assert np.isnan(bootstrap.means(values, weights)).any()
    assert np.isnan(bootstrap.crossed_interval(values, weights)).all()


def test_the_interval_is_as_wide_as_the_crossed_variance_says():
    source = np.random.default_rng(3)
    values = source.normal(0, 1, (26, 1)) + source.normal(0, 0.5, (1, 100)) + 3
    low, high = bootstrap.crossed_interval(values, bootstrap.draw(26, 100, draws=4000, seed=0))
    expected = 2 * 1.96 * np.sqrt(values.mean(axis=1).var() / 26 + values.mean(axis=0).var() / 100)
    assert high - low == pytest.approx(expected, rel=0.05)


def test_too_few_draws_are_refused():
    with pytest.raises(StatisticsError, match="100 or more"):
        bootstrap.draw(3, 3, draws=20)


def test_all_pairs_of_nine_methods_on_a_hundred_images_take_well_under_a_second():
    cells = np.random.default_rng(0).integers(1, 6, (9, 26, 100)).astype(float)
    started = time.process_time()
    weights = bootstrap.draw(26, 100)
    for a in range(9):
        for b in range(a):
            bootstrap.crossed_interval(cells[a] - cells[b], weights)
    assert time.process_time() - started < 1.0

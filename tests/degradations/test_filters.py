"""Kernels have the moments, the frequency responses and the noises that their formulas promise."""

from __future__ import annotations

import numpy as np
import pytest

from srbench.degradations import filters


@pytest.mark.parametrize("sigma", [0.3, 1.6, 3.0])
def test_a_gaussian_has_sum_one_and_the_variance_that_was_asked_for(sigma: float) -> None:
    kernel = filters.gaussian(sigma)
    reach = kernel.shape[0] // 2
    places = np.arange(-reach, reach + 1)
    assert kernel.sum() == pytest.approx(1)
    if sigma > 1:  # below, pixels are too coarse for the moments of the continuous curve
        assert (kernel.sum(axis=0) * places**2).sum() == pytest.approx(sigma**2, rel=0.01)


def test_a_turned_gaussian_is_long_along_its_axis() -> None:
    kernel = np.exp(-0.5 * filters._distance(61, 4.0, 1.5, np.pi / 6))
    kernel /= kernel.sum()
    y, x = np.mgrid[-30:31, -30:31]
    covariance = np.array([[(kernel * a * b).sum() for b in (x, y)] for a in (x, y)])
    turn = np.array([[np.cos(np.pi / 6), -np.sin(np.pi / 6)], [np.sin(np.pi / 6), np.cos(np.pi / 6)]])
    assert covariance == pytest.approx(turn @ np.diag([16.0, 2.25]) @ turn.T, rel=0.01)


def test_a_sinc_filter_lets_low_frequencies_through_and_no_high_ones() -> None:
    cutoff = np.pi / 2
    response = np.abs(np.fft.fft2(filters.sinc(101, cutoff)))
    frequency = 2 * np.pi * np.fft.fftfreq(101)
    radius = np.hypot(*np.meshgrid(frequency, frequency))
    assert np.abs(response[radius < 0.8 * cutoff] - 1).max() < 0.1
    assert response[radius > 1.2 * cutoff].max() < 0.1


def test_every_kind_of_blur_is_drawn_and_has_sum_one() -> None:
    random = np.random.default_rng(0)
    kernels = [filters.random_kernel((0.2, 3.0), random) for _ in range(300)]
    assert all(kernel.sum() == pytest.approx(1) for kernel in kernels)
    assert {kernel.shape[0] for kernel in kernels} == set(range(7, 22, 2))
    assert any(kernel.min() < 0 for kernel in kernels)  # a sinc has negative lobes
    assert any(not np.allclose(kernel, kernel.T) for kernel in kernels)  # turned ones are not symmetric


def test_noise_is_gaussian_or_poisson_and_gray_or_coloured() -> None:
    flat = np.full((200, 200, 3), 100.0)
    kinds = set()
    for seed in range(40):
        noise = filters.noisy(flat, (10.0, 10.0), (1.0, 1.0), np.random.default_rng(seed)) - flat
        gray = np.ptp(noise, axis=2).max() < 1e-9
        # Poisson noise of 100 counts has deviation 10 as well, but its values are whole numbers.
        poisson = np.allclose(noise, np.round(noise))
        kinds.add((gray, poisson))
        assert noise.std() == pytest.approx(10, rel=0.05)
    assert len(kinds) == 4

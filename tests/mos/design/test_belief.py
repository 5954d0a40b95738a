"""The posterior of qualities against a general optimiser, and the gain of information against enumeration."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, optimize, special

from srbench.mos.design import belief
from srbench.mos.design.belief import Belief

IMAGES, METHODS = 4, 3


def drawn(seed: int = 0, most: int = 4) -> Belief:
    wins = np.random.default_rng(seed).integers(0, most, (IMAGES, METHODS, METHODS)).astype(float)
    wins[:, range(METHODS), range(METHODS)] = 0
    return Belief(wins, np.zeros_like(wins))


def objective(vector: np.ndarray, wins: np.ndarray) -> float:
    q, x = vector[:METHODS], vector[METHODS:].reshape(IMAGES, METHODS)
    value = -0.5 * (q @ q) / belief.METHODS_SD**2 - 0.5 * ((x - q) ** 2).sum() / belief.PICTURES_SD**2
    for i in range(IMAGES):
        for a in range(METHODS):
            for b in range(METHODS):
                value += wins[i, a, b] * special.log_ndtr(x[i, a] - x[i, b])
    return -float(value)


def test_the_qualities_are_where_a_general_optimiser_finds_the_maximum():
    one = drawn()
    found = optimize.minimize(objective, np.zeros(METHODS * (1 + IMAGES)), args=(one.wins,), tol=1e-10)
    assert one.qualities == pytest.approx(found.x[METHODS:].reshape(IMAGES, METHODS), abs=1e-5)


def test_the_covariance_is_that_block_of_the_inverse_of_the_whole_information():
    one = drawn(1)
    found = optimize.minimize(objective, np.zeros(METHODS * (1 + IMAGES)), args=(one.wins,), tol=1e-10).x
    size, step = found.size, 1e-4
    moves = np.eye(size) * step
    information = np.empty((size, size))
    for i in range(size):
        for j in range(size):
            signs = [(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)]
            values = [s * objective(found + a * moves[i] + b * moves[j], one.wins) for a, b, s in signs]
            information[i, j] = sum(values) / (4 * step**2)
    assert one.covariance == pytest.approx(np.linalg.inv(information)[:METHODS, :METHODS], abs=1e-4)


def test_where_everybody_agrees_the_maximum_is_finite_and_found():
    wins = np.zeros((IMAGES, METHODS, METHODS))
    wins[:, 0, 1] = wins[:, 1, 2] = wins[:, 0, 2] = 200
    qualities = Belief(wins, np.zeros_like(wins)).qualities
    assert np.isfinite(qualities).all()
    assert (np.diff(qualities, axis=1) < -1).all()


def test_the_gain_is_the_mutual_information_of_the_answer_and_the_methods_qualities():
    one = drawn(2)
    i, a, b = 2, 0, 1
    difference = one.qualities[i, a] - one.qualities[i, b]
    inside, through, whole = one._spread
    contrast = np.zeros(METHODS)
    contrast[[a, b]] = 1, -1
    known = contrast @ through[i] @ whole @ through[i] @ contrast
    rest = contrast @ inside[i] @ contrast

    def entropy(p: float) -> float:
        return float(special.entr(p) + special.entr(1 - p))

    def left(z: float) -> float:
        density = np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
        return density * entropy(special.ndtr((difference + np.sqrt(known) * z) / np.sqrt(1 + rest)))

    expected = entropy(special.ndtr(difference / np.sqrt(1 + known + rest))) - integrate.quad(left, -10, 10)[0]
    assert one.gains()[i, a, b] == pytest.approx(expected, rel=1e-3)


def test_a_pair_that_is_shown_elsewhere_tells_less():
    one = drawn(3)
    pending = np.zeros_like(one.wins)
    pending[1, 0, 2] = pending[1, 2, 0] = 3
    beside = Belief(one.wins, pending)
    assert beside.qualities == pytest.approx(one.qualities), "what is not answered moves nothing"
    assert beside.gains()[1, 0, 2] < one.gains()[1, 0, 2]
    assert np.trace(beside.covariance) < np.trace(one.covariance)


def test_a_new_picture_tells_more_of_the_methods_than_one_that_was_compared_before():
    wins = np.zeros((IMAGES, METHODS, METHODS))
    wins[0, 0, 1] = wins[0, 1, 0] = 5
    gains = Belief(wins, np.zeros_like(wins)).gains()
    assert gains[1, 0, 1] > 1.2 * gains[0, 0, 1]


@pytest.mark.parametrize("most", [1, 4, 300])
def test_where_the_search_begins_decides_nothing(most):
    one = drawn(4, most + 1)
    start = 3.0 * np.random.default_rng(5).standard_normal((IMAGES, METHODS))
    again = Belief(one.wins, one.pending, start)
    assert again.qualities == pytest.approx(one.qualities, abs=1e-12)
    assert again.gains() == pytest.approx(one.gains(), abs=1e-13)

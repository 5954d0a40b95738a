"""Simulated raters: how far apart methods lie for them, and that the truth is told in the unit of the report."""

from __future__ import annotations

import numpy as np
import pytest

from srbench.mos.design.simulation import Spread
from srbench.mos.design.study import ImageSet, StudyDesign
from srbench.mos.design.world import SPAN, World, table, with_pictures
from srbench.mos.store.definitions import Settings

SPREAD = Spread()


def made(methods: str = "abcd", images: int = 60) -> StudyDesign:
    sets = (ImageSet("one", tuple(methods), count=images),)
    return with_pictures(StudyDesign("world", 5, sets, Settings("pc", trials_per_rater=9)), {"one": images})


def one_jod() -> float:
    """A difference that 75 % of choices agree with: the quartile of all that makes one choice differ from another."""
    return 0.67449 * np.sqrt(2) * float(np.hypot(np.hypot(SPREAD.method_image, SPREAD.method_rater), SPREAD.rest))


def test_three_in_four_choices_prefer_the_method_that_is_one_jod_better():
    design = made()
    world = World(design, 60, one_jod(), SPREAD, 0, np.random.default_rng(0))
    ((a, b),) = [(a, b) for a, b, differs in world.pairs["one"] if differs]
    truth = dict(zip(world.methods["one"], world.truth["one"], strict=True))
    better, worse = (a, b) if truth[a] > truth[b] else (b, a)
    by_place = {(s.image, s.method): s.id for s in design.stimuli}
    scores = [
        world.answer(rater, (by_place[image, better], by_place[image, worse]))
        for rater in range(1, 61)
        for image in design.sets[0].images
    ]
    assert np.mean(np.array(scores) == 1) == pytest.approx(0.75, abs=0.04)
    assert truth[better] - truth[worse] == pytest.approx(1.0, abs=0.25)


def test_close_pairs_lie_over_the_whole_span_and_half_of_them_differ():
    differ = []
    for study in range(4):
        world = World(made("abcdef"), 200, 2.0 * one_jod(), Spread(method_image=0.0, method_rater=0.0), study,
                      np.random.default_rng(study))  # fmt: skip
        truth = dict(zip(world.methods["one"], world.truth["one"], strict=True))
        places = sorted(np.mean([truth[a], truth[b]]) for a, b, _ in world.pairs["one"])
        assert places == pytest.approx([-SPAN / 2, 0, SPAN / 2], abs=0.05)
        for a, b, differs in world.pairs["one"]:
            assert (abs(truth[a] - truth[b]) > 1.0) == differs
            differ.append(differs)
    assert sum(differ) == len(differ) / 2


def test_the_last_of_an_odd_number_of_methods_has_no_partner():
    world = World(made("abc"), 5, 0.3, SPREAD, 0, np.random.default_rng(0))
    assert len(world.pairs["one"]) == 1


def test_choices_and_comparisons_are_the_answers():
    design = made(images=2)
    world = World(design, 2, 0.3, SPREAD, 0, np.random.default_rng(0))
    by_place = {(s.image, s.method): s.id for s in design.stimuli}
    first, second = design.sets[0].images
    answers = [
        (1, (by_place[first, "b"], by_place[first, "a"]), 1),
        (2, (by_place[second, "c"], by_place[second, "d"]), 3),
    ]
    chosen = world.choices("one", answers)
    assert chosen.shape == (4, 4, 2, 2)
    assert (chosen[1, 0, 0, 0], chosen[0, 1, 0, 0]) == (1, -1)
    assert chosen[2, 3, 1, 1] == chosen[3, 2, 1, 1] == 0
    assert np.isnan(chosen).sum() == chosen.size - 4
    assert table(world, answers).to_numpy().tolist() == [
        ["r1", "one", first, "b", "a", 1.0],
        ["r2", "one", second, "c", "d", 1.5],
    ]

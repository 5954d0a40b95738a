"""Active selection: what is asked next, by what rules, and that the same answers ask the same."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import pytest

from srbench.mos.design.active import ActiveSelection
from srbench.mos.design.study import ImageSet, StudyDesign
from srbench.mos.store.definitions import Settings, Stimulus
from srbench.mos.store.selection import Known

NOTHING = Known((), (), (), None)


def make(sets: dict[str, tuple[int, int]]) -> StudyDesign:
    """Return a study whose sets have so many images and methods."""
    stimuli = [
        Stimulus(f"{place:08x}{i:012x}{m:012x}", "rating", name, f"i{i}", f"m{m}", 0, "0" * 64, 8, 8)
        for place, (name, (images, methods)) in enumerate(sets.items())
        for i in range(images)
        for m in range(methods)
    ]
    chosen = tuple(ImageSet(name, tuple(f"m{m}" for m in range(methods))) for name, (_, methods) in sets.items())
    settings = Settings("pc", selection="active", trials_per_rater=10)
    return StudyDesign("active", 3, chosen, settings, stimuli=tuple(stimuli))


def walk(design: StudyDesign, length: int, number: int = 1) -> list[tuple[str, str]]:
    """Return what a rater who always prefers the left one is asked."""
    choose, mine, answers = ActiveSelection(design), [], []
    for position in range(1, length + 1):
        before = mine[-1][0] if mine else None
        mine.append(choose(number, position, Known(tuple(answers), (), tuple(mine), before)))
        answers.append((*mine[-1], 1, 1))
    return mine


@pytest.fixture(scope="module")
def design() -> StudyDesign:
    return make({"a": (6, 4), "b": (3, 3)})


def test_a_rater_sees_no_pair_of_one_picture_twice_nor_a_picture_twice_running(design):
    pictures = {s.id: (s.dataset, s.image) for s in design.stimuli}
    asked = walk(design, 40)
    assert len({frozenset(pair) for pair in asked}) == 40
    shown = [pictures[left] for left, _ in asked]
    assert all(a != b for a, b in pairwise(shown))
    assert all(pictures[left] == pictures[right] for left, right in asked)


def test_each_set_has_its_share_and_all_pairs_come_in_the_end(design):
    sets = {s.id: s.dataset for s in design.stimuli}
    asked = walk(design, 45)
    assert [sets[left] for left, _ in asked[:9]].count("b") == 3
    assert {frozenset(pair) for pair in asked} == {
        frozenset(pair)
        for key in {(s.dataset, s.image) for s in design.stimuli}
        for pair in combinations([s.id for s in design.stimuli if (s.dataset, s.image) == key], 2)
    }


def test_where_nothing_new_is_left_something_is_asked_again(design):
    assert len(walk(make({"a": (2, 2)}), 5)) == 5
    assert len(set(map(frozenset, walk(make({"a": (1, 3)}), 3)))) == 3


def test_of_known_methods_the_close_ones_are_compared(design):
    one = make({"a": (8, 4)})
    by_place = {(s.image, s.method): s.id for s in one.stimuli}
    # m0 and m1 are far better than m2 and m3; within these two groups nothing is known
    answers = [
        (by_place[f"i{i}", good], by_place[f"i{i}", bad], 1, 6)
        for i in range(8)
        for good in ("m0", "m1")
        for bad in ("m2", "m3")
    ]
    methods = {s.id: s.method for s in one.stimuli}
    choose = ActiveSelection(one)
    for number in range(1, 9):
        left, right = choose(number, 1, Known(tuple(answers), (), (), None))
        assert {methods[left], methods[right]} in ({"m0", "m1"}, {"m2", "m3"})


def test_raters_at_the_same_time_are_asked_different_pairs(design):
    choose = ActiveSelection(design)
    open_now: list[tuple[str, str]] = []
    for number in range(1, 7):
        open_now.append(choose(number, 1, Known((), tuple(open_now), (), None)))
    assert len({frozenset(pair) for pair in open_now}) == 6


def test_ties_count_half_for_each_side(design):
    left, right = ActiveSelection(design)(1, 1, NOTHING)
    tied = Known(((left, right, 3, 2),), (), (), None)
    won_both = Known(((left, right, 1, 1), (left, right, 2, 1)), (), (), None)
    for number in range(1, 5):
        assert ActiveSelection(design)(number, 1, tied) == ActiveSelection(design)(number, 1, won_both)


def test_the_same_answers_ask_the_same_in_another_process(design):
    program = (
        "import json\nfrom tests.mos.design.test_active import make, walk\n"
        "print(json.dumps(walk(make({'a': (6, 4), 'b': (3, 3)}), 25, 2)))"
    )
    there = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert [list(pair) for pair in walk(design, 25, 2)] == json.loads(there)
    assert walk(replace(design, seed=4), 25, 2) != walk(design, 25, 2)


def test_what_was_asked_before_changes_no_choice(design):
    used = ActiveSelection(design)
    answers: list[tuple[str, str, int, int]] = []
    for position in range(1, 30):
        known = Known(tuple(answers), (), (), None)
        pair = used(1, position, known)
        assert pair == ActiveSelection(design)(1, position, known)
        answers.append((*pair, 1 + position % 3, 1))


def test_sides_are_random(design):
    methods = {s.id: s.method for s in design.stimuli}
    first = np.array([methods[left] < methods[right] for left, right in walk(design, 45)])
    assert 0.25 < first.mean() < 0.75


def test_a_choice_of_a_large_study_takes_milliseconds():
    one = make({"set14": (14, 12), "bsd100": (100, 9)})
    by_place = {(s.dataset, s.image, s.method): s.id for s in one.stimuli}
    source = np.random.default_rng(0)
    answers = []
    for _ in range(3000):
        a, b = source.choice(9, 2, replace=False)
        image = f"i{source.integers(100)}"
        pair = (by_place["bsd100", image, f"m{a}"], by_place["bsd100", image, f"m{b}"])
        answers.append((*pair, int(source.integers(1, 3)), 1))
    choose, known, took = ActiveSelection(one), Known(tuple(answers), (), (), None), []
    for number in range(1, 8):
        start = time.perf_counter()
        choose(number, 1, known)
        took.append(time.perf_counter() - start)
    assert min(took) < 0.5, "a choice took 0.02 s where this was written"

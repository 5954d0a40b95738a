"""Gold, traps and repeats: where they lie, what they expect, and that nothing else of the order changes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from srbench.errors import StudyError
from srbench.mos.design import items, schedule
from srbench.mos.design.study import StudyDesign, check


def with_checks(design: StudyDesign, **settings: object) -> StudyDesign:
    return replace(design, settings=replace(design.settings, **settings))


@pytest.fixture
def checked(small: StudyDesign) -> StudyDesign:
    """60 ratings, 4 gold trials, 2 traps and 6 repeats."""
    return with_checks(small, gold=4, traps=2, repeats=6)


def ratings(design: StudyDesign, number: int = 1):
    return [trial for trial in schedule.schedule(design, number) if trial.attempt == 0]


def test_checks_are_added_and_the_ratings_keep_their_order(small, checked):
    found = ratings(checked)
    assert Counter(trial.purpose for trial in found) == {"": 60, "gold": 4, "trap": 2, "repeat": 6}
    assert [trial.position for trial in found] == list(range(1, 73))
    assert [t.stimulus for t in found if not t.purpose] == [t.stimulus for t in ratings(small)]


def test_gold_shows_the_practice_with_its_scores_and_traps_ask_for_any(checked):
    stimuli = {s.id: s for s in checked.stimuli}
    asked = set()
    for number in range(1, 21):
        found = ratings(checked, number)
        for trial in found:
            if trial.purpose == "gold":
                assert stimuli[trial.stimulus].role == "calibration"
                assert trial.expected == (5 if stimuli[trial.stimulus].method == "hr" else 1)
            if trial.purpose == "trap":
                asked.add(trial.expected)
            if trial.purpose in ("", "repeat"):
                assert trial.expected is None
    assert asked == {1, 2, 3, 4, 5}


def test_repeats_come_late_once_each_and_far_from_the_first_showing(checked):
    for number in range(1, 11):
        found = ratings(checked, number)
        first = {trial.stimulus: trial.position for trial in found if not trial.purpose}
        again = [trial for trial in found if trial.purpose == "repeat"]
        assert len({trial.stimulus for trial in again}) == 6
        assert all(trial.position - first[trial.stimulus] >= 15 for trial in again)


def test_checks_lie_all_over_the_order_and_no_picture_comes_twice_running(checked):
    pictures = {s.id: (s.dataset, s.image) for s in checked.stimuli}
    for number in range(1, 11):
        found = ratings(checked, number)
        known = [trial.position for trial in found if trial.purpose in ("gold", "trap")]
        assert min(known) <= 25
        assert max(known) >= 48
        counted = [t for t in found if t.purpose in ("", "repeat")]
        assert all(pictures[a.stimulus] != pictures[b.stimulus] for a, b in pairwise(counted))


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"gold": -1}, "gold is a number"),
        ({"allowed_misses": 1}, "fewer gold and trap"),
        ({"gold": 1, "on_misses": "shout"}, "on_misses"),
        ({"ties": True}, "answer to pairs"),
        ({"selection": "random"}, "trials_per_rater"),
        ({"selection": "active", "trials_per_rater": 4}, "between pairs"),
        ({"selection": "wild"}, "selection"),
        ({"layout": "flicker"}, "two pictures"),
        ({"turn_seconds": 11.0}, "turn_seconds"),
    ],
)
def test_settings_that_no_study_can_follow_are_refused(design, settings, said):
    with pytest.raises(StudyError, match=said):
        check(with_checks(design, **settings), "study.toml")


def test_more_checks_than_the_practice_has_pictures_or_the_order_places_are_refused(small):
    with pytest.raises(StudyError, match="as many pictures of the practice"):
        ratings(with_checks(small, gold=5, traps=2))
    with pytest.raises(StudyError, match="too few ratings"):
        ratings(with_checks(small, repeats=46))
    without = replace(small, calibration=replace(small.calibration, count=0))
    with pytest.raises(StudyError, match=r"set count under \[calibration\]"):
        check(with_checks(without, traps=1), "study.toml")


def test_a_random_design_draws_for_each_rater_without_looking_at_the_others(small):
    drawn = with_checks(small, selection="random", trials_per_rater=10)
    shares = [schedule.share(drawn, block) for block in range(1, 31)]
    assert all(len(set(share)) == 10 for share in shares)
    counts = Counter(item for share in shares for item in share)
    assert max(counts.values()) - min(counts[item] for item in items.items(small)) > 3, "not balanced"
    assert shares[0] == schedule.share(drawn, 1)
    with pytest.raises(StudyError, match="trials_per_rater is 61"):
        schedule.share(with_checks(drawn, trials_per_rater=61), 1)

"""Trials that are chosen as a study goes on: when, from what, and that a choice is made once."""

from __future__ import annotations

import itertools
import secrets

import pytest

from srbench.errors import StudyError
from srbench.mos.store.definitions import ScheduledTrial, Settings, Stimulus
from srbench.mos.store.selection import Known, session_of
from srbench.mos.store.session import Card, TrialView

SETTINGS = Settings("pc", minimum_seconds=0.0, selection="active", trials_per_rater=4, ties=True)


class Chooser:
    """Returns pair after pair and keeps what it was told."""

    def __init__(self, stimuli):
        self.pairs = itertools.cycle(itertools.combinations([s.id for s in stimuli], 2))
        self.told: list[tuple[int, int, Known]] = []

    def __call__(self, number, position, known):
        self.told.append((number, position, known))
        return next(self.pairs)


@pytest.fixture
def stimuli():
    return [Stimulus(secrets.token_hex(16), "rating", "s", "i", f"m{n}", 0, "0" * 64, 8, 8) for n in range(5)]


@pytest.fixture
def chooser(store, stimuli):
    store.organiser.create_study("active", SETTINGS, stimuli, "name = 'active'")
    store.rater.choose = Chooser(stimuli)
    return store.rater.choose


def enter(store, number=1, trials=()):
    rater = store.rater.rater_by_token(store.organiser.add_rater("active", number, trials))
    due = store.rater.proceed(rater, "welcome")
    return rater, due


def answered(pair, score):
    """Return an answer as choices are told it: the smaller id comes first."""
    left, right = sorted(pair)
    return (left, right, score if left == pair[0] or score == 3 else 3 - score, 1)


def test_each_trial_is_chosen_when_the_one_before_is_answered(store, chooser):
    rater, due = enter(store)
    assert isinstance(due, TrialView)
    assert due.total == 4
    for position in range(1, 5):
        assert [told[:2] for told in chooser.told] == [(1, place) for place in range(1, position + 1)]
        assert store.rater.next_trial(rater).id == due.id, "asking again chooses nothing"
        due = store.rater.rate(rater, due.id, 1 + position % 3, 1.0).due
    assert isinstance(due, Card)
    assert due.kind == "finished"
    assert len(chooser.told) == 4
    scores = store.analyst.comparisons("active")["score"].tolist()
    assert scores == [2, 1.5, 1, 2]


def test_a_choice_is_told_all_last_answers_and_what_others_see_now(store, chooser):
    first, due = enter(store, 1)
    _, seen = enter(store, 2)
    pair = tuple(picture.id for picture in due.pictures)
    store.rater.rate(first, due.id, 1, 1.0)
    known = chooser.told[-1][2]
    assert known.answers == (answered(pair, 1),)
    assert known.open == (tuple(picture.id for picture in seen.pictures),)
    assert known.mine == (pair,)
    assert known.before == pair[0]


def test_an_answer_that_is_given_anew_counts_for_later_choices_and_keeps_the_one_made(store, chooser):
    rater, due = enter(store)
    first = due
    due = store.rater.rate(rater, due.id, 1, 1.0).due
    again = store.rater.undo(rater)
    assert again.id == first.id
    following = store.rater.rate(rater, again.id, 2, 1.0, again.revision).due
    assert following.id == due.id
    assert len(chooser.told) == 2
    store.rater.rate(rater, due.id, 1, 1.0)
    pair = tuple(picture.id for picture in first.pictures)
    assert answered(pair, 2) in chooser.told[-1][2].answers
    assert len(chooser.told[-1][2].answers) == 2


def test_checks_have_their_places_and_are_no_answers(store, stimuli):
    settings = Settings("pc", minimum_seconds=0.0, tolerance=0, selection="active", trials_per_rater=2, gold=1)
    store.organiser.create_study("active", settings, stimuli, "name = 'active'")
    chooser = store.rater.choose = Chooser(stimuli)
    gold = ScheduledTrial(0, 2, 1, stimuli[0].id, stimuli[4].id, 1, "gold")
    rater, due = enter(store, 1, [gold])
    due = store.rater.rate(rater, due.id, 1, 1.0).due
    assert tuple(picture.id for picture in due.pictures) == (stimuli[0].id, stimuli[4].id)
    receipt = store.rater.rate(rater, due.id, 2, 1.0)
    assert receipt.feedback is None
    assert [told[1] for told in chooser.told] == [1, 3]
    known = chooser.told[-1][2]
    assert len(known.answers) == len(known.mine) == 1
    assert known.before == stimuli[0].id
    store.rater.rate(rater, receipt.due.id, 1, 1.0)
    assert len(store.analyst.comparisons("active")) == 2
    (check,) = store.analyst.checks("active").itertuples()
    assert (check.purpose, check.expected, check.score, check.right) == ("gold", 1, 2, False)


def test_nothing_comes_ahead_that_would_tell_a_check_before_its_turn(store, stimuli):
    settings = Settings("pc", minimum_seconds=0.0, tolerance=0, selection="active", trials_per_rater=3, gold=1)
    store.organiser.create_study("active", settings, stimuli, "name = 'active'")
    store.rater.choose = Chooser(stimuli)
    practice = ScheduledTrial(1, 1, 1, stimuli[0].id, stimuli[4].id, 1)
    gold = ScheduledTrial(0, 3, 1, stimuli[0].id, stimuli[4].id, 1, "gold")
    rater = store.rater.rater_by_token(store.organiser.add_rater("active", 1, [practice, gold]))
    assert {each.stimulus for each in store.rater.next_trial(rater).ahead} == {stimuli[0].id, stimuli[4].id}
    due = store.rater.proceed(rater, "welcome")
    store.rater.rate(rater, due.id, 1, 1.0)
    due = store.rater.proceed(rater, "calibration-passed")
    while isinstance(due, TrialView):
        assert due.ahead == ()
        due = store.rater.rate(rater, due.id, 1, 1.0).due
    assert due.kind == "finished"


def test_who_withdraws_or_fails_the_checks_no_longer_decides_what_is_asked(store, stimuli):
    settings = Settings(
        "pc", minimum_seconds=0.0, tolerance=0, selection="active", trials_per_rater=3, gold=1, on_misses="end"
    )
    store.organiser.create_study("active", settings, stimuli, "name = 'active'")
    chooser = store.rater.choose = Chooser(stimuli)
    gold = ScheduledTrial(0, 3, 1, stimuli[0].id, stimuli[4].id, 1, "gold")
    careless, due = enter(store, 1, [gold])
    for _ in range(3):
        due = store.rater.rate(careless, due.id, 2, 1.0).due
    assert due.kind == "checks-failed"
    leaving, due = enter(store, 2, [gold])
    assert chooser.told[-1][2].answers == ()
    due = store.rater.rate(leaving, due.id, 1, 1.0).due
    assert len(chooser.told[-1][2].answers) == 1
    staying, due = enter(store, 3, [gold])
    store.rater.rate(staying, due.id, 1, 1.0)
    store.rater.withdraw(leaving)
    enter(store, 4, [gold])
    assert len(chooser.told[-1][2].answers) == 1
    assert chooser.told[-1][2].open


def test_without_somebody_who_chooses_the_rater_is_not_let_in(store, stimuli):
    store.organiser.create_study("active", SETTINGS, stimuli, "name = 'active'")
    rater = store.rater.rater_by_token(store.organiser.add_rater("active", 1, []))
    with pytest.raises(StudyError, match="srbench mos serve"):
        store.rater.proceed(rater, "welcome")
    assert store.rater.next_trial(rater).kind == "welcome"


def test_what_may_come_decides_what_the_screen_must_have_room_for(store, stimuli, chooser):
    rater = store.rater.rater_by_token(store.organiser.add_rater("active", 1, []))
    assert store.rater.sizes(rater) == [(16, 8)]


def test_sessions_are_equally_long():
    settings = Settings(seconds_per_trial=10.0, session_minutes=1.0)
    assert [session_of(place, 12, settings) for place in range(1, 13)] == [1] * 6 + [2] * 6

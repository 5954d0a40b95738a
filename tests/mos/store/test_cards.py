"""The cards before the first trial, and what a test of the screening leaves in the store."""

from __future__ import annotations

import json
import secrets

import pytest

from srbench.mos.store import cards
from srbench.mos.store.definitions import ScheduledTrial, Settings, Stimulus

ASKS = ("consent", "before", "acuity", "contrast")


def test_every_card_leads_to_the_next_one_that_the_study_has():
    card, found = "consent", []
    while card:
        found.append(card)
        card = cards.after(card, ASKS)
    assert found == ["consent", "welcome", "screening-acuity", "screening-contrast", "questions-before"]
    assert cards.after("welcome", ()) == ""
    assert cards.after("break", ASKS) == ""


@pytest.fixture
def rater(store):
    stimulus = Stimulus(secrets.token_hex(16), "rating", "s", "i", "m", 0, "0" * 64, 8, 8)
    store.organiser.create_study("study", Settings(asks=("acuity", "before")), [stimulus], "name = 'study'")
    token = store.organiser.add_rater("study", 1, [ScheduledTrial(0, 1, 1, stimulus.id)])
    found = store.rater.rater_by_token(token)
    assert store.rater.proceed(found, "welcome").kind == "screening-acuity"
    return found


def an(attempt, *, passed, ends=True, last=False):
    return cards.Tested("acuity", attempt, 4 if passed else 1, 5, passed, {"card_pixels": 320.5}, ends, last)


def test_a_passed_test_goes_on_and_is_exported(store, rater):
    assert store.rater.screen(rater, an(1, passed=True)).kind == "questions-before"
    (row,) = store.analyst.screening("study").itertuples()
    assert (row.test, row.attempt, row.correct, row.asked, row.passed) == ("acuity", 1, 4, 5, True)
    assert json.loads(row.detail) == {"card_pixels": 320.5}


def test_pictures_that_came_before_a_test_are_still_to_come_during_it(store, rater):
    (held,) = store.rater.next_trial(rater).ahead
    after = store.rater.screen(rater, an(1, passed=False))
    assert after.kind == "screening-acuity"
    assert after.ahead == (held,)
    over = store.rater.screen(rater, an(2, passed=False, last=True))
    assert (over.kind, over.ahead) == ("screened-out", ())


def test_a_failed_test_comes_again_and_then_ends_the_part(store, rater):
    assert store.rater.screen(rater, an(1, passed=False)).attempt == 2
    assert store.rater.screen(rater, an(1, passed=False)).attempt == 2, "a repetition is not stored"
    assert store.rater.screen(rater, an(2, passed=False, last=True)).kind == "screened-out"
    assert store.rater.next_trial(rater).kind == "screened-out"
    assert [status.state for status in store.organiser.raters("study")] == ["screened-out"]
    assert len(store.analyst.screening("study")) == 2
    assert store.organiser.next_place("study") == (2, 1), "the block is free for somebody else"


def test_where_failing_is_only_noted_the_rater_goes_on(store, rater):
    assert store.rater.screen(rater, an(1, passed=False, ends=False, last=True)).kind == "questions-before"


def test_withdrawal_deletes_what_a_screening_found(store, rater):
    store.rater.screen(rater, an(1, passed=True))
    store.rater.withdraw(rater)
    assert store.analyst.screening("study").empty

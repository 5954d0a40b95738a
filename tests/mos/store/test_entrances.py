"""Open links: places up to a quota, one rater per participant, and what the panel is told."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from srbench.errors import StudyError
from srbench.mos.design import schedule
from srbench.mos.design.study import StudyDesign
from srbench.mos.store.definitions import ScheduledTrial
from srbench.mos.store.entrances import Door, Entrance
from srbench.mos.store.session import Card, TrialView
from srbench.mos.store.stores import Store


@pytest.fixture
def opened(store: Store, tiny: StudyDesign) -> Store:
    store.organiser.create_study(tiny.name, tiny.settings, tiny.stimuli)
    return store


def door(store: Store, study: StudyDesign, **values: object) -> Door:
    found = store.entrances.find(store.entrances.create(study.name, Entrance(**values)))  # type: ignore[arg-type]
    assert found is not None
    return found


def enter(store: Store, study: StudyDesign, where: Door, who: str | None = None) -> str | None:
    def plan(number: int, block: int) -> Sequence[ScheduledTrial]:
        return schedule.schedule(study, number, schedule.share(study, block))

    return store.entrances.enter(where, who, plan)


def finish(store: Store, token: str, wrong: bool = False) -> Card:
    rater = store.rater.rater_by_token(token)
    assert rater is not None
    due = store.rater.next_trial(rater)
    while True:
        if isinstance(due, Card):
            if not due.can_proceed:
                return due
            due = store.rater.proceed(rater, due.kind)
        elif due.calibration:
            high = expected(store, due) == 5
            due = store.rater.rate(rater, due.id, 5 if high != wrong else 1, 2.0).due
        else:
            due = store.rater.rate(rater, due.id, 3, 2.0).due


def expected(store: Store, due: TrialView) -> int:
    with store.database.read() as connection:
        return int(connection.exec_driver_sql(f"SELECT expected FROM trial WHERE id = '{due.id}'").scalar_one())


def test_as_many_enter_as_there_are_places_even_when_they_come_at_once(opened: Store, tiny: StudyDesign) -> None:
    where = door(opened, tiny, quota=5)
    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(lambda _: enter(opened, tiny, where), range(12)))
    let_in = [token for token in tokens if token is not None]
    assert len(let_in) == len(set(let_in)) == 5
    assert [rater.number for rater in opened.organiser.raters(tiny.name)] == [1, 2, 3, 4, 5]
    assert [event.kind for event in opened.organiser.events(tiny.name)].count("full") == 7


def test_a_participant_comes_back_to_the_same_place_by_a_new_token(opened: Store, tiny: StudyDesign) -> None:
    where = door(opened, tiny, panel="prolific", quota=1)
    first = enter(opened, tiny, where, "ann")
    again = enter(opened, tiny, where, "ann")
    assert first
    assert again
    assert first != again
    assert opened.rater.rater_by_token(first) is None
    rater = opened.rater.rater_by_token(again)
    assert rater is not None
    assert rater.number == 1
    assert enter(opened, tiny, where, "ben") is None


def test_places_of_those_who_failed_or_took_too_long_are_free_again(opened: Store, tiny: StudyDesign) -> None:
    where = door(opened, tiny, panel="prolific", quota=1, minutes=30, failed="FAIL", completed="DONE")
    late = enter(opened, tiny, where, "late")
    assert late is not None
    assert enter(opened, tiny, where, "ann") is None
    begin = opened.entrances.clock()
    opened.entrances.clock = opened.rater.clock = lambda: begin + 31 * 60  # type: ignore[method-assign]
    rater = opened.rater.rater_by_token(late)
    assert rater is not None
    assert isinstance(card := opened.rater.next_trial(rater), Card)
    assert card.kind == "timed-out"
    begin_of_next = enter(opened, tiny, where, "ann")
    assert begin_of_next is not None
    failed = finish(opened, begin_of_next, wrong=True)
    assert (failed.kind, failed.code) == ("failed", "FAIL")
    last = enter(opened, tiny, where, "cleo")
    assert last is not None
    done = finish(opened, last)
    assert (done.kind, done.code) == ("finished", "DONE")
    assert enter(opened, tiny, where, "dora") is None
    assert [place.outcome for place in opened.entrances.places(tiny.name)] == ["timed-out", "failed", "completed"]


def test_a_personal_invitation_has_no_code_and_no_place_in_the_list_of_a_panel(
    opened: Store, tiny: StudyDesign
) -> None:
    token = opened.organiser.add_rater(tiny.name, 1, schedule.schedule(tiny, 1))
    card = finish(opened, token)
    assert (card.kind, card.code) == ("finished", "")
    assert opened.entrances.places(tiny.name) == []


def test_nobody_enters_a_study_that_is_paused_or_closed(opened: Store, tiny: StudyDesign) -> None:
    where = door(opened, tiny, quota=5)
    opened.organiser.set_state(tiny.name, "paused")
    assert enter(opened, tiny, where) is None
    opened.organiser.set_state(tiny.name, "closed")
    with pytest.raises(StudyError, match="closed"):
        opened.entrances.create(tiny.name, Entrance())


@pytest.mark.parametrize(
    "values",
    [{"panel": "crowd"}, {"quota": 0}, {"minutes": -1.0}, {"completed": "javascript://x"}, {"failed": "x" * 301}],
)
def test_an_entrance_that_cannot_be_is_one_clear_sentence(values: dict[str, object]) -> None:
    with pytest.raises(StudyError, match=r"Expected|panel"):
        Entrance(**values)  # type: ignore[arg-type]

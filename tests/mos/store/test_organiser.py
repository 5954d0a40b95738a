from __future__ import annotations

import inspect

import pytest

from srbench.errors import StudyError
from srbench.mos.design import invitations, schedule, studyfile
from srbench.mos.design.study import StudyDesign
from srbench.mos.store.organiser import OrganiserStore
from srbench.mos.store.session import Card, RefusalError, TrialView, Visit
from srbench.mos.store.stores import Store

LAPTOP = Visit("desktop", 1.25, 1366, 768, 1366, 640, 1366, 510, "Mozilla/5.0", "en", 60)


@pytest.fixture
def invited(store: Store, tiny: StudyDesign) -> str:
    """The token of rater 1 of the open study `tiny`."""
    store.organiser.create_study(tiny.name, tiny.settings, tiny.stimuli, studyfile.write(tiny))
    return invitations.invite(store.organiser, "tiny", 1, ["Ada"])[0].token


def test_a_renewed_link_leads_to_the_same_place_and_the_old_one_to_nothing(store: Store, invited: str) -> None:
    before = store.rater.rater_by_token(invited)
    assert before is not None
    due = store.rater.proceed(before, "welcome")
    assert isinstance(due, TrialView)
    store.rater.rate(before, due.id, 3, 1.0)

    invitation = invitations.renew(store.organiser, "tiny", 1)
    assert (invitation.number, invitation.label) == (1, "Ada")
    assert store.rater.rater_by_token(invited) is None
    for attempt in (lambda: store.rater.next_trial(before), lambda: store.rater.rate(before, due.id, 3, 1.0)):
        with pytest.raises(RefusalError, match="no longer valid") as caught:
            attempt()
        assert caught.value.reason == "token"
    after = store.rater.rater_by_token(invitation.token)
    assert after is not None
    here = store.rater.next_trial(after)
    assert isinstance(here, TrialView)
    assert here.position == 2
    assert "link-renewed" in [event.kind for event in store.organiser.events("tiny")]


def test_a_revoked_link_can_be_renewed_and_no_rating_is_lost(store: Store, invited: str) -> None:
    store.organiser.revoke_link("tiny", 1)
    assert store.rater.rater_by_token(invited) is None
    token = store.organiser.renew_link("tiny", 1)
    assert store.rater.rater_by_token(token) is not None
    for change in (store.organiser.revoke_link, store.organiser.renew_link, store.organiser.close_rater):
        with pytest.raises(StudyError, match="no rater 7"):
            change("tiny", 7)


def test_a_rater_who_has_not_begun_can_get_another_schedule_and_one_who_has_cannot(
    store: Store, tiny: StudyDesign, invited: str
) -> None:
    rater = store.rater.rater_by_token(invited)
    assert rater is not None
    shorter = [trial for trial in schedule.schedule(tiny, 1) if trial.attempt or trial.position <= 2]
    assert store.organiser.reschedule("tiny", 1, shorter, "for a test")
    assert [r.total for r in store.organiser.raters("tiny")] == [2]
    store.rater.proceed(rater, "welcome")
    assert not store.organiser.reschedule("tiny", 1, schedule.schedule(tiny, 1), "too late")
    assert [r.total for r in store.organiser.raters("tiny")] == [2]


def test_the_organiser_sees_the_device_of_the_last_visit(store: Store, invited: str) -> None:
    rater = store.rater.rater_by_token(invited)
    assert rater is not None
    assert [r.screen for r in store.organiser.raters("tiny")] == [""]
    store.rater.add_visit(rater, Visit("phone", 3.0, 360, 740, 360, 640, 1080, 900, "Mozilla/5.0", "de", 120))
    store.rater.add_visit(rater, LAPTOP)
    assert [r.screen for r in store.organiser.raters("tiny")] == ["desktop, room for 1366 x 510"]
    assert list(store.analyst.visits("tiny")["device"]) == ["phone", "desktop"]


def test_nothing_the_organiser_is_given_holds_a_score(store: Store, invited: str) -> None:
    rater = store.rater.rater_by_token(invited)
    assert rater is not None
    due = store.rater.proceed(rater, "welcome")
    while not isinstance(due, Card):
        due = store.rater.rate(rater, due.id, 5, 1.0).due
    status = store.organiser.status("tiny")
    assert status.total == 6
    assert "score" not in repr(status)
    returned = {str(inspect.signature(method).return_annotation) for _, method in inspect.getmembers(OrganiserStore)
                if inspect.isfunction(method)}  # fmt: skip
    assert not any("DataFrame" in each or "Rating" in each for each in returned)


def test_the_time_left_follows_the_raters_own_pace_and_is_over_with_the_rater(store: Store, invited: str) -> None:
    def left() -> float:
        return store.organiser.raters("tiny")[0].seconds_left

    rater = store.rater.rater_by_token(invited)
    assert rater is not None
    assert left() == pytest.approx(12 * 5.0), "six practice trials and six ratings of five planned seconds"
    due = store.rater.proceed(rater, "welcome")
    while isinstance(due, TrialView) and due.calibration:
        answers = {each.id: 5 if each.method == "hr" else 1 for each in store.organiser.stimuli("tiny")}
        due = store.rater.rate(rater, due.id, answers[due.pictures[0].id], 1.0).due
    due = store.rater.proceed(rater, "calibration-passed")
    assert left() == pytest.approx(6 * 5.0)
    assert isinstance(due, TrialView)
    due = store.rater.rate(rater, due.id, 3, 50.0).due
    assert left() == pytest.approx(5 * (20 * 5.0 + 50.0) / 21), "a slow rater needs longer than planned"
    store.organiser.close_rater("tiny", 1)
    assert left() == 0

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest

from srbench.errors import StudyError
from srbench.mos.design import invitations, studyfile
from srbench.mos.design.study import StudyDesign
from srbench.mos.store.session import Card, TrialView
from srbench.mos.store.stores import Store


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory, small: StudyDesign) -> Iterator[Store]:
    """A store with `small`, of whose pictures one is 300 pixels high."""
    tall = tuple(replace(s, height=300) if (s.dataset, s.image) == ("set5", "picture1") else s for s in small.stimuli)
    planned = replace(small, stimuli=tall)
    with contextlib.closing(Store.open(f"sqlite:///{tmp_path_factory.mktemp('db') / 's.db'}")) as store:
        store.organiser.create_study("small", planned.settings, planned.stimuli, studyfile.write(planned))
        yield store


def test_a_link_leads_to_the_address_that_raters_reach(store: Store) -> None:
    (invitation,) = invitations.invite(store.organiser, "small", 1)
    assert invitation.link("https://lab.example/") == f"https://lab.example/join/{invitation.token}"


def test_pictures_that_do_not_fit_are_left_out_and_none_comes_twice_running(store: Store) -> None:
    (invitation,) = invitations.invite(store.organiser, "small", 1)
    rater = store.rater.rater_by_token(invitation.token)
    assert rater is not None
    assert max(height for _, height in store.rater.sizes(rater)) == 300
    assert invitations.leave_out_large(store.organiser, "small", 1, (400, 299)) == 1
    assert max(height for _, height in store.rater.sizes(rater)) < 300
    assert store.organiser.raters("small")[0].total == 60 - 4

    pictures = {s.id: (s.dataset, s.image) for s in store.organiser.stimuli("small")}
    shown = []
    due = store.rater.proceed(rater, "welcome")
    while not isinstance(due, Card) or due.can_proceed:
        if isinstance(due, Card):
            due = store.rater.proceed(rater, due.kind)
            continue
        assert isinstance(due, TrialView)
        shown.append(pictures[due.pictures[0].id])
        due = store.rater.rate(rater, due.id, 3, 1.0).due
    assert ("set5", "picture1") not in shown
    assert all(one != other for one, other in pairwise(shown))


def test_nothing_changes_where_all_fits_and_a_screen_for_nothing_is_refused(store: Store) -> None:
    invitations.invite(store.organiser, "small", 1)
    assert invitations.leave_out_large(store.organiser, "small", 1, (400, 300)) == 0
    assert store.organiser.raters("small")[0].total == 60
    with pytest.raises(StudyError, match="No picture"):
        invitations.leave_out_large(store.organiser, "small", 1, (4, 4))


def test_whoever_wants_more_labels_than_raters_or_none_is_refused(store: Store) -> None:
    for count, labels in ((1, ["a", "b"]), (0, [])):
        with pytest.raises(StudyError, match="labels"):
            invitations.invite(store.organiser, "small", count, labels)

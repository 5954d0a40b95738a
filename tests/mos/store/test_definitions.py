from __future__ import annotations

from dataclasses import replace

import pytest

from srbench.mos.design import invitations, items, planning, studyfile
from srbench.mos.design.study import StudyDesign
from srbench.mos.site import welcome
from srbench.mos.store.definitions import DESIGNS, Presentation, Settings
from srbench.mos.store.session import Card, TrialView
from srbench.mos.store.stores import Store


@pytest.fixture
def three_point(monkeypatch: pytest.MonkeyPatch, tiny: StudyDesign) -> StudyDesign:
    """`tiny` in a design that only the table of designs knows: three grades, without tolerance."""
    monkeypatch.setitem(DESIGNS, "acr-3", Presentation(choices=3, labels="acr", seconds=4.0, tolerance=0))
    return studyfile.parse(studyfile.write(replace(tiny, settings=Settings(design="acr-3", pass_fraction=0.0))))


def test_a_design_added_is_one_entry_that_schedule_store_and_page_follow(
    store: Store, three_point: StudyDesign
) -> None:
    store.organiser.create_study("tiny", three_point.settings, three_point.stimuli, studyfile.write(three_point))
    rater = store.rater.rater_by_token(invitations.invite(store.organiser, "tiny", 1)[0].token)
    assert rater is not None
    assert welcome.conditions(store.rater.settings(rater), store.rater.sizes(rater))["scale"] == [1, 2, 3]
    due = store.rater.proceed(rater, "welcome")
    while not isinstance(due, Card) or due.can_proceed:
        if isinstance(due, Card):
            due = store.rater.proceed(rater, due.kind)
            continue
        assert isinstance(due, TrialView)
        assert due.choices == 3
        due = store.rater.rate(rater, due.id, 3, 1.0).due
    assert list(store.analyst.results("tiny")["score"]) == [3] * 6
    assert len(items.items(three_point)) == planning.trials(three_point, {"set5": 3}) == 6

from __future__ import annotations

import pytest

from srbench.errors import StudyError
from srbench.mos.design import invitations, studyfile
from srbench.mos.design.study import StudyDesign
from srbench.mos.store.dictionary import columns
from srbench.mos.store.session import Card, Rater, TrialView
from srbench.mos.store.stores import Store


@pytest.fixture
def rated(store: Store, tiny: StudyDesign) -> Rater:
    """A rater of `tiny` who practised well, rated all six pictures with 4, and changed the second to 2."""
    store.organiser.create_study(tiny.name, tiny.settings, tiny.stimuli, studyfile.write(tiny))
    rater = store.rater.rater_by_token(invitations.invite(store.organiser, "tiny", 1, ["Ada"])[0].token)
    assert rater is not None
    due = store.rater.proceed(rater, "welcome")
    undone = False
    while True:
        if isinstance(due, Card):
            if not due.can_proceed:
                return rater
            due = store.rater.proceed(rater, due.kind)
        elif due.position == 3 and not due.calibration and not undone:
            undone, again = True, store.rater.undo(rater)
            assert isinstance(again, TrialView)
            due = store.rater.rate(rater, again.id, 2, 1.5, again.revision).due
        else:
            best = store.organiser.stimuli("tiny")
            shown = next(s for s in best if s.id == due.pictures[0].id)
            score = (5 if shown.method == "hr" else 1) if due.calibration else 4
            due = store.rater.rate(rater, due.id, score, 1.0).due


def test_every_answer_is_exported_with_what_was_first_said_and_the_practice(store: Store, rated: Rater) -> None:
    answers = store.analyst.answers("tiny")
    assert list(answers.columns) == columns("answers")
    assert (answers["phase"] == "practice").sum() == 6
    assert (answers["phase"] == "rating").sum() == 7, "six ratings, one of them given twice"
    second = answers[(answers["phase"] == "rating") & (answers["trial"] == 2)]
    assert list(second["score"]) == [4, 2]
    assert list(second["revision"]) == [0, 1]
    assert list(second["counts"]) == [False, True]
    assert answers["at"].is_monotonic_increasing
    practice = answers[answers["phase"] == "practice"]
    assert (practice["expected"] == practice["score"]).all()
    assert not practice["counts"].any()

    counted = answers[answers["counts"]].sort_values("trial")
    ratings = store.analyst.ratings("tiny")
    for column in ("rater", "trial", "dataset", "image", "method", "repeat", "score", "seconds"):
        assert list(counted[column]) == list(ratings[column]), column


def test_raters_come_with_state_progress_and_times(store: Store, rated: Rater) -> None:
    (row,) = store.analyst.raters("tiny").to_dict("records")
    assert (row["state"], row["rated"], row["trials"], row["revisions"], row["number"]) == ("finished", 6, 6, 1, 1)
    assert row["last_rated"] >= row["invited"]
    assert row["rater"] != "Ada"
    assert list(store.analyst.raters("tiny", names=True)["rater"]) == ["Ada"]


def test_the_calibration_counts_right_answers_by_attempt(store: Store, rated: Rater) -> None:
    table = store.analyst.calibration("tiny")
    assert table is not None
    assert table.drop(columns="rater").to_dict("records") == [{"attempt": 1, "right": 6, "asked": 6, "passed": "yes"}]


def test_a_study_in_which_nothing_happened_has_empty_tables_and_an_unknown_one_is_named(
    store: Store, tiny: StudyDesign
) -> None:
    with pytest.raises(StudyError, match="has no study yet"):
        store.analyst.ratings("tiny")
    store.organiser.create_study(tiny.name, tiny.settings, tiny.stimuli, studyfile.write(tiny))
    for table in ("answers", "raters", "visits", "ratings"):
        found = getattr(store.analyst, table)("tiny")
        assert found.empty
        assert list(found.columns) == columns(table)
    assert store.analyst.calibration("tiny") is None
    assert len(store.analyst.stimuli("tiny")) == len(tiny.stimuli)
    with pytest.raises(StudyError, match="Did you mean 'tiny'"):
        store.analyst.ratings("tinny")

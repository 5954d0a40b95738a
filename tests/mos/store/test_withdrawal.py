"""Consent, replies and withdrawal in the store."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest
import sqlalchemy as sa

from srbench.mos.design import schedule
from srbench.mos.design.study import StudyDesign
from srbench.mos.store import models
from srbench.mos.store.archive import tables
from srbench.mos.store.session import Card, Rater, RefusalError, TrialView, Visit
from srbench.mos.store.stores import Store

VISIT = Visit("desktop", 1.0, 1920, 1080, 1900, 900, 1900, 700, "Secretive Browser 7", "en", 60)


@pytest.fixture
def asking(tiny: StudyDesign) -> StudyDesign:
    settings = replace(tiny.settings, asks=("consent", "before", "after"), attempts=1, pass_fraction=0.0)
    return replace(tiny, settings=settings, consent={"en": "x"}, questions=())


def join(store: Store, study: StudyDesign, number: int) -> Rater:
    token = store.organiser.add_rater(study.name, number, schedule.schedule(study, number), f"note {number}")
    rater = store.rater.rater_by_token(token)
    assert rater is not None
    return rater


@pytest.fixture
def opened(store: Store, asking: StudyDesign) -> Store:
    settings = replace(asking.settings, asks=("consent", "before", "after"))
    store.organiser.create_study(asking.name, settings, asking.stimuli)
    return store


def walk(store: Store, rater: Rater) -> list[str]:
    """Do all that is asked; return the cards that came."""
    cards: list[str] = []
    due = store.rater.next_trial(rater)
    while True:
        if isinstance(due, TrialView):
            due = store.rater.rate(rater, due.id, 5, 2.0).due
            continue
        cards.append(due.kind)
        if due.kind == "consent":
            due = store.rater.agree(rater, "en", "f" * 64)
        elif due.kind.startswith("questions"):
            due = store.rater.reply(rater, due.kind, {due.kind.replace("-", "_"): "because"})
        elif due.can_proceed:
            due = store.rater.proceed(rater, due.kind)
        else:
            return cards


def test_consent_comes_first_and_questions_before_and_after_the_images(opened: Store, asking: StudyDesign) -> None:
    rater = join(opened, asking, 1)
    assert walk(opened, rater) == [
        "consent", "welcome", "questions-before", "calibration-passed", "questions-after", "finished",
    ]  # fmt: skip
    (consent,) = opened.analyst.consents(asking.name).to_dict("records")
    assert (consent["language"], consent["sha256"]) == ("en", "f" * 64)
    replies = opened.analyst.replies(asking.name)
    assert list(replies["question"]) == ["questions_after", "questions_before"]
    assert set(replies["value"]) == {"because"}


def test_neither_proceeding_nor_a_late_repetition_passes_a_card_that_wants_an_answer(
    opened: Store, asking: StudyDesign
) -> None:
    rater = join(opened, asking, 1)
    due = opened.rater.proceed(rater, "consent")
    assert isinstance(due, Card)
    assert due.kind == "consent"
    assert isinstance(opened.rater.reply(rater, "questions-before", {"a": "b"}), Card)
    opened.rater.agree(rater, "en", "f" * 64)
    opened.rater.agree(rater, "de", "0" * 64)
    assert list(opened.analyst.consents(asking.name)["language"]) == ["en"]
    assert opened.analyst.replies(asking.name).empty


def test_who_does_not_agree_takes_no_part(opened: Store, asking: StudyDesign) -> None:
    rater = join(opened, asking, 1)
    due = opened.rater.decline(rater)
    assert isinstance(due, Card)
    assert due.kind == "declined"
    assert opened.rater.next_trial(rater) == due
    assert opened.organiser.raters(asking.name)[0].state == "declined"
    assert opened.analyst.consents(asking.name).empty


def test_withdrawal_deletes_all_of_one_rater_and_nothing_of_another(opened: Store, asking: StudyDesign) -> None:
    first, second = join(opened, asking, 1), join(opened, asking, 2)
    for rater in (first, second):
        opened.rater.add_visit(rater, VISIT)
        walk(opened, rater)
        opened.rater.undo(rater)
    kept = {name: table for name, table in tables(opened.analyst, asking.name).items() if name not in ("events",)}
    code = opened.organiser.raters(asking.name)[0].code
    assert opened.rater.withdraw(first).kind == "withdrawn"
    left = tables(opened.analyst, asking.name)
    for name in ("ratings", "answers", "visits", "consents", "replies"):
        before = kept[name]
        expected = before[before["rater"] != code].reset_index(drop=True)
        assert len(expected) * 2 == len(before), name
        assert left[name].reset_index(drop=True).equals(expected.astype(left[name].dtypes)), name
    assert list(left["raters"]["state"]) == ["withdrawn", "finished"]
    assert list(left["raters"]["rated"]) == [0, 6]
    assert [e.kind for e in opened.organiser.events(asking.name) if e.rater == 1] == ["withdrawn"]
    with opened.database.read() as connection:
        row = connection.execute(sa.select(models.rater).where(models.rater.c.number == 1)).mappings().one()
        trials = connection.scalar(sa.select(sa.func.count()).where(models.trial.c.rater_id == row["id"]))
    assert (row["label"], row["token_hash"], row["participant"], trials) == (None, None, None, 0)
    with pytest.raises(RefusalError, match="no longer valid"):
        opened.rater.next_trial(first)
    assert opened.organiser.next_number(asking.name) == 3, "the tombstone keeps the number"


def test_the_organiser_can_withdraw_a_rater_who_asks_for_it(opened: Store, asking: StudyDesign) -> None:
    rater = join(opened, asking, 1)
    walk(opened, rater)
    opened.organiser.withdraw_rater(asking.name, 1)
    assert opened.analyst.ratings(asking.name).empty
    assert [each.state for each in opened.organiser.raters(asking.name)] == ["withdrawn"]


def test_what_was_deleted_is_no_longer_in_the_file(asking: StudyDesign, tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "s.db"
    with Store.open(f"sqlite:///{path}") as store:
        store.organiser.create_study(asking.name, asking.settings, asking.stimuli)
        rater = join(store, asking, 1)
        store.rater.add_visit(rater, VISIT)
        walk(store, rater)
        assert asdict(VISIT)["browser"]
        store.rater.withdraw(rater)
    assert VISIT.browser.encode() not in path.read_bytes()

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from srbench.errors import StudyError
from srbench.mos.design import invitations, studyfile
from srbench.mos.design.study import StudyDesign
from srbench.mos.store import models
from srbench.mos.store.definitions import ScheduledTrial, Settings, Stimulus
from srbench.mos.store.session import Card, Rater, RefusalError, TrialView
from srbench.mos.store.stores import Store
from srbench.mos.store.trials import IDLE_SECONDS


def invite(store: Store, planned: StudyDesign, count: int = 1) -> list[Rater]:
    if planned.name not in store.organiser.studies():
        store.organiser.create_study(planned.name, planned.settings, planned.stimuli, studyfile.write(planned))
    raters = [
        store.rater.rater_by_token(each.token) for each in invitations.invite(store.organiser, planned.name, count)
    ]
    return [rater for rater in raters if rater is not None]


def answer(store: Store, rater: Rater, view: TrialView, score: int | None = None) -> None:
    if score is None:
        with store.database.read() as connection:
            expected = connection.scalar(sa.select(models.trial.c.expected).where(models.trial.c.id == view.id))
        score = expected or 1 + view.position % view.choices
    store.rater.rate(rater, view.id, score, 2.0, view.revision)


def advance(store: Store, rater: Rater, to: str = "", position: int = 0) -> TrialView | Card:
    """Answer and go on until the card `to`, or the rating at `position`, is due."""
    while True:
        due = store.rater.next_trial(rater)
        if isinstance(due, Card):
            if due.kind == to or not due.can_proceed:
                return due
            store.rater.proceed(rater, due.kind)
        elif not due.calibration and due.position == position:
            return due
        else:
            answer(store, rater, due)


def trial(due: TrialView | Card) -> TrialView:
    assert isinstance(due, TrialView)
    return due


def card(due: TrialView | Card) -> Card:
    assert isinstance(due, Card)
    return due


def kinds(store: Store, planned: StudyDesign) -> list[str]:
    return [event.kind for event in store.organiser.events(planned.name)]


def test_a_rater_goes_from_welcome_to_finished_and_every_rating_is_one_row(store: Store, tiny: StudyDesign) -> None:
    (rater,) = invite(store, tiny)
    assert card(store.rater.next_trial(rater)).kind == "welcome"
    assert trial(store.rater.proceed(rater, "welcome")).calibration
    assert card(advance(store, rater, "calibration-passed")) == Card("calibration-passed", True, 6, 6)
    assert card(advance(store, rater)).kind == "finished"
    ratings = store.analyst.ratings("tiny")
    assert list(ratings["trial"]) == [1, 2, 3, 4, 5, 6]
    assert set(zip(ratings["image"], ratings["method"], strict=True)) == {
        (f"picture{n}", m) for n in range(3) for m in ("bicubic", "hr")
    }
    assert list(ratings["score"]) == [1 + place % 5 for place in range(1, 7)]
    progress = store.rater.next_trial(rater).progress
    assert progress.done == progress.total == 6
    assert store.organiser.raters("tiny")[0].state == "finished"


def test_asking_for_the_next_trial_again_changes_nothing(store: Store, tiny: StudyDesign) -> None:
    (rater,) = invite(store, tiny)
    due = advance(store, rater, position=2)
    assert store.rater.next_trial(rater) == due == store.rater.next_trial(rater)


def test_a_rating_sent_twice_is_stored_once_and_the_first_answer_stays(store: Store, tiny: StudyDesign) -> None:
    (rater,) = invite(store, tiny)
    due = trial(advance(store, rater, position=1))
    first = store.rater.rate(rater, due.id, 4, 2.0)
    second = store.rater.rate(rater, due.id, 2, 3.0)
    assert first.new
    assert not second.new
    assert (second.score, second.seconds) == (4, 2.0)
    assert list(store.analyst.ratings("tiny")["score"]) == [4]
    assert "repeated" in kinds(store, tiny)


def test_twenty_simultaneous_posts_of_one_rating_store_one(store: Store, tiny: StudyDesign) -> None:
    (rater,) = invite(store, tiny)
    due = trial(advance(store, rater, position=1))
    with ThreadPoolExecutor(20) as pool:
        receipts = list(pool.map(lambda n: store.rater.rate(rater, due.id, 1 + n % 5, 1.0), range(20)))
    assert sum(receipt.new for receipt in receipts) == 1
    assert len({receipt.score for receipt in receipts}) == 1
    assert trial(store.rater.next_trial(rater)).position == 2


def test_many_raters_at_once_lose_nothing(store: Store, tiny: StudyDesign) -> None:
    raters = invite(store, tiny, 12)
    with ThreadPoolExecutor(12) as pool:
        ends = list(pool.map(lambda rater: advance(store, rater), raters))
    assert {card(end).kind for end in ends} == {"finished"}
    ratings = store.analyst.ratings("tiny")
    assert len(ratings) == 12 * 6
    assert not ratings.duplicated(["rater", "trial"]).any()


def test_undo_asks_the_last_trial_again_and_keeps_both_answers(store: Store, tiny: StudyDesign) -> None:
    (rater,) = invite(store, tiny)
    first = trial(advance(store, rater, position=2))
    assert first.can_undo
    answer(store, rater, first, 1)
    again = trial(store.rater.undo(rater))
    assert (again.id, again.position, again.revision) == (first.id, 2, 1)
    assert trial(store.rater.undo(rater)) == again, "a doubled undo must not go back further"
    late = store.rater.rate(rater, first.id, 3, 1.0, revision=0)
    assert (late.new, late.score) == (False, 1), "a late repetition of the first answer is no correction"
    assert store.rater.rate(rater, first.id, 5, 1.5, revision=1).new
    assert store.rater.rate(rater, first.id, 2, 1.5, revision=1).score == 5
    assert trial(store.rater.next_trial(rater)).position == 3
    assert list(store.analyst.ratings("tiny")["score"])[1] == 5
    with store.database.read() as connection:
        assert connection.scalar(sa.select(models.rating.c.score).where(models.rating.c.trial_id == first.id)) == 1


def test_the_last_rating_of_all_can_be_undone(store: Store, tiny: StudyDesign) -> None:
    (rater,) = invite(store, tiny)
    assert card(advance(store, rater)).can_undo
    again = trial(store.rater.undo(rater))
    assert again.position == 6
    answer(store, rater, again, 5)
    assert card(store.rater.next_trial(rater)).kind == "finished"


def test_nothing_is_undone_before_the_first_rating(store: Store, tiny: StudyDesign) -> None:
    (rater,) = invite(store, tiny)
    assert card(store.rater.undo(rater)).kind == "welcome"
    store.rater.proceed(rater, "welcome")
    answer(store, rater, trial(store.rater.next_trial(rater)))
    assert trial(store.rater.undo(rater)).position == 2, "what calibration taught cannot be unlearned"


@pytest.mark.parametrize("score", [0, 6, -1, 2.5, 3.0, "3", None, True, 10**30, float("nan")])
def test_a_score_that_is_no_whole_number_of_the_scale_is_refused_and_logged(
    store: Store, tiny: StudyDesign, score: object
) -> None:
    (rater,) = invite(store, tiny)
    due = trial(advance(store, rater, position=1))
    with pytest.raises(RefusalError, match="whole number from 1 to 5") as caught:
        store.rater.rate(rater, due.id, score, 1.0)  # type: ignore[arg-type]
    assert caught.value.reason == "score"
    assert store.analyst.ratings("tiny").empty
    assert kinds(store, tiny)[-1] == "refused-score"


def test_impossible_viewing_times_are_refused(store: Store, tiny: StudyDesign) -> None:
    (rater,) = invite(store, tiny)
    due = trial(advance(store, rater, position=1))
    for seconds, reason in [(-1.0, "seconds"), (float("nan"), "seconds"), (float("inf"), "seconds"), (0.1, "early")]:
        with pytest.raises(RefusalError) as caught:
            store.rater.rate(rater, due.id, 3, seconds)
        assert caught.value.reason == reason
        assert kinds(store, tiny)[-1] == f"refused-{reason}"
    assert store.analyst.ratings("tiny").empty


def test_a_rater_can_neither_see_nor_write_the_trial_of_another(store: Store, tiny: StudyDesign) -> None:
    mine, theirs = invite(store, tiny, 2)
    advance(store, mine, position=1)
    due = trial(advance(store, theirs, position=1))
    with pytest.raises(RefusalError) as caught:
        store.rater.rate(mine, due.id, 3, 1.0)
    assert caught.value.reason == "foreign"
    with pytest.raises(RefusalError):
        store.rater.pictures(mine, due.id)
    assert store.rater.pictures(theirs, due.id) == due.pictures
    assert store.analyst.ratings("tiny").empty
    refusals = [event for event in store.organiser.events("tiny") if event.kind.startswith("refused")]
    assert {event.rater for event in refusals} == {mine.number}


def test_only_the_trial_that_is_due_can_be_seen_or_rated(store: Store, tiny: StudyDesign) -> None:
    (rater,) = invite(store, tiny)
    advance(store, rater, position=1)
    t = models.trial.c
    with store.database.read() as connection:
        later = connection.scalar(sa.select(t.id).where((t.attempt == 0) & (t.position == 3)))
    for attempt in (
        lambda: store.rater.rate(rater, str(later), 3, 1.0),
        lambda: store.rater.pictures(rater, str(later)),
    ):
        with pytest.raises(RefusalError) as caught:
            attempt()
        assert caught.value.reason == "not-due"


def test_a_token_is_stored_as_a_hash_and_a_forged_one_is_nobody(store: Store, tiny: StudyDesign) -> None:
    invite(store, tiny)
    (invitation,) = invitations.invite(store.organiser, "tiny", 1)
    assert store.rater.rater_by_token(invitation.token) is not None
    for forged in ("", invitation.token[:-1], invitation.token + "=", "' OR 1=1 --"):
        assert store.rater.rater_by_token(forged) is None
    with store.database.read() as connection:
        kept = [str(value) for row in connection.execute(sa.select(models.rater)) for value in row]
    assert not any(invitation.token in value for value in kept)


def test_sql_in_names_is_only_text(store: Store) -> None:
    name = "x'; DROP TABLE rating; --"
    pictures = [Stimulus(f"{n:032d}", "rating", name, name, f"{name}{n}", 0, "", 1, 1) for n in range(2)]
    store.organiser.create_study(name, Settings(), pictures)
    planned = [ScheduledTrial(0, n + 1, 1, each.id) for n, each in enumerate(pictures)]
    rater = store.rater.rater_by_token(store.organiser.add_rater(name, 1, planned, label=name))
    assert rater is not None
    advance(store, rater)
    assert set(store.analyst.ratings(name, names=True)["rater"]) == {name}
    with pytest.raises(RefusalError):
        store.rater.rate(rater, name, 3, 1.0)
    assert len(store.analyst.ratings(name)) == 2


def test_exports_are_anonymous_unless_labels_are_asked_for(store: Store, tiny: StudyDesign) -> None:
    invite(store, tiny)
    (invitation,) = invitations.invite(store.organiser, "tiny", 1, ["ada@example.org"])
    rater = store.rater.rater_by_token(invitation.token)
    assert rater is not None
    advance(store, rater)
    assert "ada@example.org" not in store.analyst.ratings("tiny").to_csv()
    assert set(store.analyst.ratings("tiny", names=True)["rater"]) == {"ada@example.org"}


def test_who_fails_calibration_gets_a_second_chance_and_then_a_kind_end(store: Store, tiny: StudyDesign) -> None:
    (rater,) = invite(store, tiny)
    store.rater.proceed(rater, "welcome")
    for end in ("calibration-again", "failed"):
        while isinstance(due := store.rater.next_trial(rater), TrialView):
            receipt = store.rater.rate(rater, due.id, 3, 1.0)
            assert receipt.feedback is not None
            assert receipt.feedback.expected in {1, 5}
            assert not receipt.feedback.right
        assert (due.kind, due.right, due.asked) == (end, 0, 6)
        store.rater.proceed(rater, due.kind)
    assert card(store.rater.next_trial(rater)).kind == "failed"
    assert store.analyst.ratings("tiny").empty
    with store.database.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(models.rating)) == 12, "answers are kept"


def test_the_pass_rule_counts_answers_near_the_taught_score(store: Store, tiny: StudyDesign) -> None:
    (rater,) = invite(store, tiny)
    store.rater.proceed(rater, "welcome")
    for _ in range(6):
        due = trial(store.rater.next_trial(rater))
        with store.database.read() as connection:
            expected = connection.scalar(sa.select(models.trial.c.expected).where(models.trial.c.id == due.id))
        store.rater.rate(rater, due.id, {1: 2, 5: 4}[int(expected or 0)], 1.0)
    assert card(store.rater.next_trial(rater)) == Card("calibration-passed", True, 6, 6)


def test_a_break_is_offered_between_sessions_and_left_once(store: Store, tiny: StudyDesign) -> None:
    planned = replace(tiny, settings=Settings(seconds_per_trial=600.0))
    (rater,) = invite(store, planned)
    due = card(advance(store, rater, "break"))
    assert (due.can_proceed, due.can_undo, due.minutes) == (True, True, 5.0)
    assert trial(store.rater.undo(rater)).position == 3, "the rating before a break can be undone"
    answer(store, rater, trial(store.rater.next_trial(rater)))
    assert card(store.rater.next_trial(rater)).kind == "break"
    assert trial(store.rater.proceed(rater, "break")).position == 4
    assert trial(store.rater.proceed(rater, "break")).position == 4
    assert kinds(store, planned).count("left-break") == 1


def test_steady_work_for_thirty_minutes_brings_a_break(store: Store, tiny: StudyDesign) -> None:
    (rater,) = invite(store, tiny)
    advance(store, rater, position=1)
    clock = [1e9]
    store.rater.clock = lambda: clock[0]  # type: ignore[method-assign]
    for _ in range(4):
        clock[0] += 599.0
        due = store.rater.next_trial(rater)
        assert isinstance(due, TrialView)
        store.rater.rate(rater, due.id, 3, 598.0)
    assert card(store.rater.next_trial(rater)).kind == "break"
    clock[0] += IDLE_SECONDS
    assert trial(store.rater.next_trial(rater)).position == 5, "who went away and came back had a break"


def test_a_paused_study_takes_no_rating_and_goes_on_afterwards(store: Store, tiny: StudyDesign) -> None:
    (rater,) = invite(store, tiny)
    due = trial(advance(store, rater, position=2))
    store.organiser.set_state("tiny", "paused")
    assert card(store.rater.next_trial(rater)).kind == "paused"
    with pytest.raises(RefusalError) as caught:
        store.rater.rate(rater, due.id, 3, 1.0)
    assert caught.value.reason == "paused"
    store.organiser.set_state("tiny", "open")
    assert store.rater.next_trial(rater) == due


def test_closing_ends_a_rater_or_a_study_and_keeps_every_rating(store: Store, tiny: StudyDesign) -> None:
    one, two = invite(store, tiny, 2)
    due = trial(advance(store, one, position=3))
    advance(store, two, position=3)
    store.organiser.close_rater("tiny", one.number)
    assert card(store.rater.next_trial(one)).kind == "closed"
    with pytest.raises(RefusalError) as caught:
        store.rater.rate(one, due.id, 3, 1.0)
    assert caught.value.reason == "closed"
    assert isinstance(store.rater.next_trial(two), TrialView)
    store.organiser.set_state("tiny", "closed")
    assert card(store.rater.next_trial(two)).kind == "closed"
    assert len(store.analyst.ratings("tiny")) == 4
    with pytest.raises(StudyError, match="closed for good"):
        store.organiser.set_state("tiny", "open")
    with pytest.raises(StudyError, match="closed"):
        invitations.invite(store.organiser, "tiny", 1)


def test_the_database_itself_refuses_scores_off_the_scale_and_second_ratings(store: Store, tiny: StudyDesign) -> None:
    (rater,) = invite(store, tiny)
    due = trial(advance(store, rater, position=1))
    for score in (0, 6):
        row = {"trial_id": due.id, "score": score, "seconds": 1.0, "at": 0.0}
        with pytest.raises(sa.exc.IntegrityError), store.database.write() as connection:
            connection.execute(sa.insert(models.rating), row)
    store.rater.rate(rater, due.id, 3, 1.0)
    with pytest.raises(sa.exc.IntegrityError), store.database.write() as connection:
        connection.execute(sa.insert(models.rating), {"trial_id": due.id, "score": 3, "seconds": 1.0, "at": 0.0})
    with pytest.raises(sa.exc.IntegrityError), store.database.write() as connection:
        connection.execute(sa.insert(models.rating), {"trial_id": "none", "score": 3, "seconds": 1.0, "at": 0.0})


_RATE_FOREVER = """
import sys
from srbench.mos.store.stores import Store
from srbench.mos.store.trials import IDLE_SECONDS
from srbench.mos.store.session import Card
store = Store.open(sys.argv[1])
rater = store.rater.rater_by_token(sys.argv[2])
while True:
    due = store.rater.next_trial(rater)
    if isinstance(due, Card):
        if not due.can_proceed:
            break
        store.rater.proceed(rater, due.kind)
        continue
    score = 1 + due.position % 5
    store.rater.rate(rater, due.id, score, 1.0, due.revision)
    print(due.id, score, flush=True)
"""


def _killed_while_rating(url: str, token: str) -> Iterator[tuple[str, int]]:
    process = subprocess.Popen([sys.executable, "-c", _RATE_FOREVER, url, token], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    first = process.stdout.readline()
    timer = threading.Timer(0.15, process.kill)
    timer.start()
    rest = process.stdout.read()
    process.wait()
    timer.join()
    process.stdout.close()
    for line in (first + rest).splitlines(keepends=True):
        if line.endswith("\n"):
            name, score = line.split()
            yield name, int(score)


def test_every_rating_acknowledged_before_a_kill_is_there_and_none_twice(
    store: Store, store_url: str, small: StudyDesign
) -> None:
    planned = replace(small, settings=Settings(pass_fraction=0.0))
    store.organiser.create_study(planned.name, planned.settings, planned.stimuli, studyfile.write(planned))
    acknowledged: dict[str, int] = {}
    for invitation in invitations.invite(store.organiser, planned.name, 2):
        for _ in range(2):
            acknowledged |= dict(_killed_while_rating(store_url, invitation.token))
    with store.database.read() as connection:
        query = sa.select(models.rating.c.trial_id, models.rating.c.score)
        stored = {str(row[0]): int(row[1]) for row in connection.execute(query)}
    assert len(acknowledged) > 10
    assert acknowledged.items() <= stored.items()
    assert len(stored) <= len(acknowledged) + 4, "at most the one that each kill interrupted"


def test_a_writer_elsewhere_delays_a_rating_but_does_not_fail_it(tmp_path: Path, tiny: StudyDesign) -> None:
    url = f"sqlite:///{tmp_path / 's.db'}"
    with contextlib.closing(Store.open(url)) as store, contextlib.closing(Store.open(url)) as other:
        (rater,) = invite(store, tiny)
        due = trial(advance(store, rater, position=1))
        released = threading.Event()

        def hold() -> None:
            with other.database.write():
                released.set()
                time.sleep(0.3)

        with ThreadPoolExecutor(1) as pool:
            holding = pool.submit(hold)
            released.wait()
            assert store.rater.rate(rater, due.id, 3, 1.0).new
            holding.result()

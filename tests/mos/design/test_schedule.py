from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from srbench import paper
from srbench.errors import StudyError
from srbench.mos.design import items, schedule, study, studyfile
from srbench.mos.design.randomness import Stream
from srbench.mos.design.study import Calibration, ImageSet, Retest, StudyDesign
from srbench.mos.store.definitions import Settings, Stimulus


def with_stimuli(planned: StudyDesign) -> StudyDesign:
    """Fill in stimuli as a run of the right size would give them, without any picture."""
    found = []

    def add(role: str, dataset: str, image: str, method: str, repeat: int = 0) -> None:
        name = hashlib.md5(f"{role}{dataset}{image}{method}{repeat}".encode()).hexdigest()
        found.append(Stimulus(name, role, dataset, image, method, repeat, "", 8, 8))  # type: ignore[arg-type]

    sets = tuple(replace(s, images=s.images or tuple(f"p{n:03d}" for n in range(s.count))) for s in planned.sets)
    for each in sets:
        for image in each.images:
            for method in each.versions:
                add("rating", each.name, image, method)
            if planned.settings.design == "dcr":
                add("reference", each.name, image, "hr")
            if planned.retest.method and each.name == planned.retest.dataset and image in each.images[:10]:
                add("rating", each.name, image, planned.retest.method, 1)
    for number in range(planned.calibration.count):
        add("calibration", "bsds300-train", f"c{number}", "nearest")
        add("calibration", "bsds300-train", f"c{number}", "hr")
    return replace(planned, sets=sets, stimuli=tuple(sorted(found, key=lambda s: s.id)))


@pytest.fixture(scope="module")
def papers() -> StudyDesign:
    return with_stimuli(study.paper_design("paper", 2017))


def small(design: str = "acr", retest: str = "") -> StudyDesign:
    sets = (ImageSet("set5", ("a", "b", "hr"), count=5), ImageSet("bsd100", ("a", "hr"), count=20))
    return with_stimuli(
        StudyDesign("small", 3, sets, Settings(design=design), Calibration(count=4), Retest(method=retest, count=10))
    )


def test_the_papers_design_with_26_raters_has_exactly_29328_ratings(papers: StudyDesign) -> None:
    per_rater = [sum(trial.attempt == 0 for trial in schedule.schedule(papers, n)) for n in range(1, 27)]
    assert set(per_rater) == {1128}
    assert sum(per_rater) == 29_328 == paper.RATINGS


def test_the_retest_comes_beside_the_papers_trials(papers: StudyDesign) -> None:
    pilot = with_stimuli(replace(papers, retest=Retest(method="srgan-vgg54"), stimuli=()))
    assert sum(trial.attempt == 0 for trial in schedule.schedule(pilot, 1)) == 1138


def test_every_rater_sees_every_stimulus_once_and_never_a_picture_twice_running(papers: StudyDesign) -> None:
    for number in (1, 2, 7):
        order = schedule.rating_order(papers, number)
        assert Counter(item.stimulus for item in order) == Counter(s.id for s in papers.stimuli if s.role == "rating")
        assert all(a.picture != b.picture for a, b in pairwise(order))


def test_raters_see_different_orders(papers: StudyDesign) -> None:
    orders = {tuple(schedule.rating_order(papers, number)) for number in range(1, 5)}
    assert len(orders) == 4
    other = replace(papers, seed=2018)
    assert schedule.rating_order(other, 1) != schedule.rating_order(papers, 1)


def test_over_each_pair_of_raters_every_stimulus_has_the_same_mean_place(papers: StudyDesign) -> None:
    first, second = (
        {item.stimulus: place for place, item in enumerate(schedule.rating_order(papers, n))} for n in (3, 4)
    )
    assert {first[stimulus] + second[stimulus] for stimulus in first} == {1127}


def test_places_are_spread_over_raters_as_chance_would(papers: StudyDesign) -> None:
    one = small()
    places: Counter[int] = Counter()
    item = items.items(one)[7].stimulus
    for number in range(1, 1201, 2):
        order = [each.stimulus for each in schedule.rating_order(one, number)]
        places[order.index(item) * 5 // len(order)] += 1
    assert max(abs(count - 120) for count in places.values()) < 45


def test_the_order_does_not_depend_on_the_random_names_of_the_files() -> None:
    one = small()
    names = {s.id: f"{n:032x}" for n, s in enumerate(one.stimuli)}
    other = replace(one, stimuli=tuple(replace(s, id=names[s.id]) for s in reversed(one.stimuli)))
    shown = [(i.dataset, i.image, i.method) for i in schedule.rating_order(one, 1)]
    assert [(i.dataset, i.image, i.method) for i in schedule.rating_order(other, 1)] == shown


def test_the_schedule_of_the_paper_is_the_same_in_every_process_and_for_ever(papers: StudyDesign) -> None:
    def digest(number: int) -> str:
        rows = [(t.attempt, t.position, t.session, t.stimulus, t.expected) for t in schedule.schedule(papers, number)]
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]

    code = (
        "import sys, json, hashlib; from srbench.mos.design import schedule, studyfile\n"
        "planned = studyfile.parse(sys.stdin.read())\n"
        "rows = [(t.attempt, t.position, t.session, t.stimulus, t.expected) for t in schedule.schedule(planned, 5)]\n"
        "print(hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16])"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", code],
        input=studyfile.write(papers),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "12345"},
    )
    assert elsewhere.stdout.strip() == digest(5)
    assert (digest(1), digest(26)) == ("927e016ba196cded", "f94ff7815b351429"), (
        "recorded once: a released order may never change"
    )


@pytest.mark.parametrize("number", [1, 2, 9])
def test_a_retest_is_shown_far_from_the_first_time(number: int) -> None:
    one = small(retest="a")
    order = schedule.rating_order(one, number)
    repeats = [item for item in order if item.repeat]
    assert len(repeats) == 10
    for second in repeats:
        twin = next(i for i in order if i.picture == second.picture and i.method == "a" and not i.repeat)
        assert abs(order.index(second) - order.index(twin)) >= len(order) // 4
    assert all(a.picture != b.picture for a, b in pairwise(order))


def test_sessions_last_at_most_thirty_minutes_and_are_of_like_length(papers: StudyDesign) -> None:
    trials = [trial for trial in schedule.schedule(papers, 1) if trial.attempt == 0]
    lengths = Counter(trial.session for trial in trials)
    assert sorted(lengths) == [1, 2, 3, 4]
    assert max(lengths.values()) * papers.settings.seconds_per_trial <= 30 * 60
    assert max(lengths.values()) - min(lengths.values()) <= 1
    assert [t.session for t in trials] == sorted(t.session for t in trials)


def test_calibration_shows_each_end_of_the_scale_of_each_picture_in_a_new_order_each_time(papers: StudyDesign) -> None:
    trials = schedule.schedule(papers, 1)
    first, second = ([t for t in trials if t.attempt == attempt] for attempt in (1, 2))
    assert Counter(t.expected for t in first) == {1: 20, 5: 20}
    assert {t.stimulus for t in first} == {s.id for s in papers.stimuli if s.role == "calibration"}
    methods = {s.id: s.method for s in papers.stimuli}
    assert all((methods[t.stimulus] == "hr") == (t.expected == 5) for t in first)
    assert [t.stimulus for t in first] != [t.stimulus for t in second]


def test_dcr_shows_the_original_beside_every_version() -> None:
    one = small("dcr")
    known = {s.id: s for s in one.stimuli}
    for trial in schedule.schedule(one, 1):
        assert trial.other is not None
        shown, beside = known[trial.stimulus], known[trial.other]
        assert (beside.method, beside.image) == ("hr", shown.image)


def test_pair_comparison_shows_every_pair_once_with_sides_balanced_over_a_pair_of_raters() -> None:
    one = small("pc")
    orders = [schedule.rating_order(one, number) for number in (1, 2)]
    for order in orders:
        assert len(order) == 5 * 3 + 20 * 1
        assert len({(i.picture, frozenset({i.method, i.other_method})) for i in order}) == len(order)
    lefts = [{(i.picture, frozenset({i.method, i.other_method})): i.method for i in order} for order in orders]
    assert all(lefts[0][pair] != lefts[1][pair] for pair in lefts[0])
    known = {s.id: s for s in one.stimuli}
    for trial in schedule.schedule(one, 1):
        if trial.attempt:
            assert known[trial.stimulus if trial.expected == 1 else str(trial.other)].method == "hr"


def test_two_pictures_alternate_when_nothing_else_is_possible() -> None:
    one = with_stimuli(
        StudyDesign("two", 1, (ImageSet("set5", ("a", "b", "c", "hr"), count=2),), calibration=Calibration(count=0))
    )
    order = schedule.rating_order(one, 1)
    assert all(a.picture != b.picture for a, b in pairwise(order))


def test_a_study_of_one_picture_has_no_order_and_says_so() -> None:
    one = with_stimuli(
        StudyDesign("one", 1, (ImageSet("set5", ("a", "hr"), count=1),), calibration=Calibration(count=0))
    )
    with pytest.raises(StudyError, match="twice running"):
        schedule.schedule(one, 1)


def test_random_numbers_are_those_of_sha256_and_uniform() -> None:
    first = hashlib.sha256(b"a/1#0").digest()
    assert Stream("a", 1).below(2**64) == int.from_bytes(first[:8], "big")
    stream = Stream("b")
    counts = Counter(stream.below(7) for _ in range(7000))
    assert max(abs(count - 1000) for count in counts.values()) < 120
    assert sorted(Stream("c").shuffled(range(50))) == list(range(50))

"""Rehearsed studies: what raters are shown is what the store would show them, and random pairs find what is planned."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from srbench.mos.design import planning
from srbench.mos.design.active import ActiveSelection
from srbench.mos.design.items import items
from srbench.mos.design.rehearsal import rehearse, scheduled
from srbench.mos.design.schedule import part_of
from srbench.mos.design.simulation import Spread, latent_mean
from srbench.mos.design.study import ImageSet, StudyDesign
from srbench.mos.design.world import World, with_pictures
from srbench.mos.store.definitions import Settings
from srbench.mos.store.selection import Known
from srbench.stats.intervals import crossed_means, shared_critical
from srbench.stats.signed_rank import signed_rank


def planned(trials: int, **values: object) -> StudyDesign:
    settings = Settings("pc", trials_per_rater=trials, pass_fraction=0.0, minimum_seconds=0.0, **values)  # type: ignore[arg-type]
    sets = (ImageSet("one", ("a", "b", "c", "hr"), count=8), ImageSet("two", ("a", "b", "hr"), count=3))
    return StudyDesign("rehearsed", 5, sets, settings)


def test_a_rehearsal_asks_what_the_store_asks_after_the_same_answers(store):
    made = with_pictures(planned(12, selection="active", ties=True), {"one": 8, "two": 3})
    source = np.random.default_rng(0)
    given = rehearse(ActiveSelection(made), lambda _rater, _pair: int(source.integers(1, 4)), 4, 12, source)
    assert len(given) == 4 * 12
    store.organiser.create_study("rehearsed", made.settings, made.stimuli, "name = 'rehearsed'")
    store.rater.choose = ActiveSelection(made)
    raters = [store.rater.rater_by_token(store.organiser.add_rater("rehearsed", n, [])) for n in (1, 2, 3, 4)]
    due = {number: store.rater.proceed(rater, "welcome") for number, rater in enumerate(raters, start=1)}
    for number, pair, score in given:
        assert tuple(picture.id for picture in due[number].pictures) == pair
        due[number] = store.rater.rate(raters[number - 1], due[number].id, score, 1.0).due
    assert [card.kind for card in due.values()] == ["finished"] * 4


def test_each_choice_is_told_what_is_known_at_its_time():
    told: list[tuple[int, int, Known]] = []

    def choose(number: int, position: int, known: Known) -> tuple[str, str]:
        told.append((number, position, known))
        return f"b{number}{position}", f"a{number}{position}"

    given = rehearse(choose, lambda rater, _pair: rater, 2, 2, np.random.default_rng(1))
    assert [known.open for _, _, known in told[:2]] == [(), (("b11", "a11"),)]
    number, position, known = told[2]
    (first, pair, score) = given[0]
    assert (number, position) == (first, 2)
    assert known.answers == ((pair[1], pair[0], 3 - score, 1),), "the smaller id comes first, as the store counts"
    assert known.mine == (pair,)
    assert known.before == pair[0]
    assert known.open == ((f"b{3 - first}1", f"a{3 - first}1"),)
    assert Counter(rater for rater, _, _ in given) == {1: 2, 2: 2}


def test_scheduled_pairs_are_those_of_the_rater_s_part():
    made = with_pictures(planned(20, selection="random"), {"one": 8, "two": 3})
    given = rehearse(scheduled(made), lambda _rater, _pair: 1, 3, 20, np.random.default_rng(2))
    for rater in (1, 2, 3):
        part = {frozenset((item.stimulus, item.other)) for item in part_of(made, items(made), rater)}
        assert {frozenset(pair) for number, pair, _ in given if number == rater} == part


def test_random_pairs_on_this_path_find_what_the_plan_of_random_pairs_promises():
    raters, effect, studies, images = 12, 0.5, 100, {"one": 8}
    sets = (ImageSet("one", ("a", "b", "c", "hr"), count=8),)
    design = replace(planned(36, selection="random"), sets=sets)
    (expected,) = planning.plan(design, raters, effect, simulations=300).power
    made, total = with_pictures(design, images), Spread().total
    latent = latent_mean(3 + effect / 2, total) - latent_mean(3 - effect / 2, total)
    hits: Counter[tuple[bool, str]] = Counter()
    for study in range(studies):
        source = np.random.default_rng([9, study])
        seeded = replace(made, seed=study)
        world = World(seeded, raters, latent, Spread(), study, source, span=0.0)
        answers = rehearse(scheduled(seeded), world.answer, raters, 36, source)
        chosen = world.choices("one", answers)
        first, second = np.triu_indices(4, 1)
        values, errors, degrees = crossed_means(chosen[first, second])
        called = np.abs(values) > shared_critical(4, degrees) * errors
        for a, b, differs in world.pairs["one"]:
            place = tuple(world.methods["one"].index(each) for each in (a, b))
            (pair,) = np.flatnonzero((first == place[0]) & (second == place[1]))
            hits[differs, "rule"] += bool(called[pair])
            hits[differs, "wilcoxon"] += signed_rank(np.nanmean(chosen[place], axis=0)).p < 0.05
    found = {key: count / studies for key, count in hits.items()}
    assert found[True, "wilcoxon"] == pytest.approx(expected.power_wilcoxon, abs=0.17)  # three standard errors
    assert found[True, "rule"] == pytest.approx(expected.power, abs=0.17)
    assert found.get((False, "wilcoxon"), 0.0) == pytest.approx(expected.false_alarms_wilcoxon, abs=0.08)
    assert 0.2 < expected.power_wilcoxon < 0.95, "a power at the end of its range would agree with anything"

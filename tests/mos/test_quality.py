"""What an organiser learns of raters while they rate: speed and flags, and no score of any method."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path

import pytest

from srbench.mos import quality
from srbench.mos.store.definitions import Settings
from srbench.mos.store.session import Card, TrialView
from srbench.mos.store.stores import Store
from tests.mos_app.designs import LEVELS, STUDY, TinyStudy, invite, make_designed

Answer = Callable[[TrialView, str], tuple[int, float]]

GOOD = {method: min(5, 1 + place) for place, method in enumerate(LEVELS)}  # from the noisiest to the original


def honest(view: TrialView, method: str) -> tuple[int, float]:
    """Return a fair score; answers take three to five seconds."""
    return view.trap or GOOD[method], 3.0 + view.position % 3


def rate(study: TinyStudy, store: Store, token: str, answer: Answer, count: int = 1000) -> str:
    """Be a rater for `count` trials; return the code."""
    methods = {each.id: each.method for each in study.stimuli}
    rater = store.rater.rater_by_token(token)
    assert rater is not None
    due = store.rater.next_trial(rater)
    while not isinstance(due, Card) or due.can_proceed:
        if isinstance(due, Card):
            due = store.rater.proceed(rater, due.kind)
            continue
        method = methods[due.pictures[0].id]
        if not due.calibration:
            if not count:
                break
            count -= 1
        practised = [methods[each.id] for each in due.pictures]
        taught = 1 + practised.index("hr") if len(practised) > 1 else 5 if method == "hr" else 1
        score, seconds = (taught, 1.0) if due.calibration else answer(due, method)
        due = store.rater.rate(rater, due.id, score, seconds).due
    return rater.code


@pytest.fixture
def study(tmp_path: Path) -> TinyStudy:
    return make_designed(tmp_path / STUDY, "acr", gold=1, traps=2, allowed_misses=1)


def test_each_kind_of_careless_rater_gets_the_flag_that_names_it(study: TinyStudy) -> None:
    answers: dict[str, Answer] = {
        "ann": honest,
        "ben": honest,
        "cleo": honest,
        "same": lambda view, _: (view.trap or 4, 4.0),
        "fast": lambda view, method: (honest(view, method)[0], 0.5),
        "turned": lambda view, method: (view.trap or 6 - GOOD[method], 4.0),
        "blind": lambda view, method: (1 + view.trap % 5 if view.trap else GOOD[method], 4.0),
    }
    with study.store as store:
        tokens = invite(study, len(answers) + 1)
        codes = {name: rate(study, store, *pair) for name, pair in
                 zip(answers, zip(tokens, answers.values(), strict=False), strict=False)}  # fmt: skip
        codes["early"] = rate(study, store, tokens[-1], answers["turned"], count=5)
        found = quality.quality(store.analyst, STUDY).set_index("rater")
        ratings = store.analyst.ratings(STUDY)
    flags = {name: set(found.loc[code, "flags"]) for name, code in codes.items()}
    assert flags["ann"] == flags["ben"] == flags["cleo"] == set()
    assert "constant" in flags["same"]
    assert flags["fast"] == {"hasty"}
    assert "contrary" in flags["turned"]
    assert flags["blind"] == {"checks"}
    assert flags["early"] == set(), "five answers are too few to judge anybody"
    assert found.loc[codes["early"], "answers"] < 10
    assert list(found.loc[codes["blind"], ["missed", "checked"]]) == [2, 3]
    for name, code in codes.items():
        expected = statistics.median(ratings.loc[ratings["rater"] == code, "seconds"])
        assert found.loc[code, "seconds"] == pytest.approx(expected), name
    assert list(found.reset_index().columns) == quality.COLUMNS, "no score and no method is told"


def test_nobody_has_answered_yet(study: TinyStudy) -> None:
    invite(study, 1)
    with study.store as store:
        found = quality.quality(store.analyst, STUDY)
    assert list(found.columns) == quality.COLUMNS
    assert found.empty


def test_pairs_have_speed_and_checks_and_no_rule_for_scores(tmp_path: Path) -> None:
    study = make_designed(tmp_path / STUDY, "pc", versions=("nearest", "hr"), traps=1)
    with study.store as store:
        wrong, right = invite(study, 2)
        codes = [
            rate(study, store, wrong, lambda view, _: (3 - view.trap if view.trap else 1, 2.0)),
            rate(study, store, right, lambda view, _: (view.trap or 1, 6.0)),
        ]
        found = quality.quality(store.analyst, STUDY).set_index("rater")
    assert list(found.loc[codes, "seconds"]) == [2.0, 6.0]
    assert list(found.loc[codes, "flags"]) == [("checks",), ()]


def test_every_flag_has_a_meaning() -> None:
    scores = quality.meanings(Settings("acr", gold=1))
    assert {"bt500", "biased", "inconsistent", "contrary", "constant", "hasty", "unstable", "checks"} == set(scores)
    assert set(quality.meanings(Settings("pc", traps=1))) == {"checks"}
    assert quality.meanings(Settings("pc")) == {}

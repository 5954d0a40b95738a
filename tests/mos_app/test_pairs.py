"""Pair comparison from the first click to the scale: active selection on a real server, layouts and ties."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from typer.testing import CliRunner

from srbench import stats
from srbench.cli import app
from tests.mos_app.conftest import STUDY
from tests.mos_app.designs import LEVELS, invite

VISIBILITY = "(images) => images.map((image) => getComputedStyle(image).visibility === 'visible')"


def comparisons(server):
    with server.study.store as store:
        return store.analyst.comparisons(STUDY)


def test_twelve_raters_of_six_methods_and_ten_images_give_a_scale_by_active_selection(run, enter, tmp_path):
    server = run(pictures=10, practice=1, selection="active", trials_per_rater=20, minimum_seconds=0.0)
    visit = enter(server)
    source = np.random.default_rng(3)
    raters = [visit(token) for token in invite(server.study, 12)]
    states = [rater.arrive() for rater in raters]

    def judge(rater, state):
        first, second = rater.noises(state)
        doubt = 0.0 if state["screen"] == "calibration" else source.normal(0, 9)
        return 1 if first - second + doubt < 0 else 2

    states = [rater.rate(state, judge(rater, state)) for rater, state in zip(raters, states, strict=True)]
    assert {state["screen"] for state in states} == {"calibration-passed"}
    states = [rater.post("proceed", {"screen": "calibration-passed"}) for rater in raters]
    for _ in range(20):
        assert {state["screen"] for state in states} == {"trial"}
        assert {state["total"] for state in states} == {20}
        states = [rater.rate(state, judge(rater, state)) for rater, state in zip(raters, states, strict=True)]
    assert {state["screen"] for state in states} == {"finished"}

    table = comparisons(server)
    assert len(table) == 240
    assert set(table["image"]) == {f"picture{number:02d}" for number in range(10)}
    for _, mine in table.groupby("rater"):
        pairs = [frozenset({r.left, r.right, r.image}) for r in mine.itertuples()]
        assert len(set(pairs)) == 20, "no rater sees a pair of one picture twice"
        assert all(a != b for a, b in pairwise(mine["image"]))
    assert 0.35 < (table["left"].map(LEVELS) < table["right"].map(LEVELS)).mean() < 0.65, "sides are random"
    far = {frozenset({"nearest", "hr"}), frozenset({"nearest", "srgan"}), frozenset({"bicubic", "hr"})}
    asked = Counter(frozenset({r.left, r.right}) for r in table.itertuples())
    close = [frozenset(pair) for pair in pairwise(LEVELS)]
    assert np.mean([asked[pair] for pair in close]) > 2 * np.mean([asked[pair] for pair in far])

    model = stats.pair_model(table, methods=list(LEVELS))
    assert list(np.argsort(model.estimates)) == list(range(6)), "the scale has the order of the noise"
    out = tmp_path / "report"
    made = CliRunner().invoke(
        app, ["report", "--study", STUDY, "--dir", str(server.study.folder.parent), "--out", str(out), "--format", "md"]
    )
    assert made.exit_code == 0, made.output
    text = "".join(path.read_text() for path in out.rglob("*.md"))
    assert "Quality by pair comparison" in text
    assert "240 comparisons by 12 raters" in text


def test_the_choice_survives_the_server_and_a_reload(run, enter):
    server = run(practice=0, selection="active", trials_per_rater=4)
    token = invite(server.study)[0]
    rater = enter(server)(token)
    state = rater.arrive()
    state = rater.rate(state, 1)
    server.kill()
    server.start()
    again = enter(server)(token).post("next")
    assert again["trial"] == state["trial"]
    assert len(comparisons(server)) == 1


def test_a_pair_stands_side_by_side_and_may_tie(run, browse):
    server = run(practice=1, pictures=2, versions=("nearest", "bicubic", "hr"), trials_per_rater=4, ties=True)
    page = browse()
    page.page.goto(server.link(invite(server.study)[0]))
    page.screen("welcome")
    page.proceed()
    page.page.wait_for_selector('.page[data-armed="true"]')
    assert [page.page.inner_text(f'.scale button[data-score="{n}"] span') for n in (1, 2, 3)] == [
        "Left",
        "Right",
        "No difference",
    ]
    boxes = [image.bounding_box() for image in page.page.query_selector_all(".stage img")]
    assert boxes[0]["x"] + boxes[0]["width"] < boxes[1]["x"]
    page.key("3")
    page.page.wait_for_selector(".learned:visible")
    assert "but images like" in page.page.inner_text(".question")
    page.key("Enter")
    page.screen("calibration_again")
    page.proceed()
    assert comparisons(server).empty
    right = practice_answer(server, 2)
    page.shows(1, 1)
    page.key(str(right))
    page.page.wait_for_selector(".learned:visible")
    page.key("Enter")
    page.screen("calibration_passed")
    page.proceed()
    for position, key in enumerate("1233", start=1):
        page.shows(position, 4)
        page.key(key)
    page.screen("finished")
    assert list(comparisons(server)["score"]) == [1, 2, 1.5, 1.5]
    assert page.errors == []


def practice_answer(server, attempt):
    with server.study.store as store, store.database.read() as connection:
        query = f"SELECT expected FROM trial WHERE attempt = {attempt}"
        return connection.exec_driver_sql(query).scalar_one()


@pytest.mark.parametrize(("layout", "seconds"), [("in-turn", 0.4), ("flicker", 0.2)])
def test_by_turns_both_images_have_one_place_and_are_seen_before_an_answer_counts(run, browse, layout, seconds):
    server = run(
        practice=0, pictures=2, versions=("nearest", "hr"), layout=layout, turn_seconds=seconds, trials_per_rater=2
    )
    page = browse()
    page.page.goto(server.link(invite(server.study)[0]))
    page.screen("welcome")
    page.proceed()
    page.page.wait_for_selector(".stage.turns img.on", state="attached")
    page.key("1")  # before both were seen: no answer
    page.shows(1, 2)
    boxes = [image.bounding_box() for image in page.page.query_selector_all(".stage img")]
    assert boxes[0] == boxes[1]
    assert boxes[0]["width"] == 44
    assert page.page.inner_text('.scale button[data-score="1"] span') == "First"
    seen = set()
    for _ in range(600):
        seen.add(tuple(page.page.eval_on_selector_all(".stage img", VISIBILITY)))
        if {(True, False), (False, True)} <= seen and (layout == "flicker" or (False, False) in seen):
            break
        page.page.wait_for_timeout(20)
    assert {(True, False), (False, True)} <= seen
    assert (True, True) not in seen
    assert ((False, False) in seen) == (layout == "in-turn"), "only in turn there is grey between them"
    page.key("1")
    page.shows(2, 2)
    page.key("2")
    page.screen("finished")
    assert list(comparisons(server)["score"]) == [1, 2]
    assert page.errors == []

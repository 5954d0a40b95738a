"""Designs other than ACR from the link to the table: hidden originals, originals beside, checks within the session."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest

from srbench import stats
from srbench.mos.study import Study
from tests.mos_app.conftest import STUDY
from tests.mos_app.designs import invite

VERSIONS = ("nearest", "srgan", "hr")


def table(server, name, **more):
    with server.study.store as store:
        return getattr(store.analyst, name)(STUDY, **more)


def test_a_study_with_hidden_originals_gives_scores_against_them(run, browse):
    server = run("acr-hr", versions=VERSIONS, pictures=2)
    page = browse()
    page.page.goto(server.link(invite(server.study)[0]))
    page.screen("welcome")
    page.proceed()
    for position in range(1, 5):
        page.shows(position, 4)
        assert page.page.locator(".stage img").count() == 1
        page.key(str(practice(server, position)))
        page.page.wait_for_selector(".learned:visible")
        page.key("Enter")
    page.screen("calibration_passed")
    page.proceed()
    for position in range(1, 7):
        page.shows(position, 6)
        page.key({"nearest": "1", "srgan": "3", "hr": "4"}[due(server, position)])
    page.screen("finished")
    assert page.errors == []
    ratings = table(server, "ratings")
    assert ratings.groupby("method")["score"].mean().to_dict() == {"nearest": 1, "srgan": 3, "hr": 4}
    differences = stats.differential(stats.checked_ratings(ratings), "hr").first
    assert differences.groupby("method")["score"].mean().to_dict() == {"nearest": 2, "srgan": 4}


def boxes(page, selector):
    return [each.bounding_box() for each in page.page.query_selector_all(selector)]


def test_the_original_stands_beside_every_version_in_dcr(run, browse):
    server = run("dcr", versions=VERSIONS[:2], pictures=2, practice=0)
    page = browse()
    page.page.goto(server.link(invite(server.study)[0]))
    page.screen("welcome")
    page.proceed()
    scores = {}
    for position in range(1, 5):
        page.shows(position, 4)
        captions = page.page.locator(".stage .caption").all_inner_texts()
        assert captions == ["Original", "Rate this image"]
        for image, caption in zip(boxes(page, ".stage img"), boxes(page, ".stage .caption"), strict=True):
            assert caption["y"] + caption["height"] <= image["y"], "two lines above an image of 44 pixels, none on it"
        assert page.page.inner_text('.scale button[data-score="5"] span') == "Imperceptible"
        left, right = (noise(image) for image in page.page.query_selector_all(".stage img"))
        assert left < right, "the original is on the left, and every version is worse"
        scores[position] = 1 if right > 20 else 4
        page.key(str(scores[position]))
    page.screen("finished")
    assert page.errors == []
    found = table(server, "ratings")
    assert list(found["score"]) == list(scores.values())
    assert found.groupby("method")["score"].mean().to_dict() == {"nearest": 1, "srgan": 4}


def test_in_dcr_original_and_version_may_take_turns(run, browse):
    server = run(
        "dcr", versions=VERSIONS[:2], pictures=2, practice=0, layout="flicker", turn_seconds=0.2, trials_per_rater=2
    )
    page = browse()
    page.page.goto(server.link(invite(server.study)[0]))
    page.screen("welcome")
    page.proceed()
    for position in (1, 2):
        page.shows(position, 2)
        first, second = boxes(page, ".stage img")
        assert first == second
        page.key("2")
    page.screen("finished")
    assert page.errors == []


def test_gold_traps_and_repeats_are_marked_and_never_counted(run, browse, tmp_path):
    server = run("acr", versions=VERSIONS, pictures=4, gold=2, traps=1, repeats=2, pass_fraction=0.0)
    page = browse()
    page.page.goto(server.link(invite(server.study)[0]))
    page.screen("welcome")
    page.proceed()
    page.practise([3, 3, 3, 3])
    page.screen("calibration_passed")
    page.proceed()
    said = 0
    for position in range(1, 18):
        page.shows(position, 17)
        note = page.page.locator(".trap")
        if note.count():
            said += 1
            wanted = note.inner_text().split("choose ")[1][0]
            assert f"choose {wanted}" in page.page.locator("[aria-live=polite]").inner_text()
            page.key(wanted)
        else:
            page.key("2")
        assert not page.page.locator(".learned").is_visible(), "gold teaches nothing"
    page.screen("finished")
    assert page.errors == []
    assert said == 1

    checks = table(server, "checks")
    assert checks["purpose"].value_counts().to_dict() == {"gold": 2, "repeat": 2, "trap": 1}
    assert checks.loc[checks["purpose"] == "trap", "right"].tolist() == [True]
    gold = checks[checks["purpose"] == "gold"]
    assert list(gold["right"]) == list((gold["expected"] - 2).abs() <= 1)
    repeats = checks[checks["purpose"] == "repeat"]
    assert repeats["right"].isna().all()
    assert (repeats["expected"] == 2).all()
    ratings = table(server, "ratings")
    assert ratings["repeat"].value_counts().to_dict() == {0: 12, 1: 2}
    assert set(ratings["dataset"]) == {"set5"}
    answers = table(server, "answers")
    assert answers["counts"].sum() == 12
    out = tmp_path / "all.zip"
    Study(STUDY, server.study.folder.parent).export(out)
    with zipfile.ZipFile(out) as archive:
        assert json.loads(archive.read("checks.json"))["purpose"]["Description"].startswith("gold")
        assert archive.read("checks.tsv").decode().count("\n") == 6


def test_a_rater_who_misses_too_many_checks_is_thanked_and_gets_the_code(run, enter):
    server = run("acr", versions=VERSIONS, gold=2, traps=2, allowed_misses=1, on_misses="end", pass_fraction=0.0)
    rater = enter(server)(invite(server.study)[0])
    state = rater.arrive()
    while state["screen"] == "calibration":
        state = rater.rate(state, 3)
    state = rater.post("proceed", {"screen": "calibration-passed"})
    misses = 0
    while state["screen"] == "trial":
        wrong = 1 + state["trap"] % 5 if state["trap"] else 3  # gold counts as 1 or 5: 3 is wrong
        state = rater.rate(state, wrong)
        misses = len(table(server, "checks"))
    assert state["screen"] == "checks-failed"
    assert misses == 2
    assert {row.state for row in table(server, "raters").itertuples()} == {"checks-failed"}
    assert "checks-failed" in {kind for kind, _ in server.study.events()}


def practice(server, position):
    return trial(server, "expected", 1, position)


def due(server, position):
    return trial(server, "method", 0, position)


def trial(server, column, attempt, position):
    query = (
        f"SELECT {column} FROM trial JOIN stimulus ON stimulus.id = stimulus_id "
        f"WHERE attempt = {attempt} AND position = {position}"
    )
    with server.study.store as store, store.database.read() as connection:
        return connection.exec_driver_sql(query).scalar_one()


def noise(image):
    """Return how noisy the pixels are that the browser shows."""
    values = image.evaluate(
        """(image) => {
          const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
          const pen = canvas.getContext("2d");
          pen.drawImage(image, 0, 0);
          return [...pen.getImageData(0, 0, canvas.width, canvas.height).data];
        }"""
    )
    pixels = np.array(values, dtype=np.float64).reshape(-1, 44, 4)[..., :3]
    return float(np.std(np.diff(pixels, axis=1)))


@pytest.mark.parametrize("design", ["acr-hr", "dcr"])
def test_everything_of_a_design_is_said_in_every_language(run, browse, design):
    server = run(design, versions=VERSIONS, pictures=2, practice=0, trials_per_rater=2)
    token = invite(server.study)[0]
    page = browse(locale="de-DE")
    page.page.goto(server.link(token))
    page.screen("welcome")
    page.page.get_by_role("button", name="中文").click()
    page.proceed()
    page.page.wait_for_selector('.page[data-armed="true"]')
    shown = page.page.inner_text(".page").replace("(U)", "").replace(server.home(token).split("/")[2], "")
    assert not any("a" <= letter.lower() <= "z" for letter in shown), shown

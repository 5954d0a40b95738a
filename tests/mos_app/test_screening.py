"""The tests before the first picture in a real browser: what is drawn, what is stored, and what failing does."""

from __future__ import annotations

import json
import math

import pytest

from srbench.mos.design import screening
from srbench.mos.design.screening import Screening
from tests.mos_app.conftest import STUDY
from tests.mos_app.designs import DEVICE, invite

ALL = Screening(acuity=0.67, distance_cm=100.0, colour=5, contrast=8)
RIGHT = screening.items(STUDY, 1)
GAP = """(canvas) => {
  const { width } = canvas;
  const data = canvas.getContext("2d").getImageData(0, 0, width, width).data;
  let [black, x, y] = [0, 0, 0];
  for (let place = 0; place < width * width; place += 1) {
    const dark = (255 - data[4 * place]) / 255;
    black += dark;
    x += dark * ((place % width) + 0.5 - width / 2);
    y += dark * (Math.floor(place / width) + 0.5 - width / 2);
  }
  return { width, black, open: Math.atan2(y, -x), shown: canvas.getBoundingClientRect().width * devicePixelRatio };
}"""
CORNERS = """(canvas) => {
  const { width } = canvas;
  const pen = canvas.getContext("2d");
  const at = (x, y) => pen.getImageData(x * width, y * width, 1, 1).data[0];
  return [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75], [0.5, 0.5]].map(([x, y]) => at(x, y));
}"""


def table(server, name="screening"):
    with server.study.store as store:
        return getattr(store.analyst, name)(STUDY)


def answer(page, selector, value):
    page.page.locator(selector).nth(value).click()


def progress(page, position, total):
    page.page.wait_for_function(f"() => document.querySelector('.test')?.innerText.includes('{position} of {total}')")


def test_rings_plates_and_steps_lead_to_the_practice_and_are_stored(run, browse):
    server = run("acr", parts={"screening": ALL}, versions=("nearest", "hr"))
    page = browse()
    page.page.goto(server.link(invite(server.study)[0]))
    page.screen("welcome")
    page.proceed()

    page.screen("screening_acuity")
    page.page.get_by_label("Width of the frame").fill("340")
    assert page.page.locator(".bank-card").bounding_box()["width"] == 340
    page.page.get_by_role("button", name="The frame is as wide").click()
    for place, direction in enumerate(RIGHT(1, "acuity", 1)):
        progress(page, place + 1, 5)
        ring = page.page.locator(".test canvas").evaluate(GAP)
        gap = screening.gap_pixels(0.67, 100, 340)
        assert ring["width"] == 160
        assert ring["shown"] == pytest.approx(ring["width"], abs=0.06)
        # An annulus from 1.5 to 2.5 gaps without a bar of one gap: 4 pi - 1 squares of a gap, but for its round end.
        assert ring["black"] / gap**2 == pytest.approx(4 * math.pi - 1, abs=0.9)
        turned = ring["open"] - direction * math.pi / 4  # ink is missing where the gap is
        assert math.cos(turned) > 0.95
        page.page.get_by_label(page_direction(direction), exact=True).click()

    page.screen("screening_colour")
    for place, digit in enumerate(RIGHT(1, "colour", 1)):
        progress(page, place + 1, 6)
        page.page.wait_for_function(
            "(image) => image.complete && image.naturalWidth === 320", arg=page.page.query_selector(".test img")
        )
        if digit == screening.NOTHING:
            page.page.get_by_role("button", name="No digit").click()
        else:
            page.key(str(digit))

    page.screen("screening_contrast")
    for place, corner in enumerate(RIGHT(1, "contrast", 1)):
        progress(page, place + 1, 6)
        ground, step = (0, 32 >> place) if place < 3 else (255, -(32 >> place - 3))
        values = page.page.locator(".test canvas").evaluate(CORNERS)
        assert values == [ground + step * (each == corner) for each in range(4)] + [ground]
        page.key(str(corner + 1))
    page.screen("calibration")
    assert page.errors == []

    found = table(server).set_index("test")
    assert list(found.index) == ["acuity", "colour", "contrast"]
    assert found["passed"].all()
    assert list(found["correct"]) == [5, 6, 6]
    detail = json.loads(found.loc["acuity", "detail"])
    assert detail["card_pixels"] == 340
    assert detail["distance_cm"] == 100
    assert detail["right"] == detail["answers"]


@pytest.mark.parametrize("change", ["zoom", "pinch"])
def test_a_zoom_after_the_card_asks_for_the_card_again_and_rings_have_their_size_anew(run, browse, change):
    server = run("acr", parts={"screening": Screening(acuity=0.67, distance_cm=100.0)}, versions=("nearest", "hr"))
    page = browse()
    page.page.goto(server.link(invite(server.study)[0]))
    page.screen("welcome")
    page.proceed()
    frame, fitted = page.page.get_by_label("Width of the frame"), page.page.get_by_role("button", name="The frame is")
    frame.fill("340")
    fitted.click()
    directions = [page_direction(each) for each in RIGHT(1, "acuity", 1)]
    page.page.get_by_label(directions[0], exact=True).click()
    progress(page, 2, 5)

    page.page.set_viewport_size({"width": 990, "height": 690})
    page.page.wait_for_function("innerWidth === 990")
    assert page.page.locator(".test canvas").count() == 1, "a smaller window changes nothing"
    devtools = page.page.context.new_cdp_session(page.page)
    if change == "zoom":  # what Ctrl + does: fewer CSS pixels of more pixels each
        zoomed = {"width": 500, "height": 350, "deviceScaleFactor": 2, "mobile": False}
        devtools.send("Emulation.setDeviceMetricsOverride", zoomed)
    else:
        devtools.send("Emulation.setPageScaleFactor", {"pageScaleFactor": 2})
    page.page.get_by_text("The zoom or the screen has changed").wait_for()
    assert page.page.locator(".test canvas").count() == 0
    page.key("6")  # no answer to a ring that is not shown
    ratio = 2 if change == "zoom" else 1
    frame.evaluate("(input) => { input.value = 170; input.dispatchEvent(new Event('input')); }")
    fitted.dispatch_event("click")
    progress(page, 2, 5)
    ring = page.page.locator(".test canvas").evaluate(GAP)
    gap = screening.gap_pixels(0.67, float(page.page.inner_text(".test p").split(" cm")[0].split()[-1]), 170 * ratio)
    assert ring["black"] / gap**2 == pytest.approx(4 * math.pi - 1, abs=0.9)
    for direction in directions[1:]:
        page.page.get_by_label(direction, exact=True).dispatch_event("click")
    page.screen("calibration" if change == "zoom" else "view_pinched")  # images ask for more than rings
    (detail,) = table(server)["detail"].map(json.loads)
    assert detail["card_pixels"] == 170 * ratio
    assert detail["answers"] == detail["right"]
    assert page.errors == []


def page_direction(direction):
    names = ["Right", "Top right", "Top", "Top left", "Left", "Bottom left", "Bottom", "Bottom right"]
    return names[direction]


def test_whoever_fails_twice_is_thanked_and_leaves_a_place_free(run, browse):
    server = run("acr", parts={"screening": Screening(contrast=8)}, versions=("nearest", "hr"))
    page = browse()
    page.page.goto(server.link(invite(server.study)[0]))
    page.screen("welcome")
    page.proceed()
    for attempt in (1, 2):
        page.screen("screening_contrast")
        for place in range(6):
            progress(page, place + 1, 6)
            assert ("Once more" in page.text()) == (attempt == 2)
            page.key("0")
    page.screen("screened_out")
    assert "no finding about your eyes" in " ".join(page.text().split())
    assert page.errors == []
    assert list(table(server)["attempt"]) == [1, 2]
    assert not table(server)["passed"].any()
    (rater,) = table(server, "raters").itertuples()
    assert rater.state == "screened-out"
    page.page.reload()
    page.screen("screened_out")


def test_where_failing_is_only_noted_the_study_goes_on(run, enter):
    chosen = Screening(colour=5, attempts=1, on_failure="note")
    server = run("acr", parts={"screening": chosen}, versions=("nearest", "hr"))
    rater = enter(server)(invite(server.study)[0])
    state = rater.arrive()
    assert state["screening"]["test"] == "colour"
    assert "right" not in json.dumps(state["screening"])
    assert rater.get(f"{rater.home}plate/0").startswith(b"\x89PNG")
    state = rater.post("screen", {"test": "colour", "attempt": 1, "answers": [10] * 6})
    assert state["screen"] == "calibration"
    assert list(table(server)["passed"]) == [False]


def test_a_repeated_or_late_answer_to_a_test_changes_nothing(run, enter):
    server = run("acr", parts={"screening": Screening(colour=5, attempts=3)}, versions=("nearest", "hr"))
    rater = enter(server)(invite(server.study)[0])
    rater.arrive()
    for _ in range(2):
        state = rater.post("screen", {"test": "colour", "attempt": 1, "answers": [10] * 6})
        assert state["screening"]["attempt"] == 2
    assert len(table(server)) == 1
    state = rater.post("screen", {"test": "colour", "attempt": 2, "answers": RIGHT(1, "colour", 2)})
    assert state["screen"] == "calibration"
    rater.connection.request("GET", f"{rater.home}plate/0", headers=rater.cookie)
    response = rater.connection.getresponse()
    assert (response.status, response.read()[:8]) == (404, b'{"error"')


def test_plates_and_tests_are_for_the_rater_whose_address_it_is(run, enter):
    server = run("acr", parts={"screening": Screening(colour=5)}, versions=("nearest", "hr"))
    first, second = (enter(server)(token) for token in invite(server.study, 2))
    for rater in (first, second):
        assert rater.arrive()["screen"] == "screening-colour"
    here, there = (rater.get(f"{rater.home}plate/1") for rater in (first, second))
    assert here != there, "each rater has plates of their own"
    first.home = second.home
    assert first.ask("screen", {"test": "colour", "attempt": 1, "answers": [10] * 6})[0] == 401
    first.connection.request("GET", f"{first.home}plate/1", headers=first.cookie)
    response = first.connection.getresponse()
    assert (response.status, response.read()[:8]) == (404, b'{"error"')
    assert table(server).empty


@pytest.mark.parametrize("answers", [None, [1], ["a"] * 6, [11] * 6, {"0": 1}])
def test_impossible_answers_to_a_test_are_refused(run, enter, answers):
    server = run("acr", parts={"screening": Screening(colour=5)}, versions=("nearest", "hr"))
    rater = enter(server)(invite(server.study)[0])
    rater.arrive()
    status, _ = rater.ask("screen", {"test": "colour", "attempt": 1, "answers": answers})
    assert status == 400
    assert table(server).empty


def test_the_rings_are_read_from_farther_where_the_screen_is_coarse(run, enter):
    server = run("acr", parts={"screening": Screening(acuity=1.0, distance_cm=40.0)}, versions=("nearest", "hr"))
    rater = enter(server)(invite(server.study)[0])
    state = rater.arrive()
    assert state["screening"]["distance_cm"] == 40
    assert DEVICE["pixel_ratio"] == 1.0
    near = {"card_pixels": 323.5, "distance_cm": 40}
    body = {"test": "acuity", "attempt": 1, "answers": RIGHT(1, "acuity", 1), "measured": near}
    status, _ = rater.ask("screen", body)
    assert status == 400, "a ring whose gap has less than a pixel cannot have been shown"
    state = rater.post("screen", {**body, "measured": {"card_pixels": 323.5, "distance_cm": 100}})
    assert state["screen"] == "calibration"

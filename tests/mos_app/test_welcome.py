"""Before the first image: whether the device and its screen can show the study, and what is stored of them."""

from __future__ import annotations

import pytest

from srbench.mos.site.bodies import BadRequestError
from srbench.mos.site.welcome import objection, read_visit, too_large
from srbench.mos.store.definitions import Settings

SIZES = [(160, 120), (170, 126)]
FACTS = {
    "device": "desktop", "pixel_ratio": 1.25, "screen_width": 1366, "screen_height": 768, "window_width": 1366,
    "window_height": 640, "room_width": 1366, "room_height": 510, "browser": "Mozilla/5.0", "language": "en",
    "utc_offset": 60,
}  # fmt: skip


def test_a_screen_without_room_for_the_largest_picture_is_an_objection_before_the_first():
    assert objection(Settings(), SIZES, "desktop", (170, 126)) is None
    assert objection(Settings(), SIZES, "desktop", (1000, 125)) == (
        "screen-too-small",
        "room for 1000 x 125 pixels, needed 170 x 126",
    )
    assert too_large(SIZES, (169, 500)) == [(170, 126)]


def test_a_study_may_leave_out_what_does_not_fit_but_not_everything():
    lenient = Settings(small_screens="leave-out")
    assert objection(lenient, SIZES, "desktop", (1000, 125)) is None
    assert objection(lenient, SIZES, "desktop", (1000, 100)) is not None


def test_phones_take_part_only_where_the_study_says_so():
    assert objection(Settings(), SIZES, "phone", (999, 999)) == ("device-not-allowed", "phone")
    assert objection(Settings(screens="any"), SIZES, "phone", (999, 999)) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("device", "fridge"), ("pixel_ratio", -1), ("room_width", 1.5), ("browser", "x" * 301), ("language", "\ud800"),
     ("browser", "a\0b"), ("utc_offset", None)],
)  # fmt: skip
def test_impossible_facts_of_a_device_are_refused(name, value):
    assert read_visit(FACTS).room_height == 510
    with pytest.raises(BadRequestError):
        read_visit({**FACTS, name: value})


def room_of(server):
    store = server.study.store
    visits = store.analyst.visits(server.name)
    store.close()
    return visits.iloc[-1]


def test_a_window_that_is_too_small_is_met_at_the_welcome_and_a_larger_one_begins(server, browse):
    page = browse(window=(1000, 220))
    token = server.study.invite(calibrations=0)
    page.page.goto(server.link(token))
    page.screen("welcome")
    page.page.wait_for_selector(".card-warning:visible")
    assert "window of at least" in page.page.inner_text(".card-warning")
    box = page.page.locator(".card-warning").bounding_box()
    assert box["y"] + box["height"] <= 220, "the warning must be seen without scrolling, on the smallest window of all"
    assert not page.page.locator(".proceed").is_visible()
    assert "screen-too-small" in {kind for kind, _ in server.study.events()}

    page.page.set_viewport_size({"width": 1000, "height": 700})
    page.page.wait_for_selector(".proceed:visible")
    assert not page.page.locator(".card-warning").is_visible()
    page.proceed()
    page.shows(1)
    assert page.errors == []


def test_what_the_welcome_promises_is_what_the_stage_has_room_for(serve, browse):
    server = serve()
    page = browse(window=(1000, 700))
    page.page.goto(server.link(server.study.invite(calibrations=0)))
    page.screen("welcome")
    first = room_of(server)
    # The largest picture is 126 pixels high: with exactly so much room the study begins and every picture shows.
    page.page.set_viewport_size({"width": 1000, "height": int(700 - first["room_height"] + 126)})
    page.proceed()
    for position in range(1, 7):
        page.shows(position)
        page.key("3")
    page.screen("break")
    assert page.errors == []


def test_images_that_do_not_fit_are_left_out_where_the_study_says_so(serve, browse):
    server = serve(small_screens="leave-out")
    page = browse(window=(1000, 700))
    token = server.study.invite(calibrations=0)
    page.page.goto(server.link(token))
    page.screen("welcome")
    height = int(700 - room_of(server)["room_height"] + 124)
    page.page.set_viewport_size({"width": 1000, "height": height})
    page.page.wait_for_selector(".card-warning:visible")
    assert "left out" in page.page.inner_text(".card-warning")
    page.proceed()
    page.screen("calibration")
    page.practise([1, 5, 1, 5])
    store = server.study.store
    (rater,) = store.organiser.raters(server.name)
    assert rater.total == 8
    why = next(event.detail for event in store.organiser.events(server.name) if event.kind == "rescheduled")
    assert why.endswith("left out: set5/woman")
    store.close()


def test_a_phone_is_turned_away_with_a_word_and_stored(serve, browse):
    server = serve()
    page = browse(window=(400, 800), is_mobile=True, has_touch=True)
    page.page.goto(server.link(server.study.invite()))
    page.screen("welcome")
    page.page.wait_for_selector(".card-warning:visible")
    assert "on a computer" in page.page.inner_text(".card-warning")
    assert not page.page.locator(".proceed").is_visible()
    assert room_of(server)["device"] == "phone"
    assert ("device-not-allowed", "phone") in server.study.events()

"""A rater's session in a real browser, from the link to the thanks, and what is stored of it."""

from __future__ import annotations

import re

FOCUSED_SCORE = "document.activeElement?.dataset.score"


def test_a_rater_joins_practises_rates_undoes_reloads_rests_and_finishes(server, browse):
    token = server.study.invite("Ann")
    link = server.link(token)
    page = browse()
    page.page.goto(link)
    page.screen("welcome")
    assert "/join/" not in page.page.url
    page.proceed()
    page.screen("calibration")
    page.practise([1, 5, 1, 5])
    page.screen("calibration_passed")
    assert "4 of your 4" in page.text()
    page.proceed()

    page.shows(1)
    page.key("2")
    page.shows(2)
    page.click(4)
    page.shows(3)
    page.key("u")
    page.shows(2)
    assert "open again" in page.page.inner_text(".question")
    page.key("5")
    page.shows(3)
    page.key("3")
    page.shows(4)

    page.page.reload()
    page.screen("welcome_back")
    page.proceed()
    page.shows(4)
    for position in (4, 5, 6):
        page.shows(position)
        page.key("1")
    page.screen("break")
    assert "6 of 12" in page.text()
    page.page.goto(link)
    page.screen("break")
    page.proceed()
    for position in range(7, 13):
        page.shows(position)
        page.click(4)
    page.screen("finished")
    assert page.errors == []

    assert server.study.scores(token) == [2, 5, 3, 1, 1, 1, 4, 4, 4, 4, 4, 4]
    kinds = [kind for kind, _ in server.study.events()]
    assert "undo" in kinds
    assert "left-break" in kinds


def test_the_whole_session_works_without_a_mouse(server, browse):
    page = browse()
    token = server.study.invite(ratings=2)
    page.page.goto(server.link(token))
    page.screen("welcome")
    page.key("Tab")
    page.key("Enter")
    page.practise([1, 5, 1, 5])
    page.screen("calibration_passed")
    page.key("Tab")
    page.key("Space")
    page.shows(1, 2)
    page.key("5")
    page.screen("break")
    page.key("Tab")
    page.key("Enter")
    page.shows(2, 2)
    while page.page.evaluate(FOCUSED_SCORE) != "3":
        page.key("Tab")
    page.key("Enter")
    page.screen("finished")
    assert server.study.scores(token) == [5, 3]
    assert page.errors == []


def test_a_screen_reader_finds_names_for_everything(server, browse):
    page = browse()
    page.page.goto(server.link(server.study.invite(calibrations=0)))
    page.screen("welcome")
    assert page.page.get_by_role("dialog", name="Welcome").is_visible()
    page.page.get_by_role("button", name="Start").click()
    page.shows(1)
    for score, word in enumerate(["Bad", "Poor", "Fair", "Good", "Excellent"], start=1):
        assert page.page.get_by_role("button", name=f"{score} {word}").is_visible()
    assert page.page.get_by_role("button", name=re.compile("Undo")).is_visible()
    assert page.page.get_by_role("progressbar", name="Progress").get_attribute("aria-valuemax") == "12"
    assert page.page.get_by_role("img", name="Image 1 of 12").is_visible()
    assert "Image 1 of 12 is shown" in page.page.locator("[aria-live=polite]").inner_text()


def test_double_presses_held_keys_and_early_presses_rate_one_image(server, browse):
    page = browse()
    token = server.study.invite(calibrations=0)
    page.page.goto(server.link(token))
    page.screen("welcome")
    page.proceed()
    page.page.wait_for_selector(".stage img", state="attached")
    page.key("1")  # before the image is armed
    page.shows(1)
    page.key("2")
    page.key("2")
    page.shows(2)
    page.page.keyboard.down("3")
    for _ in range(20):
        page.page.keyboard.down("3")  # what a held key sends: event.repeat
        page.page.wait_for_timeout(30)
    page.page.keyboard.up("3")
    page.shows(3)
    page.page.wait_for_timeout(300)
    page.shows(3)
    assert server.study.scores(token) == [2, 3]


def test_a_rater_who_fails_the_practice_sees_it_again_and_is_then_thanked(server, browse):
    page = browse()
    page.page.goto(server.link(server.study.invite()))
    page.screen("welcome")
    page.proceed()
    page.practise([5, 1, 5, 1])
    page.screen("calibration_again")
    assert "0 of your 4" in page.text()
    page.proceed()
    page.practise([5, 1, 5, 1])
    page.screen("failed")
    assert "grateful" in page.text()
    assert not page.page.locator(".proceed").is_visible()


def test_the_page_speaks_the_language_of_the_browser_and_changes_it(server, browse):
    page = browse(locale="de-DE")
    page.page.goto(server.link(server.study.invite(calibrations=0)))
    page.screen("welcome")
    assert "Willkommen" in page.text()
    page.page.get_by_role("button", name="中文").click()
    assert "欢迎" in page.text()
    page.page.reload()
    page.screen("welcome")
    assert "欢迎" in page.text()
    page.proceed()
    page.page.wait_for_selector('.page[data-armed="true"]')
    assert page.page.inner_text('.scale button[data-score="5"]').split() == ["5", "优"]
    assert page.page.get_attribute("html", "lang") == "zh"


def test_without_a_link_or_with_a_wrong_one_the_page_says_what_to_do(server, browse):
    page = browse()
    for address in (server.address, server.link("A" * 43)):
        page.page.goto(address)
        page.screen("no_link")
        assert "personal link" in page.text()
        assert "srbench_rater" not in {cookie["name"] for cookie in page.page.context.cookies()}


def test_a_paused_study_says_so_and_goes_on_when_it_is_reopened(serve, browse):
    server = serve()
    page = browse()
    token = server.study.invite(calibrations=0)
    page.page.goto(server.link(token))
    page.screen("welcome")
    page.proceed()
    page.shows(1)
    store = server.study.store
    store.organiser.set_state(server.name, "paused")
    page.key("4")
    page.screen("paused")
    store.organiser.set_state(server.name, "open")
    page.proceed()
    page.shows(1)
    page.key("4")
    page.shows(2)
    store.organiser.set_state(server.name, "closed")
    page.key("4")
    page.screen("closed")
    assert server.study.scores(token) == [4]

"""The rating page for the keyboard and for screen readers: axe-core finds nothing, and the focus is never lost."""

from __future__ import annotations

import pytest

from srbench.mos.design.questionnaire import Question
from srbench.mos.design.screening import Screening
from tests.mos_app.designs import invite

QUESTIONS = (
    Question("glasses", {"en": "Do you wear glasses?"}, kind="choice", choices=("yes", "no")),
    Question("age", {"en": "How old are you?"}, kind="number", required=False, minimum=18, maximum=99),
    Question("effort", {"en": "How hard was it?"}, "after", "scale"),
)
FOCUS = "document.activeElement.className || document.activeElement.tagName"
SCORE = "document.activeElement.dataset.score ?? null"


def clean(page):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page.page, options={"preload": False})
    assert found.violations_count == 0, found.generate_report()


def test_axe_finds_nothing_on_any_screen_of_a_session(serve, browse):
    server = serve(consent={"en": "Do you agree?"}, questions=QUESTIONS)
    page = browse()
    page.page.goto(server.link(server.study.invite(ratings=2)))
    for screen in ("consent", "welcome", "questions_before"):
        page.screen(screen)
        clean(page)
        if screen == "questions_before":
            page.proceed()  # an answer is missing
            page.page.wait_for_selector(".card-missing:visible")
            clean(page)
            page.page.check("input[value=no]")
        page.proceed()
    page.screen("calibration")
    page.shows(1, 4)
    clean(page)
    page.key("1")
    page.page.wait_for_selector(".learned:visible")
    clean(page)
    page.key("Enter")
    for position, score in ((2, 5), (3, 1), (4, 5)):
        page.shows(position, 4)
        page.key(str(score))
        page.page.wait_for_selector(".learned:visible")
        page.key("Enter")
    page.screen("calibration_passed")
    clean(page)
    page.proceed()
    page.shows(1, 2)
    clean(page)
    page.page.set_viewport_size({"width": 420, "height": 200})
    page.screen("view_window")
    clean(page)
    page.page.set_viewport_size({"width": 1000, "height": 700})
    page.shows(1, 2)
    page.key("4")
    page.screen("break")
    clean(page)
    page.proceed()
    page.shows(2, 2)
    page.key("4")
    page.screen("questions_after")
    clean(page)
    page.page.check("input[value='3']")
    page.proceed()
    page.screen("finished")
    clean(page)
    page.page.click(".withdraw")
    page.screen("withdraw")
    clean(page)
    assert page.errors == []


def test_axe_finds_nothing_in_the_tests_before_the_first_image(run, browse):
    tests = Screening(acuity=0.67, distance_cm=100.0, colour=5, contrast=8, attempts=1, on_failure="note")
    server = run("acr", parts={"screening": tests}, versions=("nearest", "hr"))
    page = browse()
    page.page.goto(server.link(invite(server.study)[0]))
    page.screen("welcome")
    page.proceed()
    page.screen("screening_acuity")
    clean(page)
    page.page.click(".test > button")
    for screen, answers in (("screening_acuity", 5), ("screening_colour", 6), ("screening_contrast", 6)):
        page.screen(screen)
        for place in range(1, answers + 1):
            page.page.wait_for_selector(f".test :text('{place} of {answers}')")
            if place == 1:
                clean(page)
            page.page.click(".test .answers button >> nth=0")
            if place < answers:
                assert page.page.evaluate(FOCUS) == "BUTTON", "the focus stays among the answers"
    page.screen("calibration")
    assert page.errors == []


def test_axe_finds_nothing_beside_pairs_by_turns_and_traps(run, browse):
    server = run(
        practice=1, pictures=2, versions=("nearest", "srgan", "hr"), pass_fraction=0.0, traps=1, ties=True,
        layout="flicker", turn_seconds=0.2, trials_per_rater=2,
    )  # fmt: skip
    page = browse()
    page.page.goto(server.link(invite(server.study)[0]))
    page.screen("welcome")
    page.proceed()
    page.practise([1])
    page.screen("calibration_passed")
    page.proceed()
    traps = 0
    for position in (1, 2, 3):
        page.shows(position, 3)
        clean(page)
        traps += page.page.locator(".trap").count()
        page.key("1")
    page.screen("finished")
    assert traps == 1
    assert page.errors == []


@pytest.mark.parametrize("address", ["/", "/#full", "/rating/00000000/"])
def test_axe_finds_nothing_on_pages_for_strangers(server, browse, address):
    page = browse()
    page.page.goto(server.address + address)
    page.screen("full" if "full" in address else "no_link")
    clean(page)


def test_the_focus_stays_on_the_answer_that_was_chosen(server, browse):
    page = browse()
    page.page.goto(server.link(server.study.invite(calibrations=0)))
    page.screen("welcome")
    page.key("Tab")
    page.key("Enter")
    page.shows(1)
    assert page.page.evaluate(FOCUS) == "scale", "the next Tab leads to the first answer"
    page.key("Tab")
    assert page.page.evaluate(SCORE) == "1"
    page.key("Tab")
    for position in (1, 2, 3):
        page.shows(position)
        assert page.page.evaluate(SCORE) == "2"
        page.key("Enter")
    page.shows(4)
    assert page.page.get_attribute('.scale [data-score="2"]', "aria-pressed") == "false", "no answer is suggested"


def test_after_feedback_the_focus_is_at_the_scale_and_a_hidden_button_does_nothing(server, browse):
    page = browse()
    page.page.goto(server.link(server.study.invite()))
    page.screen("welcome")
    page.proceed()
    page.shows(1, 4)
    page.key("1")
    page.page.wait_for_selector(".learned:visible")
    assert page.page.evaluate(FOCUS) == "learned"
    page.key("Enter")
    page.shows(2, 4)
    assert page.page.evaluate(FOCUS) == "scale"
    for name in ("learned", "second", "proceed", "card-undo", "withdraw"):
        page.page.evaluate(f"document.querySelector('.{name}').click()")
    page.key("Enter")
    page.shows(2, 4)
    assert page.errors == []


def test_nothing_behind_a_card_is_reached_by_tab(server, browse):
    page = browse()
    page.page.goto(server.link(server.study.invite(ratings=2, calibrations=0)))
    page.screen("welcome")
    page.proceed()
    page.shows(1, 2)
    page.key("3")
    page.screen("break")
    seen = set()
    for _ in range(12):
        page.key("Tab")
        seen.add(page.page.evaluate("document.activeElement.closest('.panel') !== null"))
    assert seen == {False}


def test_a_break_shows_how_much_of_it_has_passed(serve, browse):
    server = serve(break_minutes=2.0)
    page = browse()
    page.page.clock.install()
    page.page.goto(server.link(server.study.invite(ratings=2, calibrations=0)))
    page.screen("welcome")
    page.proceed()
    page.page.wait_for_selector(".stage img", state="attached")
    while page.page.get_attribute(".page", "data-screen") != "break":
        page.page.clock.run_for(500)
        page.key("3")
    assert "0 of about 2 minutes" in page.text()
    page.page.clock.run_for(61_000)
    assert "1 of about 2 minutes" in page.text()
    page.page.clock.run_for(600_000)
    assert "2 of about 2 minutes" in page.text()
    assert page.errors == []

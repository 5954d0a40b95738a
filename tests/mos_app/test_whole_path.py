"""The whole path of a rater from a panel, by keyboard alone, in German, on a laptop's screen and a slow link."""

from __future__ import annotations

import pytest

from srbench.mos.design.questionnaire import Question
from srbench.mos.study import Study
from tests.mos_app.test_slow_link import Network

QUESTIONS = (
    Question("glasses", {"de": "Tragen Sie eine Brille?"}, kind="choice", choices=("ja", "nein")),
    Question("age", {"de": "Wie alt sind Sie?"}, kind="number", minimum=18, maximum=99),
    Question("effort", {"de": "Wie anstrengend war es?"}, "after", "scale"),
)


class Keyboard:
    """A rater without a mouse."""

    def __init__(self, page):
        self.page = page

    def reach(self, selector):
        """Press Tab until something has the focus."""
        for _ in range(40):
            if self.page.page.evaluate(f"document.activeElement.matches({selector!r})"):
                return
            self.page.key("Tab")
        pytest.fail(f"{selector} is not reached by the Tab key")

    def press(self, selector, key="Enter"):
        self.reach(selector)
        self.page.key(key)


@pytest.mark.slow
def test_from_the_panels_link_to_its_code_by_keyboard_in_german_on_a_slow_link(serve, browse):
    server = serve(
        consent={"de": "Sind Sie einverstanden?"},
        questions=QUESTIONS,
        pass_fraction=0.0,
        session_minutes=0.5,
        size=(60, 80),  # noise of 14 kB, half a second each on this link: the whole path, not the wait for pictures
    )
    study = Study(server.name, server.study.folder.parent)
    link = study.recruit(1, panel="prolific", completed="C0FFEE", address=server.address)
    page = browse(window=(1366, 768), locale="de-DE")
    network, keyboard = Network(page), Keyboard(page)
    page.page.goto(link.replace("{{%PROLIFIC_PID%}}", "5f1e2d3c4b5a69788796a5b4"))

    page.screen("consent")
    assert "Sind Sie einverstanden?" in page.text()
    keyboard.press(".proceed")
    page.screen("welcome")
    assert network.bytes() - network.bytes("/sealed/") < 250_000
    keyboard.press(".proceed")
    page.screen("questions_before")
    keyboard.press("input[value=ja]", "ArrowDown")  # as in every group of radio buttons
    keyboard.reach("input[type=number]")
    page.page.keyboard.type("34")
    keyboard.press(".proceed")
    for position, score in enumerate((1, 5, 1, 5), start=1):
        page.page.wait_for_selector(f'.stage[aria-label="Bild {position} von 4"]')
        page.page.wait_for_selector('.page[data-armed="true"]')
        keyboard.press(f'[data-score="{score}"]')
        page.page.wait_for_selector(".learned:visible")
        page.key("Enter")
    page.screen("calibration_passed")
    keyboard.press(".proceed")

    breaks = 0
    for position in range(1, 13):
        page.page.wait_for_selector(f'.stage[aria-label="Bild {position} von 12"], .page[data-screen="break"]')
        if page.page.get_attribute(".page", "data-screen") == "break":
            breaks += 1
            keyboard.press(".proceed")
        shown(page, position)
        if position == 3:
            page.key("u")
            shown(page, 2)
            assert "wieder offen" in page.page.inner_text(".question")
            page.key("5")
            shown(page, 3)
        if position == 5:
            page.page.reload()
            page.screen("welcome_back")
            keyboard.press(".proceed")
            shown(page, 5)
        page.key(str(1 + position % 5))
    assert breaks >= 1
    page.screen("questions_after")
    keyboard.reach("input[value='1']")
    for _ in range(3):
        page.key("ArrowDown")
    keyboard.press(".proceed")
    page.screen("finished")
    href = page.page.locator(".card-code a").get_attribute("href")
    assert href == "https://app.prolific.com/submissions/complete?cc=C0FFEE"
    assert page.errors == []

    assert list(study.ratings().sort_values("trial")["score"]) == [2, 5, 4, 5, 1, 2, 3, 4, 5, 1, 2, 3]
    assert list(study.payments()["outcome"]) == ["completed"]
    store = server.study.store
    replies = store.analyst.replies(server.name).set_index("question")["value"]
    store.close()
    assert dict(replies) == {"glasses": "nein", "age": "34", "effort": "4"}


def shown(page, position):
    page.page.wait_for_selector(f'.stage[aria-label="Bild {position} von 12"]')
    page.page.wait_for_selector('.page[data-armed="true"]')

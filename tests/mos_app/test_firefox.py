"""A rater's whole path in Firefox: welcome, questions, practice, ratings, undo, a break, last questions, the code."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from srbench import images
from srbench.mos.design.questionnaire import Question
from srbench.mos.study import Study
from tests.mos_app.conftest import Server
from tests.mos_app.firefox import Firefox

QUESTIONS = (
    Question("age", {"en": "How old are you?"}, kind="number", minimum=18, maximum=99),
    Question("effort", {"en": "How hard was it?"}, "after", "scale"),
)


@pytest.fixture
def firefox(tmp_path: Path) -> Iterator[Firefox]:
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    if program is None:
        pytest.skip("needs Firefox: install Debian's package 'firefox-esr'")
    browser = Firefox(program, tmp_path / "firefox")
    yield browser
    browser.close()


def screen(browser: Firefox, name: str) -> None:
    browser.wait(f"document.querySelector('.page')?.dataset.screen === '{name}'")


def shown(browser: Firefox, position: int, total: int) -> None:
    """Wait until an image may be rated, and see that it is drawn pixel by pixel."""
    label = f"Image {position} of {total}"
    browser.wait(
        f"document.querySelector('.stage').getAttribute('aria-label') === '{label}' && "
        "document.querySelector('.page').dataset.armed === 'true'"
    )


def drawn(browser: Firefox) -> np.ndarray:
    """Return the pixels of the screen where the image is."""
    left, top, width, height = browser.value(
        "(() => { const box = document.querySelector('.stage img').getBoundingClientRect(); "
        "return [box.x, box.y, box.width, box.height].map(Math.round); })()"
    )
    return images.decode(base64.b64decode(browser.picture()))[top : top + height, left : left + width]


@pytest.mark.slow
def test_a_rater_goes_from_the_panels_link_to_its_code_in_firefox(
    serve: Callable[..., Server], firefox: Firefox
) -> None:
    server = serve(consent={"en": "Do you agree?"}, questions=QUESTIONS, session_minutes=0.5)
    study = Study(server.name, server.study.folder.parent)
    link = study.recruit(1, panel="prolific", completed="C0FFEE", address=server.address)
    firefox.open(link.replace("{{%PROLIFIC_PID%}}", "5f1e2d3c4b5a69788796a5b4"))

    screen(firefox, "consent")
    assert "Do you agree?" in firefox.text(".card")
    firefox.click(".proceed")
    screen(firefox, "welcome")
    firefox.click(".proceed")
    screen(firefox, "questions_before")
    firefox.click("input[type=number]")
    for digit in "34":
        firefox.key(digit)
    firefox.key("Enter")
    store = server.study.store
    code = next(iter(store.organiser.raters(server.name))).code
    with store.database.read() as connection:
        query = "SELECT stimulus_id, attempt, position, expected FROM trial ORDER BY attempt, position"
        trials = {(row.attempt, row.position): row for row in connection.exec_driver_sql(query)}
    for position in range(1, 5):
        shown(firefox, position, 4)
        frozen = images.read(server.study.folder / "stimuli" / f"{trials[1, position].stimulus_id}.png")
        assert np.array_equal(drawn(firefox), frozen), "one pixel of the image is one of the screen"
        firefox.key(str(trials[1, position].expected))
        firefox.wait("!document.querySelector('.learned').hidden")
        firefox.key("Enter")
    screen(firefox, "calibration_passed")
    firefox.click(".proceed")

    breaks = 0
    for position in range(1, 13):
        firefox.wait(
            f"document.querySelector('.stage').getAttribute('aria-label') === 'Image {position} of 12' || "
            "document.querySelector('.page').dataset.screen === 'break'"
        )
        if firefox.value("document.querySelector('.page').dataset.screen") == "break":
            breaks += 1
            firefox.click(".proceed")
        shown(firefox, position, 12)
        if position == 3:
            firefox.key("u")
            shown(firefox, 2, 12)
            firefox.key("5")
            shown(firefox, 3, 12)
        if position == 5:
            firefox.open(f"{server.address}/rating/{code}/")
            screen(firefox, "welcome_back")
            firefox.click(".proceed")
            shown(firefox, 5, 12)
        if position % 2:
            firefox.key(str(1 + position % 5))
        else:
            firefox.click(f'.scale button[data-score="{1 + position % 5}"]')
    assert breaks >= 1
    screen(firefox, "questions_after")
    firefox.click("input[value='4']")
    firefox.click(".proceed")
    screen(firefox, "finished")
    href = firefox.value("document.querySelector('.card-code a').href")
    assert href == "https://app.prolific.com/submissions/complete?cc=C0FFEE"
    assert firefox.errors == []

    assert list(study.ratings().sort_values("trial")["score"]) == [2, 5, 4, 5, 1, 2, 3, 4, 5, 1, 2, 3]
    assert list(study.payments()["outcome"]) == ["completed"]
    visits = store.analyst.visits(server.name)
    replies = store.analyst.replies(server.name).set_index("question")["value"]
    store.close()
    assert visits["browser"].str.contains("Firefox").all()
    assert dict(replies) == {"age": "34", "effort": "4"}

"""Every translation says everything that English says, with the same numbers in it."""

from __future__ import annotations

import hashlib
import inspect
import re
import tomllib

import pytest

from srbench import content
from srbench.mos.design import languages
from srbench.mos.design.languages import Language
from srbench.mos.site import notices
from tests.mos_app.conftest import STUDY, Server
from tests.mos_app.designs import invite, make_designed

FOLDER = content.folder("mos_app") / "languages"
ENGLISH = tomllib.loads((FOLDER / "en.toml").read_text(encoding="utf-8"))
OTHERS = {code: path for code, path in languages.files().items() if code != "en"}


def test_german_and_chinese_are_shipped_and_french_is_a_file_to_name():
    assert set(languages.shipped()) == {"en", "de", "zh"}
    assert set(OTHERS) == {"de", "fr", "zh"}


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_is_complete(language):
    texts = tomllib.loads(OTHERS[language].read_text(encoding="utf-8"))
    assert list(texts) == list(ENGLISH)
    for key, text in texts.items():
        assert text.strip()
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", ENGLISH[key])), key
        assert text.count("\n- ") == ENGLISH[key].count("\n- "), key


def test_every_text_that_the_page_asks_for_exists():
    rating = content.folder("mos_app") / "rating"
    program = "".join(path.read_text(encoding="utf-8") for path in sorted(rating.glob("*.js")))
    asked = set(re.findall(r'this\.say\("(\w+)"', program))
    asked |= {f"direction_{place}" for place in range(8)} | {f"corner_{place}" for place in range(4)}
    shown = set(re.findall(r'this\.showCard\("(\w+)"', program))
    assert asked <= set(ENGLISH)
    body = program.partition("function obstacleTo")[2].partition("\n}")[0]
    obstacles = set(re.findall(r'reason: "(\w+)"', body)) | {"window", "screen"}
    assert len(obstacles) == 4
    assert {f"fit_{reason}" for reason in obstacles} <= set(ENGLISH)
    screens = {"welcome", "calibration_passed", "calibration_again", "break", "finished", "failed", "paused", "closed"}
    screens |= {"consent", "declined", "questions_before", "questions_after", "withdrawn", "timed_out"}
    screens |= {"screening_acuity", "screening_colour", "screening_contrast", "screened_out", "checks_failed"}
    for screen in shown | screens:
        assert {f"{screen}_title", f"{screen}_text"} <= set(ENGLISH)
    for labels, choices in (("acr", 5), ("dcr", 5), ("pc", 3), ("pc_turn", 3)):
        assert {f"{labels}_{score}" for score in range(1, choices + 1)} | {f"question_{labels}"} <= set(ENGLISH)
    statuses = set(re.findall(r'"(\w+)"', inspect.getsource(notices._kind))) | set(notices._KINDS.values())
    for kind in statuses:
        assert {f"notice_{kind}_title", f"notice_{kind}_text"} <= set(ENGLISH)


def test_a_study_is_shown_in_a_language_that_it_brings(tmp_path, browse):
    folder = tmp_path / STUDY
    (folder / "languages").mkdir(parents=True)
    french = OTHERS["fr"].read_bytes()
    (folder / "languages" / "fr.toml").write_bytes(french)
    brought = Language("fr", "languages/fr.toml", hashlib.sha256(french).hexdigest())
    study = make_designed(folder, "acr", practice=0, parts={"languages": (brought,)})
    server = Server(study).start()
    try:
        page = browse(locale="fr-FR")
        page.page.goto(server.link(invite(study)[0]))
        page.screen("welcome")
        assert "Bienvenue" in page.text()
        assert page.page.locator(".languages button").all_inner_texts() == ["English", "Deutsch", "中文", "Français"]
        page.proceed()
        page.page.wait_for_selector('.page[data-armed="true"]')
        assert page.page.locator(".scale").inner_text().split("\n")[1::2][0] == "Mauvais"
        page.page.goto(f"{server.address}/rating/nobody/nothing")
        assert page.page.locator("html").get_attribute("lang") == "fr"
        assert "Il n'y a rien ici" in page.page.inner_text("main")
    finally:
        server.stop()


@pytest.mark.parametrize("locale", ["zh-CN", "de-DE"])
def test_on_a_phone_s_width_no_part_of_the_line_below_the_scale_is_broken(run, browse, locale):
    server = run("acr", practice=0, screens="any")
    page = browse(window=(390, 780), locale=locale)
    page.page.goto(server.link(invite(server.study)[0]))
    page.screen("welcome")
    page.proceed()
    page.page.wait_for_selector('.page[data-armed="true"]')
    for part in ("undo", "remaining", "who"):
        box = page.page.locator(f".status .{part}").bounding_box()
        assert box["height"] < 32, "one line"
        assert box["x"] + box["width"] <= 390
    assert page.page.locator(".status .progress").bounding_box()["width"] > 300

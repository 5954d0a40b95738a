"""Every translation says everything that English says, with the same numbers in it."""

from __future__ import annotations

import re
import tomllib

import pytest

from srbench import content

FOLDER = content.folder("mos_app") / "languages"
ENGLISH = tomllib.loads((FOLDER / "en.toml").read_text(encoding="utf-8"))
OTHERS = sorted(path.stem for path in FOLDER.glob("*.toml") if path.stem != "en")


def test_german_and_chinese_are_shipped():
    assert {"de", "zh"} <= set(OTHERS)


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_is_complete(language):
    texts = tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
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

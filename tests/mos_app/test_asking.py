"""Consent, questions and withdrawal in a real browser."""

from __future__ import annotations

import hashlib
import http.client
import json

from srbench.mos.design.questionnaire import Question
from srbench.mos.study import Study

CONSENT = {"en": "We store your ratings for ten years.", "de": "Wir speichern Ihre Bewertungen zehn Jahre lang."}
QUESTIONS = (
    Question("age", {"en": "How old are you?", "de": "Wie alt sind Sie?"}, kind="number", minimum=18, maximum=99),
    Question(
        "screen", {"en": "Which screen?"}, kind="choice", choices=("lcd", "oled"), labels={"en": ("Liquid", "Organic")}
    ),
    Question("tired", {"en": "How tired are you?"}, "after", "scale", labels={"en": ("not at all", "very")}),
    Question("remarks", {"en": "Anything else?"}, "after", "text", required=False),
)


def ask(server, token, action, body):
    connection = http.client.HTTPConnection("localhost", server.port, timeout=20)
    headers = {"Content-Type": "application/json", "Cookie": f"srbench_rater={token}", "Origin": server.address}
    connection.request("POST", f"{server.home(token)}{action}", json.dumps(body), headers)
    response = connection.getresponse()
    data = response.read()
    connection.close()
    return response.status, json.loads(data)


def study(server):
    return Study(server.name, server.study.folder.parent)


def frame(server, table):
    store = server.study.store
    found = getattr(store.analyst, table)(server.name)
    store.close()
    return found


def test_from_consent_over_questions_to_the_end(serve, browse):
    server = serve(consent=CONSENT, questions=QUESTIONS)
    shown = browse(locale="de-DE")
    page = shown.page
    page.goto(server.link(server.study.invite(calibrations=0)))
    shown.screen("consent")
    assert "zehn Jahre" in shown.text()
    assert frame(server, "visits").empty, "nothing of the device is stored before the rater agrees"
    page.get_by_role("button", name="Ich stimme zu").click()
    shown.screen("welcome")
    (agreed,) = frame(server, "consents").to_dict("records")
    assert (agreed["language"], agreed["sha256"]) == ("de", hashlib.sha256(CONSENT["de"].encode()).hexdigest())
    assert len(frame(server, "visits")) == 1
    page.get_by_role("button", name="English").click()
    shown.proceed()

    shown.screen("questions_before")
    shown.proceed()
    assert "from 18 to 99: How old are you?" in shown.text()
    page.get_by_label("How old are you?").fill("12")
    shown.proceed()
    assert "from 18 to 99" in shown.text()
    page.get_by_label("How old are you?").fill("34")
    shown.proceed()
    assert "Please answer: Which screen?" in shown.text()
    page.get_by_label("Organic").check()
    page.get_by_role("button", name="Deutsch").click()
    assert page.get_by_label("Wie alt sind Sie?").input_value() == "34", "another language keeps the answers"
    page.get_by_role("button", name="English").click()
    page.get_by_label("How old are you?").press("Enter")
    for position in range(1, 13):
        if position == 7:
            shown.screen("break")
            shown.proceed()
        shown.shows(position)
        shown.key("4")

    shown.screen("questions_after")
    page.reload()
    shown.screen("questions_after")
    page.get_by_label("3", exact=True).check()
    page.get_by_label("Anything else?").press_sequentially("u 4 Backspace are letters here")
    shown.proceed()
    shown.screen("finished")
    replies = frame(server, "replies").set_index("question")["value"].to_dict()
    assert replies == {"age": "34", "screen": "oled", "tired": "3", "remarks": "u 4 Backspace are letters here"}
    assert set(frame(server, "ratings")["score"]) == {4}
    assert shown.errors == []


def test_who_does_not_agree_sees_no_image_and_gets_the_code_for_it(serve, browse):
    server = serve(consent=CONSENT)
    shown = browse()
    address = study(server).recruit(1, panel="mturk", screened_out="N0", address=server.address)
    shown.page.goto(address.replace("${workerId}", "ann"))
    shown.screen("consent")
    shown.page.get_by_role("button", name="I do not agree").click()
    shown.screen("declined")
    assert shown.page.locator(".card-code output").inner_text() == "N0"
    shown.page.reload()
    shown.screen("declined")
    assert list(study(server).payments()["outcome"]) == ["declined"]
    assert frame(server, "visits").empty


def test_a_rater_withdraws_and_nothing_is_left(serve, browse):
    server = serve()
    token = server.study.invite("Ann", calibrations=0, ratings=2)
    shown = browse()
    shown.page.goto(server.link(token))
    shown.screen("welcome")
    shown.proceed()
    for position in (1, 2):
        shown.shows(position, 2)
        shown.key("4")
        if position == 1:
            shown.screen("break")
            shown.proceed()
    shown.screen("finished")
    shown.page.get_by_role("button", name="Withdraw").click()
    shown.screen("withdraw")
    shown.page.get_by_role("button", name="Keep my answers").click()
    shown.screen("finished")
    assert len(frame(server, "ratings")) == 2
    shown.page.get_by_role("button", name="Withdraw").click()
    shown.page.get_by_role("button", name="Delete everything").click()
    shown.screen("withdrawn")
    assert frame(server, "ratings").empty
    assert frame(server, "visits").empty
    assert list(frame(server, "raters")["state"]) == ["withdrawn"]
    shown.page.reload()
    shown.screen("no_link")
    assert shown.errors == []


def test_forged_answers_to_questions_are_refused(serve):
    server = serve(consent=CONSENT, questions=QUESTIONS)
    token = server.study.invite(calibrations=0)
    assert ask(server, token, "agree", {"agrees": True, "language": "zh"})[0] == 400
    assert ask(server, token, "agree", {"agrees": "yes", "language": "en"})[0] == 400
    assert ask(server, token, "proceed", {"screen": "consent"})[1]["screen"] == "consent"
    assert ask(server, token, "agree", {"agrees": True, "language": "en"})[1]["screen"] == "welcome"
    ask(server, token, "proceed", {"screen": "welcome"})
    good = {"age": 40, "screen": "lcd"}
    for bad in ({}, good | {"age": 7}, good | {"screen": "<b>"}, good | {"more": 1}, good | {"age": "x" * 40_000}):
        assert ask(server, token, "reply", {"screen": "questions-before", "replies": bad})[0] == 400
    assert ask(server, token, "reply", {"screen": "questions-never", "replies": good})[0] == 400
    assert ask(server, token, "withdraw", {"sure": "yes"})[0] == 400
    assert ask(server, token, "reply", {"screen": "questions-before", "replies": good})[1]["screen"] == "trial"
    assert len(frame(server, "replies")) == 2

"""Whatever a browser's window is refused, it is told in words on a page, and programs get what they had."""

from __future__ import annotations

import re

import pytest
import requests
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from srbench.mos.design import languages
from srbench.mos.site.notices import Notices

WINDOW = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": "de-DE,de;q=0.9,en;q=0.5"}
REFUSALS = [
    ("GET", "/rating/nobody/nothing", {}, 404, "Hier ist nichts"),
    ("GET", "/rating/nobody/next", {}, 404, "Hier ist nichts"),
    ("GET", "/rating/nobody/picture/x", {}, 404, "Hier ist nichts"),
    ("GET", "/media/x", {}, 404, "Hier ist nichts"),
    ("GET", "/", {"Host": "study.example.org"}, 421, "Unter diesem Namen gibt es die Studie nicht"),
    ("POST", "/join/x", {"Origin": "https://evil.example"}, 403, "Diese Anfrage kam von einer anderen Seite"),
    ("POST", "/rating/nobody/rate", {}, 400, "Das war nicht möglich"),
    ("GET", "/organiser/nothing", {}, 404, "nothing under this address"),
    ("GET", "/organiser/logout", {}, 404, "nothing under this address"),
    ("GET", "/organiser/export/csv/9999999999-00-00", {}, 403, "downloads hold for ten minutes"),
]


@pytest.mark.parametrize(("method", "path", "headers", "status", "words"), REFUSALS)
def test_a_window_gets_words_and_a_program_does_not(server, method, path, headers, status, words):
    answer = requests.request(method, server.address + path, headers=WINDOW | headers, timeout=60)
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert words in answer.text
    assert "<h1>" in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    for others in ({"Accept": "*/*"}, {"Sec-Fetch-Mode": "cors"}):  # a program; the page's own code
        bare = requests.request(method, server.address + path, headers=WINDOW | headers | others, timeout=60)
        assert bare.status_code == status
        assert "<h1>" not in bare.text


def test_what_a_visitor_sends_is_no_part_of_the_page(server):
    answer = requests.get(f"{server.address}/rating/<script>alert(1)</script>/x", headers=WINDOW, timeout=60)
    assert "alert" not in answer.text


def test_a_broken_server_says_so_in_words():
    def fail(_request):
        raise RuntimeError("a fault of ours")

    routes = [Route("/fails", fail), Route("/away", lambda _: PlainTextResponse("the database does not answer", 503))]
    app = Notices(Starlette(routes=routes), languages.shipped())
    client = TestClient(app, raise_server_exceptions=False)
    for path, status in (("/fails", 500), ("/away", 503)):
        answer = client.get(path, headers=WINDOW)
        assert answer.status_code == status
        assert "Hier ist etwas schiefgegangen" in answer.text
        assert "fault of ours" not in answer.text
    assert client.get("/away", headers={"Accept": "*/*"}).text == "the database does not answer"


# The server is shared, and closed to everybody at this address after these two: they come last.


def test_too_many_visitors_are_told_how_long_to_wait(server):
    refused = until_refused(f"{server.address}/join/x", 2000)
    assert refused.headers["Retry-After"] == "2"
    assert "In 2 Sekunden" in refused.text
    assert "Erneut versuchen" in refused.text


def test_too_many_passwords_lead_to_a_page_that_says_what_to_do(server, browse):
    until_refused(f"{server.address}/organiser/login", 100)
    page = browse().page
    page.goto(f"{server.address}/organiser/login")
    assert page.inner_text("h1") == "Please wait a moment"
    text = page.inner_text("p >> nth=0")
    assert re.search(r"closed for \d+ seconds", text)
    assert "srbench mos password" in text
    page.get_by_role("link", name="To the organiser's page").click()
    page.get_by_text("Sign in with the password").wait_for()


def until_refused(address, at_most):
    with requests.Session() as session:
        answers = (session.get(address, headers=WINDOW, timeout=60, allow_redirects=False) for _ in range(at_most))
        return next(answer for answer in answers if answer.status_code == 429)

"""The organiser's pages: closed to everybody else, live, silent about results unless asked, and able to export."""

from __future__ import annotations

import http.client

import pytest
import requests

from srbench.errors import StudyError
from srbench.mos.site.organiser import Gate, check_password, hash_password
from srbench.mos.store.session import Card

KEY = b"k" * 32


def test_a_password_is_stored_as_a_salted_hash(password_hash, server):
    assert server.password not in password_hash
    assert hash_password(server.password) != password_hash
    assert check_password(server.password, password_hash)
    assert not check_password(server.password + "x", password_hash)
    with pytest.raises(StudyError, match="10 characters"):
        hash_password("short")
    for damaged in ("", "plain", "scrypt$1$2", password_hash.replace("scrypt", "md5")):
        with pytest.raises(StudyError, match="srbench mos password"):
            check_password("x", damaged)


def test_without_a_password_and_accounts_nobody_is_admitted():
    gate = Gate(KEY)
    assert not gate.admits(None)
    assert not gate.admits("")
    assert not gate.admits(gate._seal("session", 100))
    assert not gate.admits(None, "somebody@example.org")
    assert not gate.admits(None, "")


def test_sessions_end_with_time_and_with_a_new_password(password_hash):
    gate = Gate(KEY, password_hash)
    session = gate._seal("session", 100)
    assert gate.admits(session)
    assert not gate.admits(gate._seal("session", -1))
    assert not gate.admits(gate._seal("export-csv", 100))
    assert not gate.admits(session[:-1] + "x")
    assert not gate.admits("9" + session)
    assert not Gate(KEY, hash_password("another password")).admits(session)
    assert not Gate(b"x" * 32, password_hash).admits(session)


def test_only_the_named_accounts_of_the_identity_provider_are_admitted():
    gate = Gate(KEY, accounts=["Ada@Example.org"])
    assert gate.admits(None, "ada@example.org")
    assert not gate.admits(None, "eve@example.org")
    assert not gate.admits(None, None)


def post(server, path, body, **headers):
    connection = http.client.HTTPConnection("localhost", server.port, timeout=20)
    kind = {"Content-Type": "application/x-www-form-urlencoded", "Origin": server.address}
    connection.request("POST", path, body, kind | headers)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response


def test_guessing_the_password_is_refused_logged_and_slowed_down(server):
    assert (
        post(server, "/organiser/login", "password=correct+horse+battery", Origin="https://evil.example").status == 403
    )
    statuses = [post(server, "/organiser/login", f"password=guess{n}").status for n in range(14)]
    assert statuses[:5] == [403] * 5
    assert statuses[-1] == 429
    assert "refused password" in server.log()
    assert "guess1" not in server.log()


def test_a_study_without_a_password_has_no_login(tmp_path, serve):
    server = serve(with_password=False)
    assert requests.get(f"{server.address}/organiser/login", timeout=20).status_code == 404
    assert post(server, "/organiser/login", "password=").status == 403


def test_exports_need_a_fresh_seal(server):
    for path in ("/organiser/export/csv/x", "/organiser/export/csv/", "/organiser/export/csv/9999999999-00-00"):
        assert requests.get(server.address + path, timeout=20).status_code in {403, 404}


def test_an_organiser_signs_in_watches_invites_pauses_exports_and_signs_out(serve, browse, tmp_path):
    server = serve()
    token = server.study.invite("Ann in room 12", calibrations=0)
    store = server.study.store
    rater = store.rater.rater_by_token(token)
    store.rater.proceed(rater, "welcome")
    for _ in range(4):
        store.rater.rate(rater, store.rater.next_trial(rater).id, 4, 2.0)
    careless = store.rater.rater_by_token(server.study.invite("Zoe", calibrations=0))
    due = store.rater.proceed(careless, "welcome")
    while not isinstance(due, Card) or due.can_proceed:
        if isinstance(due, Card):
            due = store.rater.proceed(careless, due.kind)
        else:
            due = store.rater.rate(careless, due.id, 3, 2.0).due

    browser = browse()
    page = browser.page
    page.goto(f"{server.address}/organiser")
    page.get_by_text("Sign in with the password").click()
    assert "room 12" not in page.content()
    page.fill("#password", "wrong password")
    page.click("button")
    assert "not the password" in page.inner_text("[role=alert]")
    page.fill("#password", server.password)
    page.click("button")
    page.get_by_text("16 of 24").first.wait_for()
    assert page.locator("[data-testid=stMetric]", has_text="Flagged").inner_text().endswith("1")
    table = page.locator("[data-testid=stDataFrame] canvas tbody tr")
    ann, zoe = (table.nth(row).inner_text() for row in range(2))
    assert "1 min" in ann, "eight more pictures"
    assert "constant" not in ann
    assert "constant" in zoe
    assert "finished" in zoe
    page.get_by_text("What the flags mean").click()
    page.get_by_text("the same score in 90 % of the ratings or more").wait_for()
    cookie = next(c for c in page.context.cookies() if c["name"] == "srbench_organiser")
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"

    store.rater.rate(rater, store.rater.next_trial(rater).id, 5, 2.0)
    page.get_by_text("17 of 24").first.wait_for(timeout=15_000)

    page.get_by_text("Data", exact=True).click()
    page.get_by_text("They are hidden for that reason").wait_for()
    assert page.get_by_text("mos", exact=True).count() == 0
    assert not any(kind == "peeked" for kind, _ in server.study.events())
    with page.expect_download() as download:
        page.get_by_role("link", name="csv").click()
    exported = download.value.path().read_text()
    assert exported.count("\n") == 18
    assert "Ann" not in exported
    assert ("exported", "csv") in server.study.events()
    assert ("peeked", "download of csv") in server.study.events()

    page.get_by_text("Show the mean opinion scores so far").click()
    page.get_by_text("mos", exact=True).first.wait_for(state="attached")
    assert ("peeked", "mean opinion scores") in server.study.events()

    page.get_by_text("Invite", exact=True).click()
    page.get_by_label("One line per rater").fill("Ben\nCleo")
    page.get_by_role("button", name="Make links").click()
    page.get_by_text("Copy the links now").wait_for()
    assert [each.label for each in store.organiser.raters(server.name)] == ["Ann in room 12", "Zoe", "Ben", "Cleo"]

    page.get_by_text("One rater", exact=True).click()
    page.get_by_role("button", name="New link").click()
    page.get_by_text("Copy the link now").wait_for()
    link = page.locator("code").inner_text().strip()
    assert store.rater.rater_by_token(token) is None
    assert store.rater.rater_by_token(link.rpartition("/")[2]).number == 1

    page.get_by_text("Pause or close").click()
    page.get_by_role("button", name="Pause").click()
    page.get_by_text("The study is paused").wait_for()
    assert store.organiser.study(server.name).state == "paused"
    page.get_by_role("button", name="Reopen").click()
    page.get_by_text("The study is open").wait_for()

    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/organiser/login")
    page.goto(f"{server.address}/organiser")
    page.get_by_text("Sign in with the password").wait_for()
    assert "room 12" not in page.content()
    store.close()


def test_a_button_stays_under_the_pointer_while_the_page_follows_a_click(serve, browse):
    server = serve()
    server.study.invite("Ann", calibrations=0)
    store = server.study.store
    page = browse().page
    page.goto(f"{server.address}/organiser/login")
    page.fill("#password", server.password)
    page.click("button")
    page.get_by_text("Invite", exact=True).click()
    page.get_by_label("One line per rater").fill("Ben\nCleo")
    page.get_by_role("button", name="Make links").click()
    page.get_by_text("Copy the links now").wait_for()
    page.get_by_text("One rater", exact=True).click()
    page.get_by_role("button", name="New link").click()
    page.get_by_text("Copy the link now").wait_for()
    page.get_by_text("Pause or close").click()
    page.get_by_role("button", name="Pause").click()
    page.get_by_text("The study is paused").wait_for()
    pressed = page.get_by_role("button", name="Reopen")
    pressed.scroll_into_view_if_needed()
    pressed.hover()
    before = pressed.bounding_box()
    page.mouse.down()
    server.study.invite("Dora", calibrations=0)
    page.locator("[data-testid=stMetricValue]").get_by_text("4", exact=True).wait_for()  # the page has come to rest
    after = pressed.bounding_box()  # the pointer is in its middle; a line above it may have grown by a pixel
    assert all(abs(after[side] - before[side]) < before["height"] / 4 for side in ("x", "y"))
    page.mouse.up()
    page.get_by_text("The study is open").wait_for()
    assert store.organiser.study(server.name).state == "open"
    assert page.get_by_text("Copy the links now").is_visible()
    assert page.get_by_text("Copy the link now").is_visible()
    store.close()

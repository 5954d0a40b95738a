"""Open links in a real browser: from the panel's page to the code that the panel wants, and who is turned away."""

from __future__ import annotations

import csv
import io

import pytest
import requests

from srbench.mos.study import Study


def study(server):
    return Study(server.name, server.study.folder.parent)


def link(server, name="", **values):
    recruited = study(server).recruit(values.pop("quota", 2), address=server.address, **values)
    return recruited.replace("{{%PROLIFIC_PID%}}", name).replace("%SURVEY_CODE%", name).replace("${workerId}", name)


def rate_everything(shown, server):
    shown.screen("welcome")
    shown.proceed()
    shown.screen("calibration")
    for position in range(1, 5):
        shown.shows(position, 4)
        store = server.study.store
        with store.database.read() as connection:
            query = (
                "SELECT trial.expected FROM trial JOIN rater ON rater.id = trial.rater_id "
                "WHERE trial.attempt = 1 AND trial.position = rater.position ORDER BY rater.number DESC LIMIT 1"
            )
            expected = connection.exec_driver_sql(query).scalar_one()
        store.close()
        shown.key(str(expected))
        shown.page.wait_for_selector(".learned:visible")
        shown.key("Enter")
    shown.screen("calibration_passed")
    shown.proceed()
    for position in range(1, 13):
        shown.shows(position)
        shown.key("3")
    shown.screen("finished")


def test_a_participant_comes_from_the_panel_rates_and_returns_to_it(serve, browse, tmp_path):
    server = serve(pass_fraction=0.5)
    name = "5f1e2d3c4b5a69788796a5b4"
    address = link(server, name, panel="prolific", completed="C0FFEE", failed="FA11ED", minutes=60)
    shown = browse()
    shown.page.goto(address)
    rate_everything(shown, server)
    back = shown.page.locator(".card-code a")
    assert back.get_attribute("href") == "https://app.prolific.com/submissions/complete?cc=C0FFEE"
    shown.page.goto(address)  # the panel's page leads to the same place
    shown.screen("finished")

    listed = tmp_path / "prolific.csv"
    listed.write_text(f"Participant id,Status\n{name},AWAITING REVIEW\nnobody,RETURNED\n")
    table = study(server).payments(listed)
    assert list(table["participant"]) == [name, "nobody"]
    assert list(table["outcome"]) == ["completed", "never-came"]
    assert table["rated"][0] == 12
    hashed = study(server).payments()
    assert name not in hashed.to_csv()
    files = [path.read_bytes() for path in server.study.folder.iterdir() if path.is_file()]
    assert not any(name.encode() in data for data in files), "the panel's name is nowhere on the server's disk"
    assert shown.errors == []


def test_the_address_to_return_to_gets_the_participants_name_in_the_browser_alone(serve, browse):
    server = serve(pass_fraction=0.5)
    credit = "https://school.example.org/credit?survey_code={id}"
    shown = browse()
    shown.page.goto(link(server, "4711", panel="sona", completed=credit))
    rate_everything(shown, server)
    href = shown.page.locator(".card-code a").get_attribute("href")
    assert href == "https://school.example.org/credit?survey_code=4711"


def test_who_comes_too_late_or_by_a_copied_link_learns_why(server, browse):
    address = link(server, "ann", panel="mturk", quota=1)
    first = browse()
    first.page.goto(address)
    first.screen("welcome")
    second = browse()
    second.page.goto(address.replace("ann", "ben"))
    second.screen("full")
    assert "all places are taken" in second.text()
    second.page.goto("about:blank")
    second.page.goto(address.partition("?")[0])
    second.screen("no_participant")
    second.page.goto("about:blank")
    second.page.goto(f"{server.address}/open/none")
    second.screen("no_link")


def test_without_a_panel_the_same_browser_keeps_its_place(server, browse):
    address = link(server, quota=1)
    shown = browse()
    for _ in range(2):
        shown.page.goto(address)
        shown.screen("welcome")


def test_a_device_that_is_not_taken_gets_the_code_for_it(serve, browse):
    server = serve()
    address = link(server, "ann", panel="mturk", screened_out="SC4EEN")
    phone = browse(window=(390, 740), has_touch=True, is_mobile=True)
    phone.page.goto(address)
    phone.screen("welcome")
    assert phone.page.locator(".card-code output").inner_text() == "SC4EEN"
    assert [row["outcome"] for row in csv.DictReader(io.StringIO(study(server).payments().to_csv()))] == [
        "screened-out"
    ]


@pytest.mark.parametrize("name", ["", "{{%25PROLIFIC_PID%25}}", "a" * 101, "ann%20b", "<b>", "ASSIGNMENT_ID"])
def test_an_address_without_a_usable_name_makes_no_rater(server, name):
    address = link(server, "", panel="prolific").partition("?")[0]
    before = len(study(server).progress())
    answer = requests.get(f"{address}?PROLIFIC_PID={name}", allow_redirects=False, timeout=20)
    assert answer.headers["Location"] == "/#no_participant"
    assert len(study(server).progress()) == before

"""Several server processes on one PostgreSQL study: any of them answers any request, and none of them can be missed."""

from __future__ import annotations

import threading

import pytest

from tests.mos.conftest import postgresql, store_url  # noqa: F401 - fixtures
from tests.mos_app.conftest import Server, make_study
from tests.mos_app.test_attacks import Client
from tests.mos_app.test_leaks import opened

pytestmark = pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)


@pytest.fixture
def two(tmp_path, store_url):  # noqa: F811 - pytest's way of asking for it
    study = make_study(tmp_path / "studies" / "tiny-study", url=store_url)
    servers = [Server(study, options=["--db", store_url]) for _ in range(2)]
    starting = [threading.Thread(target=server.start) for server in servers]
    for each in starting:  # at once: what is packed is packed once, and the secret is one
        each.start()
    for each in starting:
        each.join()
    yield servers
    for server in servers:
        server.stop()


def test_a_rater_goes_from_server_to_server_with_every_request(two):
    first, second = two
    token = first.study.invite(calibrations=0, ratings=12)
    here, there = Client(first, token), Client(second, token)
    assert here.ask("proceed", {"screen": "welcome"})[0] == 200
    state = there.state()
    for position in range(1, 7):
        assert state["position"] == position
        for each in state["ahead"]:
            status, sealed = there.send("GET", each["source"])
            assert status.status == 200, "an address that the other server made"
        source = state["pictures"][0]["source"]
        assert there.send("GET", source)[1] == here.send("GET", source)[1]
        sent = {"trial": state["trial"], "revision": 0, "score": 3, "seconds": 1.0}
        status, answer = here.ask("rate", sent)
        assert status == 200
        assert there.ask("rate", {**sent, "score": 5})[0] == 200  # a late repetition, to the other server
        state = there.state()
        if position < 6:
            assert state["screen"] == answer["next"]["screen"]
        if state["screen"] == "break":
            state = here.ask("proceed", {"screen": "break"})[1]
        names = {each["name"] for each in state["ahead"]}
        assert names == {each["name"] for each in here.state()["ahead"]}, "both call a picture the same"
    assert first.study.scores(token) == [3] * 6

    ahead = state["ahead"][0]
    sealed = there.send("GET", ahead["source"])[1]
    while ahead["name"] != state["pictures"][0]["name"]:
        sent = {"trial": state["trial"], "revision": 0, "score": 2, "seconds": 1.0}
        state = here.ask("rate", sent)[1]["next"]
    assert opened(sealed, state["pictures"][0]["key"])[4:8] == b"RIFF", "sealed by one, opened with the other's key"


def test_when_one_server_is_killed_the_other_goes_on_where_it_was(two):
    first, second = two
    token = first.study.invite(calibrations=0)
    client = Client(first, token)
    state = client.begin()
    sent = {"trial": state["trial"], "revision": 0, "score": 4, "seconds": 1.0}
    assert client.ask("rate", sent)[0] == 200
    first.kill()
    other = Client(second, token)
    assert other.ask("rate", sent)[0] == 200, "the page sends again what it heard no answer to"
    assert other.state()["position"] == 2
    assert second.study.scores(token) == [4]

"""Attacks on the rating page's server: each is refused, changes nothing, and is written to the log."""

from __future__ import annotations

import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest


class Client:
    """A program that sends what it likes, as one rater or as nobody."""

    def __init__(self, server, token=""):
        self.server = server
        self.token = token
        self.home = server.home(token)

    def send(self, method, path, body=b"", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
        sent = {"Host": f"localhost:{self.server.port}", "Origin": self.server.address}
        sent |= {"Cookie": f"srbench_rater={self.token}"} if self.token else {}
        sent |= {"Content-Type": "application/json"} if method == "POST" else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {k: v for k, v in sent.items() if v is not None})
        response = connection.getresponse()
        data = response.read()
        connection.close()
        return response, data

    def ask(self, action, body, **headers):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        response, data = self.send("POST", f"{self.home}{action}", content, **headers)
        return response.status, json.loads(data) if data[:1] == b"{" else {}

    def state(self):
        status, state = self.ask("next", {})
        assert status == 200
        return state

    def begin(self):
        assert self.ask("proceed", {"screen": "welcome"})[0] == 200
        return self.state()


@pytest.fixture
def rater(server):
    client = Client(server, server.study.invite(calibrations=0))
    client.begin()
    return client


def answer(state, **changes):
    return {"trial": state["trial"], "revision": 0, "score": 3, "seconds": 1.5} | changes


def test_a_rater_can_neither_rate_nor_see_what_is_anothers(server, rater):
    other = Client(server, server.study.invite(calibrations=0))
    state = other.begin()
    assert rater.ask("rate", answer(state)) == (403, {"error": "foreign"})
    source = state["pictures"][0]["source"]
    assert rater.send("GET", source)[0].status == 404
    assert rater.send("GET", source.replace(other.home, rater.home))[0].status == 404
    assert rater.send("POST", f"{other.home}next", b"{}")[0].status == 401
    assert other.send("GET", state["pictures"][0]["source"])[0].status == 200
    assert other.state()["position"] == 1
    assert server.study.scores(other.token) == []
    assert "refused foreign" in server.log()
    assert "refused ticket" in server.log()


@pytest.mark.parametrize("cookie", ["x", "A" * 43, "' OR 1=1 --", "../../ratings.db", "a" * 4000])
def test_forged_cookies_open_nothing(server, cookie):
    stranger = Client(server, cookie)
    assert stranger.ask("next", {})[0] == 401
    assert stranger.ask("rate", {"trial": "0" * 32, "revision": 0, "score": 3, "seconds": 1})[0] == 401
    assert stranger.send("GET", f"{stranger.home}picture/AAAA")[0].status == 404
    assert "refused token" in server.log()


def test_what_comes_later_can_be_fetched_but_not_read(server, rater):
    state = rater.state()
    first, second = state["ahead"]
    response, data = rater.send("GET", first["source"])
    assert response.status == 200
    assert b"WEBP" not in data
    for source in (first["source"], second["source"].replace("/sealed/", "/picture/")):
        assert rater.send("GET", source)[0].status == 404, "neither twice nor in the clear"
    other = Client(server, server.study.invite(calibrations=0))
    assert other.send("GET", second["source"].replace(rater.home, other.home))[0].status == 404


def test_a_cookie_with_control_characters_is_no_http(server):
    assert Client(server, "\x7f\x01").send("POST", "/rating/00000000/next", "{}")[0].status == 400


def test_without_a_cookie_nothing_is_answered(server):
    assert Client(server).ask("next", {}) == (401, {"error": "token"})


@pytest.mark.parametrize(
    "changes",
    [{"score": score} for score in (0, 6, -1, 3.5, "3", True, None, 1e300, [3], 10**30)]
    + [{"seconds": seconds} for seconds in (-1, "1", None, True, 1e9)]
    + [{"revision": revision} for revision in (1, -1, "0", None, 10**9)]
    + [{"trial": trial} for trial in (1, None, "", "0" * 32, "x" * 65, "'; DROP TABLE rating; --", "../1", "\x00")],
    ids=repr,
)
def test_answers_outside_of_the_scale_are_refused(rater, changes):
    state = rater.state()
    status, said = rater.ask("rate", answer(state, **changes))
    assert status in {400, 403, 409}
    assert said["error"] in {"content", "score", "foreign", "not-due"}
    assert rater.state()["position"] == 1
    assert rater.server.study.scores(rater.token) == []
    assert f"refused {said['error']}" in rater.server.log()


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"3", b"{", b"\xff\xfe", b'{"score": NaN}', b"[" * 4000, b"{" + b" " * 5000 + b"}"], ids=len
)
def test_what_is_no_json_object_is_refused(rater, body):
    assert rater.ask("rate", body)[0] == 400


def test_a_rating_before_the_minimum_time_is_refused(rater):
    assert rater.ask("rate", answer(rater.state(), seconds=0.01)) == (409, {"error": "early"})


def test_a_replayed_rating_changes_nothing(rater):
    sent = answer(rater.state(), score=2)
    assert rater.ask("rate", sent)[0] == 200
    status, again = rater.ask("rate", sent)
    assert (status, again["next"]["position"]) == (200, 2)
    assert rater.ask("rate", sent | {"score": 5})[0] == 200
    assert rater.ask("rate", sent | {"score": 5, "revision": 1})[0] == 200
    assert rater.server.study.scores(rater.token) == [2]
    assert any(kind == "repeated" for kind, _ in rater.server.study.events())


def test_another_site_can_make_a_browser_neither_rate_nor_read(rater):
    sent = json.dumps(answer(rater.state())).encode()
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": f"http://localhost.evil.example:{rater.server.port}"},
        {"Origin": None, "Sec_Fetch_Site": "cross-site"},
        {"Origin": None, "Sec_Fetch_Site": "same-site"},
    ):
        response, _ = rater.send("POST", f"{rater.home}rate", sent, **headers)
        assert response.status == 403
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert rater.send("POST", f"{rater.home}rate", sent, Content_Type=kind)[0].status == 400
    response, _ = rater.send("GET", f"{rater.home}next", Origin="https://evil.example")
    assert response.status == 404
    assert response.getheader("Access-Control-Allow-Origin") is None
    assert rater.server.study.scores(rater.token) == []
    assert "refused origin" in rater.server.log()


def test_a_websocket_of_another_site_is_refused(server):
    headers = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    }
    response, _ = Client(server).send("GET", "/_stcore/stream", Origin="https://evil.example", **headers)
    assert response.status == 403
    response, _ = Client(server).send("GET", "/_stcore/stream", Host="evil.example", **headers)
    assert response.status == 403


def test_other_host_names_are_refused(server):
    """Otherwise a name that an attacker points at this address (DNS rebinding) would make its pages same-origin."""
    for host in ("evil.example", f"evil.example:{server.port}", "localhost.evil.example", "", "["):
        response, _ = Client(server).send("GET", "/", Host=host)
        assert response.status in {400, 421}, host
    assert "refused host" in server.log()


@pytest.mark.parametrize(
    "path",
    [
        "HOMEpicture/../../ratings.db",
        "HOMEpicture/%2e%2e%2f%2e%2e%2fratings.db",
        "HOMEpicture/..%5c..%5cratings.db",
        "HOMEpicture/%00",
        "/join/../ratings.db",
        "/../../../../etc/passwd",
        "/static/../../../../../../etc/passwd",
        "/static/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/stimuli/",
        "/server.key",
        "/ratings.db",
        "/app/static/ratings.db",
        "/media/x.png",
        "/_stcore/metrics",
        "/_stcore/agent/openapi.json",
        "/component/x/index.html",
    ],
)
def test_no_path_leads_to_files(server, rater, path):
    response, data = rater.send("GET", path.replace("HOME", rater.home))
    for secret in (b"SQLite format", b"root:", (server.study.folder / "server.key").read_bytes().strip()):
        assert secret not in data
    # Streamlit answers unknown pages with its empty shell, which holds nothing of the study.
    assert response.status in {301, 303, 400, 404, 421} or b"<title>Streamlit</title>" in data


def test_nothing_can_be_uploaded(rater):
    assert rater.send("PUT", "/_stcore/upload_file/a/b", b"x")[0].status == 404
    assert rater.send("POST", "/_stcore/upload_file/a/b", b"x")[0].status == 404


def test_names_are_stored_as_text_whatever_they_hold(server):
    name = "Robert'); DROP TABLE rating; -- <script>alert(1)</script>"
    client = Client(server, server.study.invite(name, calibrations=0))
    client.begin()
    assert client.ask("rate", answer(client.state()))[0] == 200
    store = server.study.store
    assert store.organiser.raters(server.name)[-1].label == name
    store.close()


def test_a_flood_of_requests_is_slowed_down(server):
    client = Client(server, server.study.invite(calibrations=0))
    assert [client.ask("next", {})[0] for _ in range(40)] == [200] * 40
    with ThreadPoolExecutor(16) as threads:  # one after the other is no flood where the machine is busy
        assert 429 in set(threads.map(lambda _: client.ask("next", {})[0], range(300)))
    other = Client(server, server.study.invite(calibrations=0))
    assert other.ask("next", {})[0] == 200


def test_the_cookie_of_a_link_cannot_be_read_by_scripts_or_sent_by_other_sites(server):
    token = server.study.invite()
    response, _ = Client(server).send("GET", f"/join/{token}")
    cookie = response.getheader("Set-Cookie")
    assert response.status == 303
    assert f"Path={server.home(token)};" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert response.getheader("Location") == server.home(token)
    assert response.getheader("Cache-Control") == "no-store"
    assert response.getheader("Referrer-Policy") == "same-origin"


def test_tokens_are_neither_stored_nor_logged(server):
    token = server.study.invite(calibrations=0)
    client = Client(server, token)
    client.send("GET", f"/join/{token}")
    client.send("GET", f"/join/{token}x")
    client.begin()
    for path in server.study.folder.rglob("*"):
        if path.is_file():
            assert token.encode() not in path.read_bytes(), path.name


def test_every_page_forbids_framing_foreign_content_and_guessing_types(server):
    for path in ("/", "/organiser", "/organiser/login", "/join/x"):
        response, _ = Client(server).send("GET", path)
        assert "frame-ancestors 'none'" in response.getheader("Content-Security-Policy")
        assert response.getheader("X-Content-Type-Options") == "nosniff"
        assert response.getheader("X-Frame-Options") == "DENY"


def test_the_server_listens_on_the_loopback_only(server):
    listening = []
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and int(fields[1].split(":")[1], 16) == server.port:
            listening.append(fields[1].split(":")[0])
    assert listening == ["0100007F"]


def test_a_revoked_link_stops_working_in_the_session_that_it_opened(server):
    client = Client(server, server.study.invite(calibrations=0))
    client.begin()
    store = server.study.store
    number = max(rater.number for rater in store.organiser.raters(server.name))
    sent = answer(client.state())
    store.organiser.revoke_link(server.name, number)
    store.close()
    for action, body in (("next", {}), ("rate", sent), ("undo", {})):
        assert client.ask(action, body) == (401, {"error": "token"})
    assert client.send("GET", "/join/" + "A" * 43)[0].status == 303


@pytest.mark.parametrize(("options", "shown"), [((), "127.0.0.1"), (("--proxy", "127.0.0.1"), "203.0.113.9")])
def test_who_a_client_is_is_believed_from_a_configured_proxy_alone(serve, options, shown):
    server = serve(options=options)
    client = Client(server)
    statuses = []
    for last in range(14):
        said = "203.0.113.9" if last == 0 else f"203.0.113.{100 + last}"
        form = {"Content-Type": "application/x-www-form-urlencoded", "X-Forwarded-For": said}
        statuses.append(client.send("POST", "/organiser/login", b"password=guess", **form)[0].status)
    assert f"refused password: '/organiser/login' from {shown}" in server.log()
    assert (429 in statuses) == (not options), "a made-up address must not buy more guesses"

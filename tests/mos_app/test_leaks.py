"""Nothing that reaches a rater's browser tells which method made an image, in which order, or whether it repeats."""

from __future__ import annotations

import base64
import http.client
import json
import re
import time
import urllib.request
from dataclasses import dataclass
from urllib.parse import urlsplit

import numpy as np
import pytest
import requests
import scipy.stats
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GroupKFold, cross_val_predict

from srbench.mos.site import packing
from srbench.mos.study import Study
from tests.mos_app.conftest import METHODS
from tests.mos_app.designs import invite

TEXTS = (
    "srgan",
    "srresnet",
    "vgg",
    "nearest",
    "bicubic",
    "set5",
    "bsds",
    "butterfly",
    "baby",
    "woman",
    "tiny-",
    ".png",
)
WORDS = re.compile(r"\b(hr|repeat|retest|expected|method|dataset|stimulus)\b", re.IGNORECASE)
PRIVATE = ("/rating/", "/join/")


def test_a_whole_session_reveals_nothing(server, browse):
    study = server.study
    secret = {s.id for s in study.stimuli} | {s.sha256 for s in study.stimuli}
    token = study.invite("Ann Example")
    page = browse()
    answers = []
    page.page.on("response", lambda response: answers.append(response))
    page.page.on("websocket", lambda socket: pytest.fail(f"a websocket to {socket.url}"))
    page.page.goto(server.link(token))
    page.screen("welcome")
    page.proceed()
    page.practise([1, 5, 1, 5])
    page.screen("calibration_passed")
    page.proceed()
    for position in range(1, 7):
        page.shows(position)
        page.key("3")
    page.screen("break")

    page.page.wait_for_load_state("networkidle")

    own = [answer for answer in answers if urlsplit(answer.url).path.startswith(PRIVATE)]
    pictures = [answer for answer in own if re.search("/(picture|sealed)/", answer.url)]
    steps = [answer for answer in own if answer.request.method == "POST"]
    assert len(pictures) >= 12, "ten were shown, and two are held for after the break"
    assert sum("/sealed/" in answer.url for answer in pictures) >= 10, "none but the first two was fetched at its turn"
    # Bodies of pictures are bytes without a meaning: chance spells words in them.
    texts = [answer.text() for answer in steps]
    texts += [json.dumps(answer.all_headers()) for answer in own]
    texts += [answer.url for answer in answers]
    for text in texts:
        assert not secret & set(re.findall(r"[0-9a-f]{32,64}", text))
        assert "Ann Example" not in text
    # Random tickets are taken out first: chance spells short words in them.
    for text in [re.sub(r"[\w+/=-]{20,}", "", t) for t in texts]:
        for name in TEXTS:
            assert name not in text.lower(), name
    for text in [answer.text() for answer in steps]:
        assert not WORDS.search(text.replace('"expected"', "")), text
    assert token not in page.page.content()
    assert not any(answer.url.endswith((".js", ".css", ".woff2")) for answer in answers), "nothing of Streamlit"

    assert {len(answer.body()) for answer in pictures if "/sealed/" in answer.url} == {65536 + 16}
    lengths = {"date", "content-length"}
    headers = [{k: v for k, v in answer.all_headers().items() if k not in lengths} for answer in pictures]
    assert all(header == headers[0] for header in headers)
    assert len({answer.all_headers()["content-length"] for answer in steps}) == 1
    for header in (answer.all_headers() for answer in own):
        assert not {"etag", "last-modified", "content-disposition", "server-timing"} & set(header)
        assert header["cache-control"] == "no-store"
    addresses = [urlsplit(answer.url).path for answer in pictures]
    assert len(set(addresses)) == len(addresses)
    assert len({len(address.rpartition("/")[2]) for address in addresses}) == 1


def test_what_the_browser_holds_is_opened_by_the_key_of_its_turn_alone(serve):
    server = serve(pass_fraction=0.0)
    crawl = Crawl(server, link_token(server))
    crawl.run()
    assert len(crawl.turns) == 12
    assert all(turn.sealed for turn in crawl.turns), "every picture could be fetched before its turn"
    keys: list[str] = []
    for turn in crawl.turns:
        for key in keys:
            with pytest.raises(InvalidTag):
                opened(turn.sealed, key)
        assert packing.unpack(opened(turn.sealed, turn.key))[:4] == b"RIFF"
        keys.append(turn.key)


def test_a_classifier_over_all_that_a_browser_receives_guesses_the_method_at_chance(serve, capsys):
    server = serve(pass_fraction=0.0)
    raters = 24
    turns, groups = [], []
    for number in range(raters):
        crawl = Crawl(server, link_token(server))
        crawl.run()
        turns += [(turn, crawl.methods[turn.trial]) for turn in crawl.turns]
        groups += [number] * len(crawl.turns)
    received = np.array([turn.received() for turn, _ in turns])
    methods = np.array([method for _, method in turns])
    right = guessed_right(received, methods, groups)
    chance = scipy.stats.binomtest(right, len(turns), 1 / len(METHODS), alternative="greater").pvalue
    lengths = np.array([len(packing.unpack(opened(turn.sealed, turn.key))) for turn, _ in turns])
    unpadded = guessed_right(np.column_stack([received, lengths]), methods, groups)
    with capsys.disabled():
        print(
            f"\n{len(METHODS)} methods, {len(turns)} trials, {received.shape[1]} facts about each: guessed right "
            f"{right / len(turns):.1%}, by chance {1 / len(METHODS):.1%} (p {chance:.2f}); with the sizes before "
            f"padding {unpadded / len(turns):.1%}"
        )
    assert chance > 1e-4
    assert unpadded > 0.35 * len(turns), "a classifier that finds nothing where there is something proves nothing"


@pytest.mark.parametrize(
    ("design", "settings"),
    [
        ("pc", {"ties": True, "repeats": 1}),
        ("pc", {"selection": "active", "trials_per_rater": 6}),
        ("dcr", {"layout": "flicker"}),
    ],
)
def test_gold_and_repeats_look_like_every_other_trial(run, enter, design, settings):
    server = run(
        design, practice=2, pass_fraction=0.0, gold=1, pictures=4, versions=("nearest", "srgan", "hr"), **settings
    )
    rater = enter(server)(invite(server.study)[0])
    state, seen, lengths = rater.arrive(), [], set()
    while state["screen"] != "finished":
        if "trial" not in state:
            state = rater.post("proceed", {"screen": state["screen"]})
            continue
        if state["screen"] == "trial":
            seen.append(state)
        body = {"trial": state["trial"], "revision": 0, "score": 1, "seconds": 1.0}
        _, data = rater.ask("rate", body)
        lengths.add(len(data))
        state = json.loads(data)["next"]
    assert len(lengths) == 1
    assert not re.search(r"gold|repeat|check|purpose|expected", re.sub(r"[\w+/=-]{20,}", "", json.dumps(seen)))
    assert all(state.keys() == seen[0].keys() and state["trap"] is None for state in seen)
    # Each trial but the last two is followed by two whose pictures may be held; by active selection none is.
    held = {len(state["ahead"]) for state in seen[:-2]}
    assert held == ({0} if "selection" in settings else {4})


@dataclass
class Turn:
    """All that a browser receives of one trial."""

    trial: str
    key: str
    sealed: bytes
    facts: list[float]

    def received(self):
        random = bytes.fromhex(self.trial) + base64.b64decode(self.key) + self.sealed[:16]
        return [*self.facts, len(self.sealed), *random]


class Crawl:
    """One rater's whole session, with the requests of the page and a clock beside them."""

    def __init__(self, server, token):
        self.server = server
        self.token = token
        self.connection = http.client.HTTPConnection("localhost", server.port, timeout=60)
        self.home = server.home(token)
        self.held = {}
        self.turns = []

    def run(self):
        state = self.ask("next", {})
        while state["screen"] != "finished":
            if "trial" not in state:
                self.fetch_ahead(state)
                state = self.ask("proceed", {"screen": state["screen"]})
                continue
            if state["screen"] == "trial":
                self.turn(state)
            self.fetch_ahead(state)
            state = self.ask("rate", {"trial": state["trial"], "revision": 0, "score": 3, "seconds": 1.0})["next"]
        self.connection.close()
        self.methods = methods_of(self.server)

    def turn(self, state):
        (picture,) = state["pictures"]
        sealed, facts = self.held.get(picture["name"], (b"", [0.0] * 6))
        answer = [len(picture["source"]), int(picture["name"][:8], 16), self.length, self.seconds]
        self.turns.append(Turn(state["trial"], picture["key"], sealed, [*facts, *answer]))

    def fetch_ahead(self, state):
        for place, each in enumerate(state["ahead"]):
            if each["name"] in self.held:
                continue
            start = time.perf_counter()
            self.connection.request("GET", each["source"], headers={"Cookie": f"srbench_rater={self.token}"})
            answer = self.connection.getresponse()
            begun = time.perf_counter() - start
            data = answer.read()
            took = time.perf_counter() - start
            assert answer.status == 200
            head = len(str(answer.headers))
            self.held[each["name"]] = (data, [place, len(state["ahead"]), begun, took, head, len(each["source"])])

    def ask(self, action, body):
        headers = {"Content-Type": "application/json", "Cookie": f"srbench_rater={self.token}"}
        start = time.perf_counter()
        self.connection.request("POST", self.home + action, json.dumps(body), headers)
        answer = self.connection.getresponse()
        data = answer.read()
        self.length, self.seconds = len(data), time.perf_counter() - start
        assert answer.status == 200, data
        return json.loads(data)


def link_token(server):
    link = Study(server.name, server.study.folder.parent).invite(1)["link"][0]
    return link.rpartition("/")[2]


def methods_of(server):
    store = server.study.store
    with store.database.read() as connection:
        query = "SELECT trial.id, stimulus.method FROM trial JOIN stimulus ON stimulus.id = trial.stimulus_id"
        rows = connection.exec_driver_sql(query).all()
    store.close()
    return dict(tuple(row) for row in rows)


def opened(sealed, key):
    return AESGCM(base64.b64decode(key)).decrypt(bytes(12), sealed, None)


def guessed_right(received, methods, groups):
    """Return how many methods a forest guesses that has learned from the other raters."""
    forest = RandomForestClassifier(200, random_state=1)
    guesses = cross_val_predict(forest, received, methods, groups=groups, cv=GroupKFold(6))
    return int((guesses == methods).sum())


def test_only_practice_names_the_expected_score(server):
    token = server.study.invite(calibrations=0)
    ask(server, token, "proceed", {"screen": "welcome"})
    state = ask(server, token, "next", {})
    answer = ask(server, token, "rate", {"trial": state["trial"], "revision": 0, "score": 3, "seconds": 1.0})
    assert answer["feedback"] is None


def test_the_address_of_a_picture_differs_every_time_and_serves_once(server):
    token = server.study.invite(calibrations=0)
    ask(server, token, "proceed", {"screen": "welcome"})
    sources = [ask(server, token, "next", {})["pictures"][0]["source"] for _ in range(20)]
    assert len(set(sources)) == 20
    assert len({source.rsplit("/", 1)[1][:8] for source in sources}) == 20
    assert fetch(server, token, sources[0]) == 200
    assert fetch(server, token, sources[0]) == 404
    assert fetch(server, token, sources[1]) == 200


def ask(server, token, action, body):
    request = urllib.request.Request(
        f"{server.address}{server.home(token)}{action}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Cookie": f"srbench_rater={token}", "Origin": server.address},
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def fetch(server, token, path):
    return requests.get(server.address + path, headers={"Cookie": f"srbench_rater={token}"}, timeout=60).status_code

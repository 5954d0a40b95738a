"""Nothing that reaches a rater's browser tells which method made an image, in which order, or whether it repeats."""

from __future__ import annotations

import json
import re
import struct
import urllib.request
from urllib.parse import urlsplit

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
    answers, frames = [], []
    page.page.on("response", lambda response: answers.append(response))
    page.page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(frame)))
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

    own = [answer for answer in answers if urlsplit(answer.url).path.startswith(PRIVATE)]
    pictures = [answer for answer in own if "/rating/picture/" in answer.url]
    steps = [answer for answer in own if answer.request.method == "POST"]
    assert len(pictures) == 10
    # Bodies of pictures are pixels: chance spells words in them. Their chunks are checked below.
    texts = [answer.text() for answer in steps]
    texts += [json.dumps(answer.all_headers()) for answer in own]
    texts += [answer.url for answer in answers]
    texts += [frame if isinstance(frame, str) else frame.decode("utf-8", "replace") for frame in frames]
    for text in texts:
        assert not secret & set(re.findall(r"[0-9a-f]{32,64}", text))
        assert "Ann Example" not in text
    # Random tickets are taken out first: chance spells short words in them.
    for text in [re.sub(r"[\w-]{20,}", "", t) for t in texts if len(t) < 20_000]:  # longer: the page's own program
        for name in TEXTS:
            assert name not in text.lower().replace("favicon.png", ""), name
    for text in [answer.text() for answer in steps]:
        assert not WORDS.search(text.replace("/rating/picture", "").replace('"expected"', "")), text
    assert token not in page.page.content()

    sizes: dict[tuple[int, int], set[int]] = {}
    for answer in pictures:
        sizes.setdefault(struct.unpack_from(">II", answer.body(), 16), set()).add(len(answer.body()))
    for shape, found in sizes.items():
        # Two practice images and one that is rated have the smallest shape; a flat version alone would be a few bytes.
        assert len(found) == 1 or shape == (160, 120)
        assert max(found) < 1.02 * min(found)
    lengths = {"date", "content-length"}
    headers = [{k: v for k, v in answer.all_headers().items() if k not in lengths} for answer in pictures]
    assert all(header == headers[0] for header in headers)
    assert len({answer.all_headers()["content-length"] for answer in steps}) == 1
    for header in (answer.all_headers() for answer in own):
        assert not {"etag", "last-modified", "content-disposition", "server-timing"} & set(header)
        assert header["cache-control"] == "no-store"
    addresses = [urlsplit(answer.url).path for answer in pictures]
    assert len(set(addresses)) == len(addresses)
    assert len({len(address) for address in addresses}) == 1
    for answer in pictures:
        assert chunks(answer.body()) == [b"IHDR", b"IDAT", b"paDd", b"IEND"]


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


def chunks(data):
    kinds, at = [], 8
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        kinds += [] if kinds and kinds[-1] == kind else [kind]
        at += length + 12
    return kinds


def ask(server, token, action, body):
    request = urllib.request.Request(
        f"{server.address}/rating/{action}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Cookie": f"srbench_rater={token}", "Origin": server.address},
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def fetch(server, token, path):
    request = urllib.request.Request(server.address + path, headers={"Cookie": f"srbench_rater={token}"})
    try:
        with urllib.request.urlopen(request) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code

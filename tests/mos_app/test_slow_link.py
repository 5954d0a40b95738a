"""At 200 kbit/s: a small first page, the next picture there before its turn, and a word while one loads."""

from __future__ import annotations

import time

import pytest

LINK = {"latency": 100, "downloadThroughput": 200_000 / 8, "uploadThroughput": 200_000 / 8, "offline": False}
FIRST_PAGE = 250_000  # bytes
PICTURE = 65536  # bytes of each of the small study's pictures


class Network:
    """What a browser receives over a link that Chromium slows down."""

    def __init__(self, page):
        self.page = page.page
        self.devtools = page.page.context.new_cdp_session(page.page)
        self.devtools.send("Network.enable")
        self.devtools.send("Network.emulateNetworkConditions", LINK)
        self.addresses = {}
        self.received = {}
        self.devtools.on("Network.requestWillBeSent", self.note_address)
        self.devtools.on("Network.loadingFinished", self.note_size)

    def note_address(self, event):
        self.addresses[event["requestId"]] = event["request"]["url"]

    def note_size(self, event):
        self.received[event["requestId"]] = event["encodedDataLength"]

    def wait(self, kind, count):
        """Wait until so many of a kind have come whole."""
        deadline = time.monotonic() + 90
        while self.fetched(kind) < count:
            assert time.monotonic() < deadline, f"{self.fetched(kind)} of {count} {kind} came"
            self.page.wait_for_timeout(50)

    def bytes(self, kind=""):
        return sum(size for key, size in self.received.items() if kind in self.addresses[key])

    def fetched(self, kind):
        return sum(kind in self.addresses[key] for key in self.received)


@pytest.fixture
def slow(server, browse):
    page = browse()
    network = Network(page)
    page.page.goto(server.link(server.study.invite(calibrations=0)))
    return page, network


def test_the_first_page_is_within_its_budget_and_the_first_two_pictures_come_while_it_is_read(slow, capsys):
    page, network = slow
    page.screen("welcome")
    page.page.wait_for_selector(".proceed:visible")
    first = network.bytes() - network.bytes("/sealed/")
    network.wait("/sealed/", 2)
    with capsys.disabled():
        print(f"\nfirst page: {first / 1000:.0f} kB of {FIRST_PAGE / 1000:.0f} kB")
    assert 5_000 < first < FIRST_PAGE
    page.proceed()
    page.shows(1)
    assert network.fetched("/picture/") == 0, "the first picture was there already"
    assert page.errors == []


def test_the_next_picture_is_shown_at_once_when_it_came_before_its_turn(slow):
    page, network = slow
    page.screen("welcome")
    for position in range(1, 4):
        network.wait("/sealed/", position + 1)
        if position == 1:
            page.proceed()
        page.shows(position)
        assert not page.page.locator(".loading").is_visible()
        page.key("3")
    page.shows(4)
    assert network.fetched("/picture/") == 0
    assert network.bytes("/sealed/") == pytest.approx(network.fetched("/sealed/") * PICTURE, rel=0.02)


def test_a_picture_that_did_not_come_before_its_turn_is_loaded_with_a_word_about_it(slow):
    page, network = slow
    page.page.route("**/sealed/**", lambda route: route.abort())
    page.screen("welcome")
    page.proceed()
    page.page.wait_for_selector(".loading:visible")
    assert page.page.inner_text(".loading") == "The image is loading."
    page.key("3")  # nothing to rate yet
    page.shows(1)
    assert not page.page.locator(".loading").is_visible()
    assert network.fetched("/picture/") == 1
    page.key("4")
    page.shows(2)


def test_without_cryptography_in_the_browser_pictures_come_at_their_turn(server, browse):
    page = browse()
    page.page.add_init_script("Object.defineProperty(window.crypto, 'subtle', { value: undefined })")
    network = Network(page)
    page.page.goto(server.link(server.study.invite(calibrations=0)))
    page.screen("welcome")
    page.proceed()
    page.shows(1)
    page.key("3")
    page.shows(2)
    assert network.fetched("/sealed/") == 0
    assert network.fetched("/picture/") == 2
    assert page.errors == []

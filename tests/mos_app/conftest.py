"""A small real study, a real server in its own process, and a real browser."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from srbench import images
from srbench.mos.design import registration, studyfile
from srbench.mos.design.questionnaire import Question
from srbench.mos.design.study import ImageSet, StudyDesign
from srbench.mos.store.definitions import ScheduledTrial, Settings, Stimulus
from srbench.mos.store.stores import Store

STUDY = "tiny-study"
PASSWORD = "correct horse battery"
METHODS = ("nearest", "srgan-vgg54", "srresnet-mse", "hr")
PICTURES = ("butterfly", "baby", "woman")
DATASET = "set5"
MINIMUM_SECONDS = 0.2
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class TinyStudy:
    """A study of 3 pictures in 4 versions, 2 sessions, and 4 practice images."""

    folder: Path
    url: str
    stimuli: list[Stimulus] = field(default_factory=list)

    @property
    def store(self) -> Store:
        return Store.open(self.url)

    def invite(self, label: str | None = None, calibrations: int = 4, ratings: int = 12) -> str:
        store = self.store
        practice = [s for s in self.stimuli if s.role == "calibration"][:calibrations]
        shown = [s for s in self.stimuli if s.role == "rating"]
        trials = [
            ScheduledTrial(attempt, place, 1, s.id, None, 5 if s.method == "hr" else 1)
            for attempt in (1, 2)
            for place, s in enumerate(practice, start=1)
        ]
        trials += [
            ScheduledTrial(0, place + 1, 1 + place * 2 // ratings, shown[place * 7 % len(shown)].id)
            for place in range(ratings)
        ]
        token = store.organiser.add_rater(STUDY, store.organiser.next_number(STUDY), trials, label)
        store.close()
        return token

    def scores(self, token: str) -> list[int]:
        """Return what this rater's ratings are now, in the order of the trials."""
        store = self.store
        number = store.rater.rater_by_token(token).number
        code = next(rater.code for rater in store.organiser.raters(STUDY) if rater.number == number)
        frame = store.analyst.ratings(STUDY)
        store.close()
        return list(frame[frame["rater"] == code].sort_values("trial")["score"])

    def events(self) -> list[tuple[str, str]]:
        store = self.store
        with store.database.read() as connection:
            rows = connection.exec_driver_sql("SELECT kind, detail FROM event ORDER BY id").all()
        store.close()
        return [(kind, detail) for kind, detail in rows]


def make_study(
    folder: Path,
    consent: dict[str, str] | None = None,
    questions: Sequence[Question] = (),
    url: str = "",
    size: tuple[int, int] = (120, 160),
    **settings: Any,
) -> TinyStudy:
    """Write stimuli whose pixels differ from their neighbours, so that any resampling shows."""
    rng = np.random.default_rng(5)
    study = TinyStudy(folder, url or f"sqlite:///{folder / 'ratings.db'}")

    def add(role: str, dataset: str, image: str, method: str, height: int, width: int) -> None:
        noise = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        flat = np.full_like(noise, int(rng.integers(0, 256)))
        pixels = flat if method == "nearest" else noise  # compresses well or not at all
        key = secrets.token_hex(16)
        sha256 = images.write(folder / "stimuli" / f"{key}.png", pixels)
        study.stimuli.append(Stimulus(key, role, dataset, image, method, 0, sha256, width, height))  # type: ignore[arg-type]

    height, width = size
    for place in range(2):
        for method in ("nearest", "hr"):
            add("calibration", "bsds300-train", f"practice{place}", method, height, width)
    for place, picture in enumerate(PICTURES):
        for method in METHODS:
            add("rating", DATASET, picture, method, height + 3 * place, width + 5 * place)
    chosen = Settings(minimum_seconds=MINIMUM_SECONDS, **settings)
    planned = StudyDesign(
        STUDY, 1, (ImageSet(DATASET, METHODS, PICTURES),), chosen, stimuli=tuple(study.stimuli),
        consent=consent or {}, questions=tuple(questions),
    )  # fmt: skip
    store = study.store
    (folder / "study.toml").write_text(studyfile.write(planned), encoding="utf-8")
    registration.freeze(folder, store.organiser)
    store.close()
    return study


class Server:
    """One server process; `kill` is kill -9."""

    name = STUDY
    password = PASSWORD
    methods = METHODS
    minimum_seconds = MINIMUM_SECONDS

    def __init__(self, study: TinyStudy, password_hash: str = "", options: Sequence[str] = ()) -> None:
        self.study = study
        self.options = options
        self.port = free_port()
        self.password_hash = password_hash
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"

    def start(self) -> Server:
        log = (self.study.folder / "output.log").open("ab")
        folder = self.study.folder
        command = [sys.executable, "-m", "srbench", "mos", "serve", STUDY, "--dir", str(folder.parent)]
        command += ["--port", str(self.port), *self.options]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "SRBENCH_STUDY_PASSWORD_HASH": self.password_hash}
        self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder)
        log.close()
        for _ in range(600):
            if self.process.poll() is not None:
                pytest.fail((self.study.folder / "output.log").read_text())
            with contextlib.suppress(requests.RequestException):
                if requests.get(f"{self.address}/_stcore/health", timeout=1).ok:
                    return self
            time.sleep(0.05)
        pytest.fail("the server did not start in 30 seconds")

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.kill()

    def link(self, token: str) -> str:
        return f"{self.address}/join/{token}"

    def home(self, token: str) -> str:
        """Return below which path a rater's page and requests are; for strangers a path of nobody."""
        store = self.study.store
        rater = store.rater.rater_by_token(token)
        store.close()
        return f"/rating/{rater.code if rater else '00000000'}/"

    def log(self) -> str:
        path = self.study.folder / "server.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def password_hash() -> str:
    from srbench.mos.site.organiser import hash_password

    return hash_password(PASSWORD)


class Page:
    """A browser's page with the study on it; a thin layer of words over Playwright's page."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.errors: list[str] = []
        page.set_default_timeout(90_000)  # of a machine on which all tests run at once
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def screen(self, name: str) -> None:
        """Wait for a card or for the first image of a part: `welcome`, `calibration`, `trial`, ..."""
        self.page.wait_for_selector(f'.page[data-screen="{name}"]')

    def proceed(self) -> None:
        self.page.click(".proceed")

    def shows(self, position: int, total: int = 12) -> None:
        """Wait until the image of this position is on the screen and may be rated."""
        self.page.wait_for_selector(f'.stage[aria-label="Image {position} of {total}"]')
        self.page.wait_for_selector('.page[data-armed="true"]')

    def key(self, name: str) -> None:
        self.page.keyboard.press(name)

    def click(self, score: int) -> None:
        self.page.click(f'.scale button[data-score="{score}"]')

    def practise(self, scores: Sequence[int]) -> None:
        """Rate the practice images and read what they count."""
        for position, score in enumerate(scores, start=1):
            self.shows(position, len(scores))
            self.key(str(score))
            self.page.wait_for_selector(".learned:visible")
            self.key("Enter")

    def text(self) -> str:
        return str(self.page.locator(".card").inner_text())


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser; skips when there is none."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("needs Chromium: install Debian's package 'chromium'")
    return path


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    """Playwright; one for a module, as its start takes a second of a processor."""
    api = pytest.importorskip("playwright.sync_api", reason="needs Playwright to drive the browser")
    with api.sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="module")
def browser(driver: Any, chromium: str) -> Iterator[Any]:
    """The browser of a module, without any page."""
    browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture
def browse(browser: Any, driver: Any, chromium: str, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """A function that opens a page of a fresh profile; `ratio` sets its devicePixelRatio, in a browser of its own."""
    contexts = []

    def start(
        ratio: float | None = None, window: tuple[int, int] = (1000, 700), locale: str = "en-GB", **more: Any
    ) -> Page:
        if ratio is None:
            view = {"width": window[0], "height": window[1]}
            contexts.append(browser.new_context(viewport=view, locale=locale, **more))
            return Page(contexts[-1].new_page())
        # Playwright's own emulation of a ratio is not what a screen does.
        flags = [*FLAGS, f"--force-device-scale-factor={ratio}", f"--window-size={window[0]},{window[1]}"]
        context = driver.chromium.launch_persistent_context(
            tmp_path / f"profile{len(contexts)}", executable_path=chromium, args=flags, locale=locale, no_viewport=True,
            **more,
        )  # fmt: skip
        contexts.append(context)
        return Page(context.pages[0])

    yield start
    for context in contexts:
        context.close()


@pytest.fixture
def prepare(tmp_path: Path, password_hash: str) -> Iterator[Callable[..., Server]]:
    """A function that makes a new small study and its server, which is not started yet."""
    servers: list[Server] = []

    def make(with_password: bool = True, options: Sequence[str] = (), **settings: Any) -> Server:
        study = make_study(tmp_path / f"studies{len(servers)}" / STUDY, **settings)
        servers.append(Server(study, password_hash if with_password else "", options))
        return servers[-1]

    yield make
    for server in servers:
        server.stop()


@pytest.fixture
def serve(prepare: Callable[..., Server]) -> Callable[..., Server]:
    """A function that starts a server on a new small study."""
    return lambda **options: prepare(**options).start()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, password_hash: str) -> Iterator[Server]:
    """A server that the tests of one module share."""
    server = Server(make_study(tmp_path_factory.mktemp("studies") / STUDY), password_hash).start()
    yield server
    server.stop()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """A function that opens a study of a design and starts its server."""
    from tests.mos_app.designs import make_designed

    servers: list[Server] = []

    def start(design: str = "pc", **settings: Any) -> Server:
        study = make_designed(tmp_path / f"studies{len(servers)}" / STUDY, design, **settings)
        servers.append(Server(study).start())
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def enter() -> Iterator[Callable[[Server], Callable[[str], Any]]]:
    """A function that returns how tokens become raters of a server; their connections are closed at the end."""
    from tests.mos_app.designs import HttpRater

    raters: list[Any] = []

    def of(server: Server) -> Callable[[str], Any]:
        def rater(token: str) -> Any:
            raters.append(HttpRater(server, token))
            return raters[-1]

        return rater

    yield of
    for rater in raters:
        rater.connection.close()

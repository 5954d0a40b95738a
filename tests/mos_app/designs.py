"""Small studies of any design whose pictures show how good they are, and raters who see nothing but these pictures."""

from __future__ import annotations

import http.client
import json
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from srbench import images
from srbench.mos.design import invitations, registration, studyfile
from srbench.mos.design.study import Calibration, ImageSet, StudyDesign
from srbench.mos.site import packing
from srbench.mos.store.definitions import DESIGNS, Settings, Stimulus
from tests.mos_app.conftest import STUDY, Server, TinyStudy

DEVICE = {
    "device": "desktop", "pixel_ratio": 1.0, "screen_width": 1920, "screen_height": 1080, "window_width": 1900,
    "window_height": 980, "room_width": 1900, "room_height": 850, "browser": "a program", "language": "en",
    "utc_offset": 0,
}  # fmt: skip
LEVELS = {"nearest": 40.0, "bicubic": 30.0, "srcnn": 22.0, "srresnet": 15.0, "srgan": 8.0, "hr": 1.0}
"""Standard deviation of the noise of each version: the less, the better."""
SIZE = (36, 44)


def paint(sd: float, source: np.random.Generator) -> images.Image:
    """Return a smooth picture with noise."""
    smooth = 128 + 40 * np.outer(np.sin(np.linspace(0, 3, SIZE[0])), np.cos(np.linspace(0, 3, SIZE[1])))
    noisy = smooth[..., None] + source.normal(0, sd, (*SIZE, 3))
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def noise_of(picture: bytes) -> float:
    """Return how noisy a picture looks: what a rater of these tests goes by."""
    values = images.decode(picture).astype(np.float64)
    return float(np.std(np.diff(values, axis=1)))


def make_designed(
    folder: Path,
    design: str,
    *,
    versions: Sequence[str] = tuple(LEVELS),
    pictures: int = 3,
    practice: int = 2,
    parts: dict[str, Any] | None = None,
    **settings: Any,
) -> TinyStudy:
    """Write and open a study with a real schedule; `parts` are further entries of the `StudyDesign`."""
    source = np.random.default_rng(5)
    study = TinyStudy(folder, f"sqlite:///{folder / 'ratings.db'}")

    def add(role: str, dataset: str, image: str, method: str) -> None:
        key = secrets.token_hex(16)
        sha256 = images.write(folder / "stimuli" / f"{key}.png", paint(LEVELS[method], source))
        shown = Stimulus(key, role, dataset, image, method, 0, sha256, SIZE[1], SIZE[0])  # type: ignore[arg-type]
        study.stimuli.append(shown)

    names = tuple(f"picture{number:02d}" for number in range(pictures))
    for name in names:
        for method in versions:
            add("rating", "set5", name, method)
        if DESIGNS[design].shows == "beside-original":
            add("reference", "set5", name, "hr")
    for number in range(practice):
        for method in ("nearest", "hr"):
            add("calibration", "bsds300-train", f"practice{number}", method)
    shown = DESIGNS[design]
    chosen = {"minimum_seconds": 0.1, "seconds_per_trial": shown.seconds, "tolerance": shown.tolerance, **settings}
    planned = StudyDesign(
        STUDY, 1, (ImageSet("set5", tuple(versions), names),), Settings(design, **chosen),
        calibration=Calibration(count=practice), stimuli=tuple(study.stimuli), **(parts or {}),
    )  # fmt: skip
    (folder / "study.toml").write_text(studyfile.write(planned), encoding="utf-8")
    with study.store as store:
        registration.freeze(folder, store.organiser)
    return study


def invite(study: TinyStudy, count: int = 1) -> list[str]:
    """Return the tokens of new raters."""
    with study.store as store:
        return [each.token for each in invitations.invite(store.organiser, STUDY, count)]


class HttpRater:
    """A rater who speaks the page's protocol: whatever it knows, it got from the server."""

    def __init__(self, server: Server, token: str) -> None:
        self.connection = http.client.HTTPConnection("localhost", server.port, timeout=60)
        self.home = server.home(token)
        self.cookie = {"Cookie": f"srbench_rater={token}", "Origin": server.address}

    def ask(self, action: str, body: dict[str, Any] | None = None) -> tuple[int, bytes]:
        """Ask as the page does; return the status and what was answered."""
        headers = {**self.cookie, "Content-Type": "application/json"}
        self.connection.request("POST", self.home + action, json.dumps(body or {}), headers)
        response = self.connection.getresponse()
        return response.status, response.read()

    def post(self, action: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask as the page does; anything but success is an error of the test."""
        status, data = self.ask(action, body)
        assert status == 200, (action, body, data)
        found: dict[str, Any] = json.loads(data)
        return found

    def get(self, path: str) -> bytes:
        """Return what lies at an address."""
        self.connection.request("GET", path, headers=self.cookie)
        response = self.connection.getresponse()
        data = response.read()
        assert response.status == 200, (path, data)
        return data

    def arrive(self) -> dict[str, Any]:
        """Open the page and leave the welcome."""
        self.post("next")
        self.post("arrive", DEVICE)
        return self.post("proceed", {"screen": "welcome", **DEVICE})

    def noises(self, state: dict[str, Any]) -> list[float]:
        """Look at the pictures of a trial."""
        return [noise_of(packing.unpack(self.get(picture["source"]))) for picture in state["pictures"]]

    def rate(self, state: dict[str, Any], score: int) -> dict[str, Any]:
        """Answer a trial and return what comes next."""
        body = {"trial": state["trial"], "revision": state["revision"], "score": score, "seconds": 1.0}
        answer = self.post("rate", body)
        following: dict[str, Any] = answer["next"]
        return following

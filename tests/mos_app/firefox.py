"""Firefox as a person would use it, through WebDriver BiDi: real keys, real clicks, and what the page shows."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import subprocess
import time
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

PREFERENCES = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "intl.accept_languages": "en-GB, en",
    "toolkit.telemetry.enabled": False,
}
KEYS = {"Enter": "\ue007", "Tab": "\ue004", "Backspace": "\ue003"}
SECONDS = 90.0  # of a machine on which all tests run at once


class Firefox:
    """One window of a Firefox with a fresh profile.

    Args:
        program: Path of the program.
        profile: Folder for its profile.
        window: Width and height of the page in CSS pixels.
    """

    def __init__(self, program: str, profile: Path, window: tuple[int, int] = (1000, 700)) -> None:
        profile.mkdir()
        lines = (f'user_pref("{name}", {json.dumps(value)});' for name, value in PREFERENCES.items())
        (profile / "user.js").write_text("\n".join(lines), encoding="utf-8")
        command = [program, "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", "0"]
        log = (profile / "output.log").open("w", encoding="utf-8")
        environment = {**os.environ, "HOME": str(profile)}
        self._process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        log.close()
        self._numbers = itertools.count(1)
        self._ending = contextlib.ExitStack()
        self._ending.callback(self._end)
        try:
            address = f"{self._address(profile / 'output.log')}/session"
            self._socket = self._ending.enter_context(connect(address, max_size=2**26))
            self._begin(window)
        except BaseException:
            self._ending.close()
            raise

    def _begin(self, window: tuple[int, int]) -> None:
        self.version = self._ask("session.new", {"capabilities": {}})["capabilities"]["browserVersion"]
        self.errors: list[str] = []
        self._ask("session.subscribe", {"events": ["log.entryAdded"]})
        # Without a screen the tab that the browser begins with has no focus, and its buttons ignore the keyboard.
        self._page = self._ask("browsingContext.create", {"type": "tab"})["context"]
        size = dict(zip(("width", "height"), window, strict=True))
        self._ask("browsingContext.setViewport", {"context": self._page, "viewport": size})

    def _address(self, output: Path) -> str:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            if found := re.search(r"WebDriver BiDi listening on (ws://\S+)", output.read_text(encoding="utf-8")):
                return found[1]
            time.sleep(0.05)
        raise RuntimeError(f"Firefox does not listen: {output.read_text(encoding='utf-8')[-1000:]}")

    def _ask(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv(timeout=SECONDS))
            if answer.get("method") == "log.entryAdded" and answer["params"]["level"] == "error":
                self.errors.append(str(answer["params"]["text"]))
            if answer.get("id") == number:
                if answer["type"] == "error":
                    raise RuntimeError(f"{method}: {answer['error']}: {answer['message']}")
                result: dict[str, Any] = answer["result"]
                return result

    def open(self, address: str) -> None:
        """Go to an address and wait until the page is there."""
        self._ask("browsingContext.navigate", {"context": self._page, "url": address, "wait": "complete"})

    def value(self, expression: str) -> Any:
        """Return what a JavaScript expression is, as JSON carries it."""
        script = {"expression": f"JSON.stringify({expression})", "target": {"context": self._page}}
        answer = self._ask("script.evaluate", {**script, "awaitPromise": True})
        if answer["type"] != "success":
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']['text']}")
        text = answer["result"].get("value")
        return None if text is None else json.loads(text)

    def wait(self, expression: str) -> None:
        """Wait until an expression is true."""
        deadline = time.monotonic() + SECONDS
        while not self.value(f"Boolean({expression})"):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{expression} did not become true; the page says: {self.text('body')[:500]}")
            time.sleep(0.03)

    def text(self, selector: str) -> str:
        """Return the visible text of an element."""
        return str(self.value(f"document.querySelector({json.dumps(selector)}).innerText"))

    def key(self, name: str) -> None:
        """Press a key and let it go."""
        code = KEYS.get(name, name)
        strokes = [{"type": "keyDown", "value": code}, {"type": "keyUp", "value": code}]
        self._act({"type": "key", "id": "keyboard", "actions": strokes})

    def click(self, selector: str) -> None:
        """Press the mouse in the middle of an element."""
        self.wait(f"document.querySelector({json.dumps(selector)})")
        middle = """((selector) => {
            const node = document.querySelector(selector);
            node.scrollIntoView({block: "center"});
            const box = node.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
        })"""
        x, y = self.value(f"{middle}({json.dumps(selector)})")
        moves = [{"type": "pointerMove", "x": round(x), "y": round(y)}]
        moves += [{"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp")]
        self._act({"type": "pointer", "id": "mouse", "actions": moves})

    def _act(self, source: dict[str, Any]) -> None:
        self._ask("input.performActions", {"context": self._page, "actions": [source]})

    def picture(self) -> str:
        """Return the page as it is drawn: a PNG in base64."""
        return str(self._ask("browsingContext.captureScreenshot", {"context": self._page})["data"])

    def close(self) -> None:
        """End the browser."""
        self._ending.close()

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

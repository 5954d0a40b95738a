"""Refusals in words: a browser's window that is refused something gets a page, and a program what it understands."""

from __future__ import annotations

import html
import json
import math
import string
from collections.abc import Mapping
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response

from srbench import content
from srbench.mos.design.languages import ENGLISH

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from srbench.mos.design.languages import Texts

NOTICE = "notice_"
"""How keys of texts begin that stand on these pages alone."""

ORGANISER = "/organiser"

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_KINDS = {421: "host", 429: "wait", 404: "missing", 405: "missing", 410: "missing"}
_OF_ORGANISER = {
    "wait": "The sign-in is closed for {seconds} seconds, because it was opened or tried many times from your address. "
    "Then try again. Whoever runs the server can set a new password (srbench mos password NAME) and start it again.",
    "missing": "The organiser's pages have nothing under this address.",
}
"""Texts for the organiser, whose pages speak English, where those for raters would not help."""


def plain(title: str, body: str, status: int = 200, language: str = ENGLISH) -> HTMLResponse:
    """Return a page without anything around it; `body` is HTML, `title` is text."""
    page = (content.folder("mos_app") / "plain.html").read_text(encoding="utf-8")
    filled = string.Template(page).substitute(language=language, title=html.escape(title), body=body)
    return HTMLResponse(filled, status)


class Notices:
    """ASGI middleware: what a browser's window would show as JSON or bare text becomes a page in its language.

    Answers to programs, to the rating page's own requests and to images stay as they are. An answer of bare text that
    is a sentence is kept as the page's text.

    Args:
        app: Whose answers are looked at.
        texts: The texts of every language.
        language: The one for browsers that ask for none of them.
    """

    def __init__(self, app: ASGIApp, texts: Mapping[str, Texts], language: str = ENGLISH) -> None:
        self._app = app
        self._texts = texts
        self._language = language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and look at the answer."""
        if scope["type"] != "http" or not asks_for_page(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        refused: Message | None = None
        said = b""

        async def listening(message: Message) -> None:
            nonlocal refused, said
            if message["type"] == "http.response.start" and _is_bare_refusal(message):
                refused = message
            elif refused is None:
                await send(message)
            elif message["type"] == "http.response.body":
                said += message.get("body", b"")
                if not message.get("more_body"):
                    await self._page(scope, refused, said)(scope, receive, send)

        await self._app(scope, receive, listening)

    def _page(self, scope: Scope, refused: Message, said: bytes) -> Response:
        status, headers = int(refused["status"]), Headers(raw=refused["headers"])
        language = self._language_of(scope)
        kind = _kind(status, said)
        texts = self._texts[language]
        title, text = (texts[f"{NOTICE}{kind}_{part}"] for part in ("title", "text"))
        if scope["path"].startswith(ORGANISER):
            text = _OF_ORGANISER.get(kind, text)
        text = _sentence(said) or text.replace("{seconds}", headers.get("retry-after", "1"))
        link = _link(scope, kind, texts)
        body = f"<h1>{html.escape(title)}</h1>\n<p>{html.escape(text)}</p>\n{link}"
        page = plain(title, body, status, language)
        page.headers.update({name: value for name, value in headers.items() if not name.startswith("content-")})
        page.headers["Content-Security-Policy"] = _POLICY
        return page

    def _language_of(self, scope: Scope) -> str:
        if scope["path"].startswith(ORGANISER):
            return ENGLISH
        asked = Headers(scope=scope).get("accept-language", "")
        tags = (part.partition(";")[0].strip().partition("-")[0].lower() for part in asked.split(","))
        return next((tag for tag in tags if tag in self._texts), self._language)


def asks_for_page(headers: Headers) -> bool:
    """Return whether a browser's window asks, and not a program or a page's own code."""
    return "text/html" in headers.get("accept", "") and headers.get("sec-fetch-mode", "navigate") == "navigate"


def waits(seconds: float) -> dict[str, str]:
    """Return the header that says when to come again: no sooner than in two seconds, which no language says by one."""
    return {"Retry-After": str(max(2, math.ceil(seconds)))}


def _is_bare_refusal(message: Message) -> bool:
    kind = Headers(raw=message["headers"]).get("content-type", "")
    return int(message["status"]) >= 400 and not kind.startswith("text/html")


def _kind(status: int, said: bytes) -> str:
    if status >= 500:
        return "failed"
    return "origin" if status == 403 and b'"origin"' in said else _KINDS.get(status, "refused")


def _sentence(said: bytes) -> str:
    """Return an answer of ours that is a sentence; others are words for programs."""
    text = said.decode("utf-8", "replace").strip()
    try:
        json.loads(text)
    except ValueError:
        return text if text.endswith(".") else ""
    return ""


def _link(scope: Scope, kind: str, texts: Texts) -> str:
    if scope["path"].startswith(ORGANISER):
        return '<p><a href="/organiser">To the organiser\'s page</a></p>'
    if kind in ("wait", "failed") and scope["method"] == "GET":
        return f'<p><a href="">{html.escape(texts["broken_proceed"])}</a></p>'
    return ""

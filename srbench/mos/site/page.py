"""The rating page: one small document of our own, with its style, its program and its texts in it."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from srbench.mos.site.notices import NOTICE

if TYPE_CHECKING:
    from starlette.requests import Request

    from srbench.mos.design.languages import Spoken

_LAST = "rating.js"
"""The part of the program that begins; every other part only declares what it needs."""

_FIRST = "rating.css"

_DOCUMENT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Image quality</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
{body}
<script id="data" type="application/json">{data}</script>
<script>{program}</script>
</body>
</html>
"""


class RatingPage:
    """Sends the rating page, which is the same for every rater: whose it is, its address says.

    It comes as one compressed document, because on a slow link every further request costs a wait. Nothing in it is
    drawn from the study but the language, so its length tells nothing.

    Args:
        folder: `mos_app`, with `rating/`.
        spoken: The languages of the study.
        language: Language for browsers that ask for none that is there.
    """

    def __init__(self, folder: Path, spoken: Spoken, language: str) -> None:
        parts = sorted((folder / "rating").glob("*.js"), key=lambda path: (path.name == _LAST, path.name))
        program = "\n".join(["'use strict';", *(_text(path) for path in parts)])
        styles = sorted((folder / "rating").glob("*.css"), key=lambda path: (path.name != _FIRST, path.name))
        style = "\n".join(_text(path) for path in styles)
        words = {
            code: {key: text for key, text in texts.items() if not key.startswith(NOTICE)}
            for code, texts in spoken.texts.items()
        }
        data = json.dumps({"languages": words, "fallbacks": spoken.fallbacks, "language": language}, ensure_ascii=False)
        document = _DOCUMENT.format(
            style=style,
            body=_text(folder / "rating" / "rating.html"),
            data=data.replace("<", "\\u003c"),  # no text may end the element that it stands in
            program=program,
        )
        self._plain = document.encode()
        self._compressed = gzip.compress(self._plain, mtime=0)
        self._policy = (
            f"default-src 'none'; script-src '{_source(program)}'; style-src '{_source(style)}'; "
            "img-src 'self' blob: data:; connect-src 'self'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )

    def routes(self) -> list[Route]:
        """Return the routes, to be mounted at the root of the site."""
        return [
            Route("/", self._send, methods=["GET", "HEAD"]),
            Route("/rating/{rater}/", self._send, methods=["GET", "HEAD"]),
        ]

    def _send(self, request: Request) -> Response:
        compressed = "gzip" in request.headers.get("accept-encoding", "")
        headers = {"Content-Security-Policy": self._policy, "Vary": "Accept-Encoding"}
        if compressed:
            headers["Content-Encoding"] = "gzip"
        return Response(self._compressed if compressed else self._plain, media_type="text/html", headers=headers)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip()


def _source(text: str) -> str:
    """Return what names an element of exactly this text to the browser, which runs and applies no other."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"

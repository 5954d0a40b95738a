"""The doorkeeper of the study's server: hosts, origins, sizes, rates, headers, and a log of what was refused."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse

from srbench.mos.site.notices import waits

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    RawHeaders: TypeAlias = list[tuple[bytes, bytes]]

logger = logging.getLogger("srbench.mos.site.server")

PRIVATE = ("/rating/", "/join/", "/open/", "/organiser/")
"""Addresses of our own, as the root is: never cached, never validated by ETag; nothing about a trial is compressed."""

_BLOCKED = ("/_stcore/upload_file", "/_stcore/metrics", "/_stcore/agent", "/component/", "/media/")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS = {
    # Streamlit's bundle builds styles and worker code at run time, hence the inline styles and blob: scripts.
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval' blob:; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; "
        "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Referrer-Policy": "same-origin",  # with no-referrer browsers send forms with Origin: null
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_ALWAYS = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]
_PRIVATE = [*_ALWAYS, (b"cache-control", b"no-store")]
_REPLACED = frozenset({b"cache-control", b"etag", b"last-modified", b"accept-ranges"})
"""What no answer below `PRIVATE` says of its own."""


@dataclass
class Limit:
    """A token bucket per client: `burst` requests at once, then `rate` per second.

    >>> limit = Limit(rate=0.1, burst=2)
    >>> [limit.wait("a", now=0.0), limit.wait("a", now=0.0), limit.wait("a", now=0.0)]
    [0.0, 0.0, 10.0]
    """

    rate: float
    burst: float
    _levels: dict[str, tuple[float, float]] = field(default_factory=dict, repr=False)

    def wait(self, client: str, now: float | None = None) -> float:
        """Take one request from the client's bucket; return 0, or the seconds until there will be one."""
        now = time.monotonic() if now is None else now
        level, at = self._levels.pop(client, (self.burst, now))
        level = min(self.burst, level + (now - at) * self.rate)
        allowed = level >= 1
        self._levels[client] = (level - 1 if allowed else level, now)
        if len(self._levels) > 10_000:  # whoever was silent longest has a full bucket again
            del self._levels[next(iter(self._levels))]
        return 0.0 if allowed else (1 - level) / self.rate


class Guard:
    """ASGI middleware around the whole site.

    Args:
        app: What is guarded.
        private: What answers below `PRIVATE`: it needs neither Streamlit's sessions nor its compression.
        hosts: Host names, without ports, under which the site may be reached; `*` allows all.
        limits: How often one client may ask for addresses that begin like this.
    """

    def __init__(self, app: ASGIApp, private: ASGIApp, hosts: Collection[str], limits: Mapping[str, Limit]) -> None:
        self._app = app
        self._private = private
        self._hosts = frozenset(host.lower() for host in hosts)
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        reason = self._objection(scope, headers)
        if reason is not None:
            await self._refuse(scope, receive, send, *reason)
            return
        private = scope["path"] == "/" or scope["path"].startswith(PRIVATE)

        async def guarded_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _dressed(message.get("headers", []), private)
            await send(message)

        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
        else:
            await (self._private if private else self._app)(scope, receive, guarded_send)

    def _objection(self, scope: Scope, headers: Headers) -> tuple[int, str, float] | None:
        """Return status, reason and seconds to wait of a refusal; None for what may pass."""
        path: str = scope["path"]
        host = headers.get("host", "")
        if "*" not in self._hosts and _host_name(host) not in self._hosts:
            return 421, "host", 0.0
        origin = headers.get("origin")
        unsafe = scope["type"] == "websocket" or scope["method"] not in _SAFE_METHODS
        # Browsers send Origin with these; a request without it comes from a program, which has no cookie to abuse.
        if unsafe and origin is not None and origin.partition("://")[2] != host:
            return 403, "origin", 0.0
        if unsafe and origin is None and headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
            return 403, "origin", 0.0
        if path.startswith(_BLOCKED):
            return 404, "path", 0.0
        for prefix, limit in self._limits.items():
            if path.startswith(prefix) and (seconds := limit.wait(_client(scope))):
                return 429, "rate", seconds
        return None

    @staticmethod
    async def _refuse(scope: Scope, receive: Receive, send: Send, status: int, reason: str, seconds: float) -> None:
        log_refused(scope, reason)
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        response = JSONResponse({"error": reason}, status, headers=waits(seconds) if seconds else None)
        response.raw_headers = _dressed(response.raw_headers, private=True)
        await response(scope, receive, send)


def log_refused(scope: Scope, reason: str, rater: int | None = None) -> None:
    """Write to the log that a request was refused; tokens in its address are left out."""
    path = scope["path"]
    shown = "/".join(path.split("/")[:2]) + "/..." if path.startswith(("/join/", "/open/")) else path
    # repr keeps an attacker's line breaks from forging lines of the log.
    logger.warning("refused %s: %r from %s%s", reason, shown[:200], _client(scope), f" rater {rater}" if rater else "")


def _host_name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:  # an unfinished IPv6 address
        return None


def _client(scope: Scope) -> str:
    return str(scope["client"][0]) if scope.get("client") else "?"


def _dressed(headers: RawHeaders, private: bool) -> RawHeaders:
    """Return the headers of an answer with ours, whose names are in small letters as ASGI wants them."""
    own = [header for header in headers if header[0] not in _REPLACED] if private else list(headers)
    present = {name for name, _ in own}
    return own + [header for header in (_PRIVATE if private else _ALWAYS) if header[0] not in present]

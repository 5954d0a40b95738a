"""Who may see the organiser's pages: a password or an OIDC account, and signed, short-lived leave to export."""

from __future__ import annotations

import hashlib
import hmac
import html
import os
import secrets
import string
import time
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from srbench import content
from srbench.errors import StudyError
from srbench.images import write_atomically
from srbench.mos.site.guard import log_refused
from srbench.mos.site.notices import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

COOKIE = "srbench_organiser"
SESSION_SECONDS = 12 * 3600
EXPORT_SECONDS = 600
EXPORT_FORMATS = {
    "csv": "ratings.csv",
    "parquet": "ratings.parquet",
    "long": "ratings_long.csv",
    "sureal": "ratings.json",
    "archive": "study.zip",
}
"""What can be downloaded, and what the file is called."""
SHORTEST_PASSWORD = 10

HASH_VARIABLE = "SRBENCH_STUDY_PASSWORD_HASH"
"""Where the hash of the password may come from instead of the study's folder."""

_HASH_FILE = "organiser.hash"
_SCRYPT = {"n": 2**15, "r": 8, "p": 1}
_SCRYPT_MEMORY = 64 * 2**20
_LARGEST_FORM = 2048


def hash_password(password: str) -> str:
    """Return what is stored of a password: `scrypt$n$r$p$salt$hash`.

    Raises:
        StudyError: It is shorter than ten characters.
    """
    if len(password) < SHORTEST_PASSWORD:
        raise StudyError(f"Expected a password of {SHORTEST_PASSWORD} characters or more, got {len(password)}.")
    salt = secrets.token_bytes(16)
    parameters = "$".join(str(value) for value in _SCRYPT.values())
    return f"scrypt${parameters}${salt.hex()}${_scrypt(password, salt, **_SCRYPT).hex()}"


def write_password(folder: Path, password: str) -> Path:
    """Store the hash of the password of the study in `folder`, for the owner of the file alone.

    Raises:
        StudyError: The password is too short.
    """
    path = folder / _HASH_FILE
    write_atomically(path, f"{hash_password(password)}\n".encode())
    path.chmod(0o600)
    return path


def read_password_hash(folder: Path) -> str | None:
    """Return the hash from the environment, which wins, or from the study's folder; None where no password is set."""
    given, path = os.environ.get(HASH_VARIABLE), folder / _HASH_FILE
    if given is None and path.is_file():
        given = path.read_text(encoding="ascii")
    return given.strip() or None if given else None


def check_password(password: str, stored: str) -> bool:
    """Return whether `password` is the one that `stored` was made from.

    Raises:
        StudyError: `stored` is not what `hash_password` returns.
    """
    try:
        name, n, r, p, salt, digest = stored.strip().split("$")
        expected, found = bytes.fromhex(digest), _scrypt(password, bytes.fromhex(salt), n=int(n), r=int(r), p=int(p))
    except ValueError:
        name, expected, found = "", b"", b""
    if name != "scrypt":
        raise StudyError("Expected a password hash as `srbench mos password` writes it, got something else.")
    return hmac.compare_digest(expected, found)


def _scrypt(password: str, salt: bytes, *, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=_SCRYPT_MEMORY, dklen=32)


class Gate:
    """Lets organisers in, and nobody when neither a password nor an account is set.

    Args:
        key: The server's secret.
        password_hash: What `hash_password` returned, or None.
        accounts: Mail addresses of OIDC accounts that `st.login` may bring.
        export: Returns the study's data in one of `EXPORT_FORMATS`.
    """

    def __init__(
        self,
        key: bytes,
        password_hash: str | None = None,
        accounts: Collection[str] = (),
        export: Callable[[str], bytes] | None = None,
    ) -> None:
        # The password is part of the key: changing it ends every session.
        self._key = hmac.digest(key, f"organiser:{password_hash}".encode(), "sha256")
        self._password_hash = password_hash
        self._accounts = frozenset(account.strip().lower() for account in accounts if account.strip())
        self._export = export

    @property
    def takes_password(self) -> bool:
        """Whether a password opens the gate."""
        return self._password_hash is not None

    @property
    def takes_accounts(self) -> bool:
        """Whether accounts of an OIDC provider open the gate."""
        return bool(self._accounts)

    def admits(self, cookie: str | None, account: str | None = None) -> bool:
        """Return whether the holder of this cookie, or of this verified OIDC account, is an organiser."""
        if account is not None and account.lower() in self._accounts:
            return True
        return self.takes_password and cookie is not None and self._is_sealed("session", cookie)

    def export_address(self, kind: str) -> str:
        """Return an address that serves the study's data for ten minutes."""
        return f"/organiser/export/{kind}/{self._seal(f'export-{kind}', EXPORT_SECONDS)}"

    def routes(self) -> list[Route]:
        """Return the routes, to be mounted at the root of the site."""
        return [
            Route("/organiser/login", self._login_form, methods=["GET"]),
            Route("/organiser/login", self._login, methods=["POST"]),
            Route("/organiser/logout", self._logout, methods=["POST"]),
            Route("/organiser/export/{kind}/{seal}", self._send_export, methods=["GET"]),
        ]

    def _login_form(self, _request: Request) -> Response:
        if not self.takes_password:
            return Response("No password is set. Set one with srbench mos password, and start the server again.", 404)
        return _form("")

    async def _login(self, request: Request) -> Response:
        data = b""
        async for chunk in request.stream():
            data += chunk
            if len(data) > _LARGEST_FORM:
                return Response("The form is too large.", 400)
        password = parse_qs(data.decode("utf-8", "replace")).get("password", [""])[0]
        if self._password_hash is None or not await run_in_threadpool(check_password, password, self._password_hash):
            log_refused(request.scope, "password")
            return _form("This is not the password.", 403)
        response = RedirectResponse("/organiser", 303)
        response.set_cookie(
            COOKIE, self._seal("session", SESSION_SECONDS), max_age=SESSION_SECONDS, path="/", httponly=True,
            samesite="strict", secure=request.url.scheme == "https",
        )  # fmt: skip
        return response

    def _logout(self, _request: Request) -> Response:
        response = RedirectResponse("/organiser/login", 303)
        response.delete_cookie(COOKIE, path="/")
        return response

    def _send_export(self, request: Request) -> Response:
        kind = request.path_params["kind"]
        sealed = self._is_sealed(f"export-{kind}", request.path_params["seal"])
        if not sealed or kind not in EXPORT_FORMATS or self._export is None:
            log_refused(request.scope, "export")
            return Response("Links to downloads hold for ten minutes. Take a new one from the organiser's page.", 403)
        disposition = {"Content-Disposition": f'attachment; filename="{EXPORT_FORMATS[kind]}"'}
        try:
            data = self._export(kind)
        except StudyError as error:  # pairs have no scores of single pictures
            return Response(str(error), 409)
        return Response(data, media_type="application/octet-stream", headers=disposition)

    def _seal(self, purpose: str, seconds: int) -> str:
        body = f"{int(time.time()) + seconds}-{secrets.token_hex(8)}"
        return f"{body}-{self._mac(purpose, body)}"

    def _is_sealed(self, purpose: str, seal: str) -> bool:
        body, _, mac = seal.rpartition("-")
        expires = body.partition("-")[0]
        genuine = hmac.compare_digest(mac.encode(), self._mac(purpose, body).encode())
        return genuine and expires.isdigit() and time.time() < int(expires)

    def _mac(self, purpose: str, body: str) -> str:
        return hmac.digest(self._key, f"{purpose}:{body}".encode(), "sha256").hex()


def _form(message: str, status: int = 200) -> Response:
    form = (content.folder("mos_app") / "login.html").read_text(encoding="utf-8")
    return plain("Organiser", string.Template(form).substitute(message=html.escape(message)), status)

"""Serves one study: the rating page, its routes and the organiser's pages, with settings that are safe by default."""

from __future__ import annotations

import hmac
import ipaddress
import logging
import logging.handlers
import os
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Route

from srbench import content
from srbench.errors import StudyError, unknown
from srbench.mos.design import invitations, languages
from srbench.mos.design.active import ActiveSelection
from srbench.mos.design.registration import frozen
from srbench.mos.site import address as place
from srbench.mos.site import health, packing
from srbench.mos.site.asking import Asking
from srbench.mos.site.entrance import EntranceRoutes
from srbench.mos.site.guard import PRIVATE, Guard, Limit, logger
from srbench.mos.site.notices import Notices
from srbench.mos.site.organiser import Gate
from srbench.mos.site.page import RatingPage
from srbench.mos.site.pictures import Pictures
from srbench.mos.site.rating import RatingRoutes
from srbench.mos.site.screening import Screenings
from srbench.mos.site.shown import Shown
from srbench.mos.store.archive import archive
from srbench.mos.store.formats import encode
from srbench.mos.store.stores import Store

if TYPE_CHECKING:
    import streamlit
    from starlette.requests import Request

    from srbench.mos.design.languages import Spoken
    from srbench.mos.design.study import StudyDesign

LOOPBACK = ("localhost", "127.0.0.1", "::1")

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_LOG_BYTES = 10_000_000
_SETTINGS: dict[str, Any] = {
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "client.toolbarMode": "minimal",
    "global.developmentMode": False,
    "logger.hideWelcomeMessage": True,
    "runner.magicEnabled": False,
    "server.allowRunOnSave": False,
    "server.corsAllowedOrigins": [],
    "server.enableCORS": True,  # Streamlit's name for refusing other origins
    "server.enableStaticServing": False,
    "server.enableXsrfProtection": True,
    "server.fileWatcherType": "none",
    "server.headless": True,
    "server.maxUploadSize": 1,
    "server.runOnSave": False,
    "server.showEmailPrompt": False,
    "server.xsrfCookieSameSite": "strict",
    "theme.base": "light",
    "theme.primaryColor": "#1f4e79",
}


@dataclass
class Site:
    """A study that is served; the pages reach it through `running`.

    Attributes:
        store: Raters, trials and ratings.
        study: Name of the study.
        folder: The study's folder, with `stimuli/`; the server keeps its key and log there.
        address: How raters reach the site, for invitations: `http://localhost:8501`.
        password_hash: Opens the organiser's pages; see `srbench.mos.site.organiser.hash_password`.
        accounts: OIDC accounts that open the organiser's pages.
        language: Language of the rating page for browsers that ask for none that is shipped.
    """

    store: Store
    study: str
    folder: Path
    address: str
    password_hash: str | None = None
    accounts: Collection[str] = ()
    language: str = "en"
    gate: Gate = field(init=False)

    def __post_init__(self) -> None:
        self._key = server_key(self.folder)
        self.gate = Gate(self._key, self.password_hash, self.accounts, self.export)

    @property
    def secure(self) -> bool:
        """Whether the site is reached by https."""
        return self.address.startswith("https://")

    @property
    def cookie_secret(self) -> str:
        """The secret for Streamlit's own cookies."""
        return hmac.digest(self._key, b"streamlit", "sha256").hex()

    def app(self, hosts: Collection[str]) -> streamlit.App:
        """Return the ASGI application, reachable under the names `hosts`.

        Raises:
            StudyError: The study or the language is unknown, or a stimulus is not as it was frozen.
        """
        import streamlit as st

        stimuli = self.store.organiser.stimuli(self.study)
        shown = Shown(Pictures(self.folder / "stimuli", self.folder / packing.FOLDER, stimuli), self._key)
        record = self.store.organiser.study(self.study)
        planned = frozen(record) if record.definition else None
        if planned and planned.settings.selection == "active":
            self.store.rater.choose = ActiveSelection(planned)
        asking = Asking(self.store.rater, planned.consent if planned else {}, planned.questions if planned else ())
        screenings = Screenings(self.store.rater, planned) if planned else None
        rating = RatingRoutes(self.store, self.study, shown, asking, screenings, self.secure)
        # Streamlit answers every unknown address with its page; below our own addresses that would hide mistakes.
        nothing = [Route(f"{prefix}{{rest:path}}", _nothing, methods=_METHODS) for prefix in PRIVATE]
        # A whole class may join at once behind one address; nobody needs many passwords.
        limits = {
            "/join/": Limit(rate=10, burst=300),
            "/open/": Limit(rate=10, burst=300),
            "/organiser/login": Limit(rate=0.1, burst=10),
        }
        # Answers of our own are never compressed: they would differ in length from trial to trial.
        entrance = EntranceRoutes(self.store, self.study, self._key, self.secure)
        spoken = self._spoken(planned)
        page = RatingPage(content.folder("mos_app"), spoken, self.language)
        own = [*rating.routes(), *page.routes(), *entrance.routes(), *self.gate.routes()]
        private = Starlette(routes=[*own, *nothing])
        return st.App(
            content.folder("mos_app") / "main.py",
            routes=[health.route(self.store, self.study)],
            middleware=[
                Middleware(Notices, texts=spoken.texts, language=self.language),
                Middleware(Guard, private=private, hosts=hosts, limits=limits),
            ],
        )

    def _spoken(self, planned: StudyDesign | None) -> Spoken:
        spoken = languages.load(planned.languages if planned else (), self.folder)
        if self.language not in spoken.texts:
            raise StudyError(unknown("language", self.language, spoken.texts))
        for code, keys in spoken.absent.items():
            logger.warning("language %s lacks %s, which came with an update: shown in English", code, ", ".join(keys))
        return spoken

    def invite(self, label: str | None = None) -> str:
        """Add a rater and return the personal link; it is kept nowhere."""
        (invitation,) = invitations.invite(self.store.organiser, self.study, 1, [label] if label else [])
        return invitation.link(self.address)

    def renew(self, number: int) -> str:
        """Return a new link for a rater who lost the old one, which stops working."""
        return invitations.renew(self.store.organiser, self.study, number).link(self.address)

    def export(self, kind: str) -> bytes:
        """Return the study's data, anonymised, as one of `organiser.EXPORT_FORMATS`; the log keeps who looked when."""
        self.store.organiser.log_event(self.study, "exported", kind)
        self.store.organiser.log_look(self.study, f"download of {kind}")
        if kind == "archive":
            return archive(self.store.analyst, self.study)
        return encode(self.store.analyst.results(self.study), kind)


def server_key(folder: Path) -> bytes:
    """Return the secret of a study's servers, made on first use and readable by its owner only.

    Servers on several machines need the same file.
    """
    path = folder / "server.key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
        if len(key) < 32:
            raise StudyError(f"{path} is damaged: expected 64 hexadecimal digits. Delete it and start again.") from None
        return key
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        key = secrets.token_bytes(32)
        file.write(key.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return key


def serve(site: Site, host: str, port: int, hosts: Collection[str] = (), proxies: Collection[str] = ()) -> None:
    """Serve `site` on `host`:`port` until the process is stopped.

    Args:
        site: What is served.
        host: Address to listen on; the loopback unless the organiser wants otherwise.
        port: Port, 0 for a free one.
        hosts: Further host names under which raters reach the site.
        proxies: Addresses of web servers in front of this one; nobody else is believed about who a client is
            (`X-Forwarded-For`) or whether it came by https (`X-Forwarded-Proto`).

    Raises:
        StudyError: A proxy is no IP address or network.
    """
    _check_proxies(proxies)
    place.remember(site.folder, site.address)
    _log_to(site.folder / "server.log")
    # Streamlit takes this secret, which signs the cookies of `st.login`, from its environment only.
    os.environ.setdefault("STREAMLIT_SERVER_COOKIE_SECRET", site.cookie_secret)
    os.environ["FORWARDED_ALLOW_IPS"] = ",".join(proxies)  # uvicorn takes this from its environment only
    allowed = sorted({*LOOPBACK, *hosts})
    app = site.app(allowed)
    _sites[:] = [site]
    app.run(config={**_SETTINGS, "server.address": host, "server.port": port, "server.allowedHosts": allowed})


def _check_proxies(proxies: Collection[str]) -> None:
    for proxy in proxies:
        try:
            ipaddress.ip_network(proxy, strict=False)
        except ValueError:
            raise StudyError(
                f"A proxy is named by its IP address or network, such as 127.0.0.1; got {proxy!r}."
            ) from None


def running() -> Site:
    """Return the site that this process serves.

    Raises:
        StudyError: The pages were started without one, for example with `streamlit run`.
    """
    if not _sites:
        raise StudyError("Nothing is served. Start the study with `srbench mos serve NAME`.")
    return _sites[0]


def _nothing(_request: Request) -> Response:
    return Response("Not found", 404)


_sites: list[Site] = []


def _log_to(path: Path) -> None:
    handler = logging.handlers.RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=3, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("srbench.mos")
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)

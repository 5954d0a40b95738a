"""Open links as the server answers them: who comes by one gets a place and a cookie, or learns why not."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from srbench.errors import StudyError
from srbench.mos.design import schedule
from srbench.mos.design.registration import frozen
from srbench.mos.site.guard import log_refused, logger
from srbench.mos.site.rating import COOKIE, enter, home, set_cookie
from srbench.mos.store.entrances import PARTICIPANT, Door

if TYPE_CHECKING:
    from starlette.requests import Request

    from srbench.mos.store.definitions import ScheduledTrial
    from srbench.mos.store.stores import Store

NAME_COOKIE = "srbench_participant"
"""What the panel calls the rater, kept by the rater's browser alone, which puts it into the address to return to."""

_LONGEST_NAME = 100
_UNUSABLE = frozenset({"", "ASSIGNMENT_ID_NOT_AVAILABLE", "{{%PROLIFIC_PID%}}", "%SURVEY_CODE%"})


def pseudonym(key: bytes, panel: str, participant: str) -> str:
    """Return what the store keeps of a panel's name for a rater: without the study's `server.key` it says nothing."""
    return hmac.digest(key, f"participant:{panel}:{participant}".encode(), "sha256").hex()


class EntranceRoutes:
    """The route of open links.

    Args:
        store: Where entrances and raters are.
        study: Whose entrances lead in.
        key: The server's secret.
        secure: Whether raters come by https.
    """

    def __init__(self, store: Store, study: str, key: bytes, secure: bool = False) -> None:
        self._store = store
        self._study = study
        self._key = key
        self._secure = secure

    def routes(self) -> list[Route]:
        """Return the routes, to be mounted at the root of the site."""
        return [Route("/open/{token}", self._open, methods=["GET"])]

    async def _open(self, request: Request) -> Response:
        door = await run_in_threadpool(self._store.entrances.find, request.path_params["token"])
        if door is None or door.study != self._study:
            log_refused(request.scope, "token")
            return RedirectResponse("/#no_link", 303)
        name = request.query_params.get(PARTICIPANT[door.entrance.panel], "") if door.entrance.panel != "none" else ""
        if door.entrance.panel != "none" and not _is_name(name):
            log_refused(request.scope, "participant")
            return RedirectResponse("/#no_participant", 303)
        here = request.cookies.get(COOKIE, "")
        try:
            token = await run_in_threadpool(self._enter, door, name, here)
        except StudyError as error:
            logger.error("%s", error)
            token = None
        rater = await run_in_threadpool(self._store.rater.rater_by_token, token) if token else None
        if token is None or rater is None:
            return RedirectResponse("/#full", 303)
        response = enter(request, rater, token, self._secure)
        if name:
            set_cookie(response, request, NAME_COOKIE, name, self._secure, home(rater), readable=True)
        else:  # who comes by this link again in this browser is the same rater
            set_cookie(response, request, COOKIE, token, self._secure, request.url.path)
        return response

    def _enter(self, door: Door, name: str, here: str) -> str | None:
        if not name and here:  # the same browser comes again, and the panel does not say who it is
            rater = self._store.rater.rater_by_token(here)
            if rater is not None and self._store.entrances.came_by(rater.id) == door.key:
                return here
        participant = pseudonym(self._key, door.entrance.panel, name) if name else None
        design = frozen(self._store.organiser.study(self._study))

        def plan(number: int, block: int) -> list[ScheduledTrial]:
            return schedule.schedule(design, number, schedule.share(design, block))

        return self._store.entrances.enter(door, participant, plan)


def _is_name(name: str) -> bool:
    return name not in _UNUSABLE and len(name) <= _LONGEST_NAME and name.isascii() and name.isalnum()

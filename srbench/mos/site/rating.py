"""What the rating page asks of the server: join, arrive, next, proceed, rate, undo, and the pictures.

Every rater has addresses of their own, `/rating/CODE/...`, and the cookie is bound to them: two raters in two tabs of
one browser stay two.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from srbench.errors import StudyError
from srbench.mos.design import invitations
from srbench.mos.site import bodies, welcome
from srbench.mos.site.asking import LARGEST_REPLIES, Asking
from srbench.mos.site.bodies import LARGEST, BadRequestError
from srbench.mos.site.guard import Limit, log_refused, logger
from srbench.mos.site.shown import KINDS, Kind
from srbench.mos.site.tickets import TicketError
from srbench.mos.store.durations import minutes
from srbench.mos.store.session import ENDINGS, Card, RefusalError, TrialView

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from srbench.mos.site.screening import Screenings
    from srbench.mos.site.shown import Shown
    from srbench.mos.store.session import Rater, Receipt
    from srbench.mos.store.stores import Store

    Answer = Callable[[Rater, dict[str, Any]], Awaitable[dict[str, Any]]]

COOKIE = "srbench_rater"
_COOKIE_SECONDS = 180 * 24 * 3600
_ANSWER_SIZE = 2048
_WITHDRAWABLE = frozenset(
    {"break", "calibration-passed", "calibration-again", "finished", "failed", "questions-before", "questions-after"}
    | {"paused", "closed", "timed-out", "screening-acuity", "screening-colour", "screening-contrast"}
    | {"screened-out", "checks-failed"}
)
_STATUS = {"token": 401, "foreign": 403, "not-due": 409, "paused": 409, "closed": 409, "early": 409}


class RatingRoutes:
    """The routes of the rating page; every answer is sent after the store has committed it.

    Args:
        store: Where raters, trials and ratings are.
        study: Whose raters are let in.
        shown: The pictures.
        asking: Consent and questions.
        screenings: Tests before the first picture; None in a study that has no design of its own.
        secure: Whether raters come by https, so that cookies must travel by nothing else.
    """

    def __init__(
        self,
        store: Store,
        study: str,
        shown: Shown,
        asking: Asking,
        screenings: Screenings | None = None,
        secure: bool = False,
    ) -> None:
        self._store = store.rater
        self._organiser = store.organiser
        self._secure = secure
        self._study = study
        self._shown = shown
        self._asking = asking
        self._screenings = screenings
        self._raters: dict[str, Rater] = {}
        self._limit = Limit(rate=20, burst=60)
        self._limit_log = Limit(rate=5, burst=100)

    def routes(self) -> list[Route]:
        """Return the routes, to be mounted at the root of the site."""
        steps = {
            "rate": self._rate,
            "arrive": _in_thread(self._arrive),
            "next": _in_thread(self._next),
            "proceed": _in_thread(self._proceed),
            "undo": _in_thread(self._undo),
            "agree": self._ask(self._asking.agree),
            "reply": self._ask(self._asking.reply),
            "withdraw": self._ask(self._asking.withdraw),
        }
        largest = {"reply": LARGEST_REPLIES}
        if self._screenings is not None:
            steps["screen"] = self._ask(self._screenings.answer)
        plates = [] if self._screenings is None else [self._screenings.route(self._rater)]
        return [  # routes are tried one after the other: what every rating takes is found first
            *(Route(f"/rating/{{rater}}/{kind}/{{ticket}}", self._picture(kind), methods=["GET"]) for kind in KINDS),
            *(
                Route(f"/rating/{{rater}}/{name}", self._step(answer, largest.get(name, LARGEST)), methods=["POST"])
                for name, answer in steps.items()
            ),
            *plates,
            Route("/join/{token}", self._join, methods=["GET"]),
        ]

    def _join(self, request: Request) -> Response:
        token = request.path_params["token"]
        rater = self._known(token)
        if rater is None:
            self._refuse(request, None, "token")
            return RedirectResponse("/", 303)  # the page tells what to do
        self._store.log_event(rater, "joined")
        return enter(request, rater, token, self._secure)

    def _ask(self, answer: Callable[[Rater, dict[str, Any]], TrialView | Card]) -> Answer:
        return _in_thread(lambda rater, body: self._state(rater, answer(rater, body)))

    def _step(self, answer: Answer, largest: int = LARGEST) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            rater = None
            try:
                body = await bodies.read(request, largest)
                rater = await self._who(request)
                return _answer(await answer(rater, body))
            except RefusalError as refusal:  # the store has logged it, but not who the client was
                log_refused(request.scope, refusal.reason, rater.number if rater else None)
                if refusal.reason == "token":  # the link was revoked or replaced
                    self._raters.pop(request.cookies.get(COOKIE, ""), None)
                return JSONResponse({"error": refusal.reason}, _STATUS.get(refusal.reason, 400))
            except BadRequestError as error:
                await run_in_threadpool(self._refuse, request, rater, error.reason)
                return JSONResponse({"error": error.reason}, error.status)

        return endpoint

    async def _who(self, request: Request) -> Rater:
        """Return whose request this is; a rater who is known costs no trip to another thread."""
        known = request.cookies.get(COOKIE, "") in self._raters
        return self._rater(request) if known else await run_in_threadpool(self._rater, request)

    def _rater(self, request: Request) -> Rater:
        rater = self._known(request.cookies.get(COOKIE, ""))
        if rater is None or rater.code != request.path_params["rater"]:
            raise BadRequestError("Expected the cookie of the rater whose address this is.", "token", 401)
        if self._limit.wait(str(rater.id)):
            raise BadRequestError("Expected fewer requests.", "rate", 429)
        return rater

    def _known(self, token: str) -> Rater | None:
        """Return whose token this is, looked up once; the store refuses later requests once the link is revoked."""
        if token in self._raters:
            return self._raters[token]
        rater = self._store.rater_by_token(token)
        if rater is None or rater.study != self._study:
            return None
        self._raters[token] = rater
        return rater

    def _refuse(self, request: Request, rater: Rater | None, reason: str) -> None:
        log_refused(request.scope, reason, rater.number if rater else None)
        if self._limit_log.wait("") == 0:  # a flood of forged requests must not fill the disk
            self._store.log_refusal(rater, reason, f"{request.method} {request.url.path.split('/')[1]}")

    def _arrive(self, rater: Rater, body: dict[str, Any]) -> dict[str, Any]:
        visit = welcome.read_visit(body)
        due = self._store.next_trial(rater)
        if isinstance(due, Card) and due.kind in ("consent", *ENDINGS):
            return self._state(rater, due)  # nothing of a device is stored of who has not agreed
        self._store.add_visit(rater, visit)
        state = self._state(rater, due)
        if isinstance(due, Card) and due.kind == "welcome":
            room = (visit.room_width, visit.room_height)
            if not self._may_begin(rater, visit.device, room):
                state["code"] = self._store.screened_out(rater)
        return state

    def _next(self, rater: Rater, _body: dict[str, Any]) -> dict[str, Any]:
        return self._state(rater, self._store.next_trial(rater))

    def _proceed(self, rater: Rater, body: dict[str, Any]) -> dict[str, Any]:
        kind = bodies.text(body, "screen")
        if kind == "welcome" and "device" in body:  # a program that rates needs no screen
            room = (bodies.whole(body, "room_width"), bodies.whole(body, "room_height"))
            if not self._begin(rater, bodies.text(body, "device"), room):
                return self._next(rater, {})
        return self._state(rater, self._store.proceed(rater, kind))

    def _may_begin(self, rater: Rater, device: str, room: tuple[int, int]) -> bool:
        objection = welcome.objection(self._store.settings(rater), self._store.sizes(rater), device, room)
        if objection is not None:
            self._store.log_event(rater, *objection)
        return objection is None

    def _begin(self, rater: Rater, device: str, room: tuple[int, int]) -> bool:
        """Return whether the rater may leave the welcome; leaves out what does not fit, where the study says so."""
        due = self._store.next_trial(rater)
        if not isinstance(due, Card) or due.kind != "welcome":
            return True
        if not self._may_begin(rater, device, room):
            return False
        if welcome.too_large(self._store.sizes(rater), room):
            try:
                invitations.leave_out_large(self._organiser, self._study, rater.number, room)
            except StudyError as error:
                self._store.log_event(rater, "screen-too-small", str(error))
                return False
        return True

    async def _rate(self, rater: Rater, body: dict[str, Any]) -> dict[str, Any]:
        stored = self._store.rate_soon(
            rater,
            trial_id=bodies.text(body, "trial"),
            score=bodies.whole(body, "score"),
            seconds=bodies.number(body, "seconds"),
            revision=bodies.whole(body, "revision"),
        )
        receipt = await asyncio.wrap_future(stored)  # no thread waits for the disk
        return {"feedback": _feedback(receipt), "next": self._state(rater, receipt.due)}

    def _undo(self, rater: Rater, _body: dict[str, Any]) -> dict[str, Any]:
        return self._state(rater, self._store.undo(rater))

    def _state(self, rater: Rater, now: TrialView | Card) -> dict[str, Any]:
        common: dict[str, Any] = {
            "practice": now.progress.calibration,
            "done": now.progress.done,
            "total": now.progress.total,
            "session": now.progress.session,
            "minutes_left": minutes(now.progress.seconds_left),
            "can_undo": now.can_undo,
            "ahead": self._shown.ahead(rater, now.ahead),
        }
        return common | (self._card(rater, now) if isinstance(now, Card) else self._trial(rater, now))

    def _card(self, rater: Rater, now: Card) -> dict[str, Any]:
        card = {
            "screen": now.kind,
            "can_proceed": now.can_proceed,
            "right": now.right,
            "asked": now.asked,
            "break_minutes": round(now.minutes),
            "code": now.code,
            "can_withdraw": now.kind in _WITHDRAWABLE,
        }
        card |= self._asking.shown(now)
        card |= self._screenings.shown(rater, now) if self._screenings else {}
        if now.kind == "welcome":
            card |= welcome.conditions(self._store.settings(rater), self._store.sizes(rater))
        return card

    def _trial(self, rater: Rater, now: TrialView) -> dict[str, Any]:
        alone = len(now.pictures) == 1
        captions = (None,) if alone else now.presentation.captions
        return {
            "screen": "calibration" if now.calibration else "trial",
            "trial": now.id,
            "revision": now.revision,
            "labels": now.presentation.labels,
            "scale": list(range(1, now.choices + 1)),
            "position": now.position,
            "min_seconds": now.minimum_seconds,
            "turn_seconds": now.turn_seconds,
            "layout": now.presentation.layout,
            "trap": now.trap,
            "pictures": [
                self._shown.due(rater, now.id, picture) | {"caption": caption}
                for picture, caption in zip(now.pictures, captions, strict=True)
            ],
        }

    def _picture(self, kind: Kind) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            rater = None
            ticket, read = request.path_params["ticket"], self._shown.read
            try:
                rater = await self._who(request)
                at_hand = self._shown.at_hand
                data = read(rater, kind, ticket) if at_hand else await run_in_threadpool(read, rater, kind, ticket)
            except (BadRequestError, TicketError) as error:
                await run_in_threadpool(self._refuse, request, rater, getattr(error, "reason", "ticket"))
                return JSONResponse({"error": "picture"}, 404)
            except StudyError as error:  # the rater sees no picture rather than another one
                logger.error("%s", error)
                await run_in_threadpool(self._store.log_event, rater, "damaged-stimulus", str(error))
                return JSONResponse({"error": "damaged"}, 500)
            return Response(data, media_type="application/octet-stream")

        return endpoint


def enter(request: Request, rater: Rater, token: str, secure: bool) -> Response:
    """Lead a rater to the address that is the rater's own, with the cookie that is good there alone."""
    place = home(rater)
    response = RedirectResponse(place, 303)
    set_cookie(response, request, COOKIE, token, secure, place)
    return response


def home(rater: Rater) -> str:
    """Return below which address a rater's page and all its requests are."""
    return f"/rating/{rater.code}/"


def set_cookie(
    response: Response, request: Request, name: str, value: str, secure: bool, path: str, readable: bool = False
) -> None:
    """Let the browser keep something for addresses below `path`; programs of the page see it where it is `readable`."""
    response.set_cookie(
        name, value, max_age=_COOKIE_SECONDS, path=path, httponly=not readable, samesite="lax",
        secure=secure or request.url.scheme == "https",
    )  # fmt: skip


def _in_thread(answer: Callable[[Rater, dict[str, Any]], dict[str, Any]]) -> Answer:
    """Return `answer`, which waits for the store, for a thread of its own."""

    async def waiting(rater: Rater, body: dict[str, Any]) -> dict[str, Any]:
        return await run_in_threadpool(answer, rater, body)

    return waiting


def _feedback(receipt: Receipt) -> dict[str, Any] | None:
    if receipt.feedback is None:
        return None
    return {"expected": receipt.feedback.expected, "right": receipt.feedback.right, "given": receipt.score}


def _answer(content: dict[str, Any]) -> Response:
    """Return JSON padded with spaces to one size, so that its length says nothing about the trial."""
    data = json.dumps(content, separators=(",", ":")).encode()
    return Response(data.ljust(-(-len(data) // _ANSWER_SIZE) * _ANSWER_SIZE), media_type="application/json")

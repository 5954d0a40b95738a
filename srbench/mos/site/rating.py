"""What the rating page asks of the server: join, next, proceed, rate, undo, and the pictures."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, cast

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from srbench.errors import StudyError
from srbench.mos.site.guard import Limit, logger, refused
from srbench.mos.site.tickets import TicketError
from srbench.mos.store.views import Refused, Screen, TrialView

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from srbench.mos.site.pictures import Pictures
    from srbench.mos.site.tickets import Tickets
    from srbench.mos.store.rater import Store
    from srbench.mos.store.views import Rater, Receipt, ScreenKind

COOKIE = "srbench_rater"
_COOKIE_SECONDS = 180 * 24 * 3600
_LARGEST_BODY = 4096
_ANSWER_SIZE = 1024
_CAPTIONS = {"dcr": ("reference", "stimulus"), "pc": ("left", "right")}
_STATUS = {"foreign": 403, "not-due": 409, "paused": 409, "closed": 409, "early": 409}


class BadRequestError(StudyError):
    """A request that the page would never send: no JSON object, a missing value, a forged cookie, a flood.

    Attributes:
        reason: Why, as a word for programs.
        status: What HTTP calls it.
    """

    def __init__(self, message: str, reason: str = "content", status: int = 400) -> None:
        super().__init__(message)
        self.reason = reason
        self.status = status


class RatingRoutes:
    """The routes of the rating page; every answer is sent after the store has committed it.

    Args:
        store: Where raters, trials and ratings are.
        study: Whose raters are let in.
        pictures: The frozen stimuli.
        tickets: Makes the one-time addresses of pictures.
    """

    def __init__(self, store: Store, study: str, pictures: Pictures, tickets: Tickets) -> None:
        self._store = store
        self._study = study
        self._pictures = pictures
        self._tickets = tickets
        self._raters: dict[str, Rater] = {}
        self._limit = Limit(rate=20, burst=60)
        self._limit_log = Limit(rate=5, burst=100)

    def routes(self) -> list[Route]:
        """Return the routes, to be mounted at the root of the site."""
        return [
            Route("/join/{token}", self._join, methods=["GET"]),
            Route("/rating/next", self._step(self._next), methods=["POST"]),
            Route("/rating/proceed", self._step(self._proceed), methods=["POST"]),
            Route("/rating/rate", self._step(self._rate), methods=["POST"]),
            Route("/rating/undo", self._step(self._undo), methods=["POST"]),
            Route("/rating/picture/{ticket}", self._picture, methods=["GET"]),
        ]

    def _join(self, request: Request) -> Response:
        token = request.path_params["token"]
        response = RedirectResponse("/", 303)
        rater = self._known(token)
        if rater is None:
            self._refuse(request, None, "token")
            # Without a cookie the page tells what to do; a stale cookie would hide that.
            response.delete_cookie(COOKIE, path="/")
            return response
        self._store.log_event(rater, "joined")
        response.set_cookie(
            COOKIE, token, max_age=_COOKIE_SECONDS, path="/", httponly=True, samesite="lax",
            secure=request.url.scheme == "https",
        )  # fmt: skip
        return response

    def _step(
        self, answer: Callable[[Rater, dict[str, Any]], dict[str, Any]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            rater = None
            try:
                body = await _body(request)
                # A known rater costs no trip to another thread.
                known = request.cookies.get(COOKIE, "") in self._raters
                rater = self._rater(request) if known else await run_in_threadpool(self._rater, request)
                return _answer(await run_in_threadpool(answer, rater, body))
            except Refused as refusal:  # the store has logged it, but not who the client was
                refused(request.scope, refusal.reason, rater.number if rater else None)
                return JSONResponse({"error": refusal.reason}, _STATUS.get(refusal.reason, 400))
            except BadRequestError as error:
                await run_in_threadpool(self._refuse, request, rater, error.reason)
                return JSONResponse({"error": error.reason}, error.status)

        return endpoint

    def _rater(self, request: Request) -> Rater:
        rater = self._known(request.cookies.get(COOKIE, ""))
        if rater is None:
            raise BadRequestError("Expected the cookie of a rater of this study.", "token", 401)
        if self._limit.wait(str(rater.id)):
            raise BadRequestError("Expected fewer requests.", "rate", 429)
        return rater

    def _known(self, token: str) -> Rater | None:
        """Return whose token this is. Who holds a token never changes, so it is looked up once."""
        if token in self._raters:
            return self._raters[token]
        rater = self._store.rater_by_token(token)
        if rater is None or rater.study != self._study:
            return None
        self._raters[token] = rater
        return rater

    def _refuse(self, request: Request, rater: Rater | None, reason: str) -> None:
        refused(request.scope, reason, rater.number if rater else None)
        if self._limit_log.wait("") == 0:  # a flood of forged requests must not fill the disk
            self._store.log_refusal(rater, reason, f"{request.method} {request.url.path.split('/')[1]}")

    def _next(self, rater: Rater, _body: dict[str, Any]) -> dict[str, Any]:
        return self._state(rater, self._store.next_trial(rater))

    def _proceed(self, rater: Rater, body: dict[str, Any]) -> dict[str, Any]:
        return self._state(rater, self._store.proceed(rater, cast("ScreenKind", _text(body, "screen"))))

    def _rate(self, rater: Rater, body: dict[str, Any]) -> dict[str, Any]:
        receipt = self._store.rate(
            rater,
            trial_id=_text(body, "trial"),
            score=_whole(body, "score"),
            seconds=_seconds(body),
            revision=_whole(body, "revision"),
        )
        return {"feedback": _feedback(receipt), "next": self._next(rater, {})}

    def _undo(self, rater: Rater, _body: dict[str, Any]) -> dict[str, Any]:
        return self._state(rater, self._store.undo(rater))

    def _state(self, rater: Rater, now: TrialView | Screen) -> dict[str, Any]:
        progress = self._store.progress(rater)
        common = {
            "practice": progress.calibration,
            "done": progress.done,
            "total": progress.total,
            "session": progress.session,
            "minutes_left": math.ceil(progress.seconds_left / 60),
            "can_undo": now.can_undo,
        }
        if isinstance(now, Screen):
            return common | {
                "screen": now.kind,
                "can_proceed": now.can_proceed,
                "right": now.right,
                "asked": now.asked,
                "break_minutes": round(now.minutes),
            }
        alone = len(now.pictures) == 1
        captions = (None,) if alone else _CAPTIONS[now.design]
        return common | {
            "screen": "calibration" if now.calibration else "trial",
            "trial": now.id,
            "revision": now.revision,
            "labels": "acr" if alone else now.design,
            "scale": list(range(1, now.choices + 1)),
            "position": now.position,
            "min_seconds": now.minimum_seconds,
            "pictures": [
                {
                    "source": f"/rating/picture/{self._tickets.issue(picture.id, rater=rater.id)}",
                    "width": picture.width,
                    "height": picture.height,
                    "caption": caption,
                }
                for picture, caption in zip(now.pictures, captions, strict=True)
            ],
        }

    def _picture(self, request: Request) -> Response:
        rater = None
        try:
            rater = self._rater(request)
            stimulus = self._tickets.redeem(request.path_params["ticket"], rater=rater.id)
        except (BadRequestError, TicketError) as error:
            self._refuse(request, rater, getattr(error, "reason", "ticket"))
            return JSONResponse({"error": "picture"}, 404)
        try:
            return Response(self._pictures[stimulus], media_type="image/png")
        except StudyError as error:  # the rater sees no picture rather than another one
            logger.error("%s", error)
            self._store.log_event(rater, "damaged-stimulus", stimulus)
            return JSONResponse({"error": "damaged"}, 500)


async def _body(request: Request) -> dict[str, Any]:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise BadRequestError("Expected application/json, which no form of another site can send.")
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > _LARGEST_BODY:
            raise BadRequestError(f"Expected at most {_LARGEST_BODY} bytes, got more.")
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        raise BadRequestError("Expected JSON, got something else.") from None
    if not isinstance(body, dict):
        raise BadRequestError(f"Expected a JSON object, got {type(body).__name__}.")
    return body


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or len(value) > 64:
        raise BadRequestError(f"Expected a short text as {name!r}, got {value!r:.80}.")
    return value


def _whole(body: dict[str, Any], name: str) -> int:
    value = body.get(name)
    if type(value) is not int or abs(value) > 1_000_000:  # a bool is an int too
        raise BadRequestError(f"Expected a whole number as {name!r}, got {value!r:.80}.")
    return value


def _seconds(body: dict[str, Any]) -> float:
    value = body.get("seconds")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e6:
        raise BadRequestError(f"Expected seconds from 0, got {value!r:.80}.")
    return float(value)


def _feedback(receipt: Receipt) -> dict[str, Any] | None:
    if receipt.feedback is None:
        return None
    return {"expected": receipt.feedback.expected, "right": receipt.feedback.right, "given": receipt.score}


def _answer(content: dict[str, Any]) -> Response:
    """Return JSON padded with spaces to one size, so that its length says nothing about the trial."""
    data = json.dumps(content, separators=(",", ":")).encode()
    return Response(data.ljust(-(-len(data) // _ANSWER_SIZE) * _ANSWER_SIZE), media_type="application/json")

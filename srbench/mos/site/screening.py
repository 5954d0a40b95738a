"""The screening as the rating page asks for it: what to show of a test, and how the answers are taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from srbench.errors import StudyError
from srbench.mos.design import plates, screening
from srbench.mos.design.randomness import Stream
from srbench.mos.site import bodies
from srbench.mos.site.bodies import BadRequestError
from srbench.mos.store.cards import Tested
from srbench.mos.store.session import SCREENING, Card

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from srbench.mos.design.plates import Kind
    from srbench.mos.design.screening import Test
    from srbench.mos.design.study import StudyDesign
    from srbench.mos.store.rater import RaterStore
    from srbench.mos.store.session import Rater, TrialView


class Screenings:
    """The screening of one study.

    Args:
        store: Where results go.
        design: The study, as it was frozen.
    """

    def __init__(self, store: RaterStore, design: StudyDesign) -> None:
        self._store = store
        self._screening = design.screening
        self._items = screening.items(design.name, design.seed)
        self._seed = ("srbench plates 1", design.name, design.seed)

    def shown(self, rater: Rater, card: Card) -> dict[str, Any]:
        """Return what the page shows on a card of ours; nothing on others."""
        if not card.kind.startswith(SCREENING):
            return {}
        test = _test(card.kind)
        content: dict[str, Any] = {"test": test, "attempt": card.attempt, "asked": len(self._right(rater, card))}
        if test == "acuity":
            directions = self._right(rater, card)
            content |= {"acuity": self._screening.acuity, "distance_cm": self._screening.distance_cm}
            content |= {"directions": directions, "card_mm": screening.CARD_MM}
        if test == "contrast":
            levels = [self._screening.contrast * step for step in screening.STEPS]
            content["levels"] = [*levels, *(255 - level for level in levels)]
            content["corners"] = self._right(rater, card)
        return {"screening": content}

    def answer(self, rater: Rater, body: dict[str, Any]) -> TrialView | Card:
        """Grade and store an attempt."""
        due = self._store.next_trial(rater)
        test, tried = bodies.text(body, "test"), bodies.whole(body, "attempt")
        if not isinstance(due, Card) or due.kind != SCREENING + test or due.attempt != tried:
            return due
        answers, values = body.get("answers"), body.get("measured", {})
        if not isinstance(answers, list) or not isinstance(values, dict):
            raise BadRequestError("Expected the answers to a test.")
        right = self._right(rater, due)
        try:
            grade = screening.grade(self._screening, _test(due.kind), right, answers)
            facts = screening.measured(
                self._screening, _test(due.kind), {name: bodies.number(values, name) for name in values}
            )
        except StudyError as error:
            raise BadRequestError(str(error)) from None
        ends = self._screening.on_failure == "end"
        detail = {"right": right, "answers": answers, **facts}
        last = tried >= self._screening.attempts
        return self._store.screen(
            rater, Tested(test, tried, grade.correct, grade.asked, grade.passed, detail, ends, last)
        )

    def route(self, who: Callable[[Request], Rater]) -> Route:
        """Return the route of plates; `who` says whose request it is, or raises `BadRequestError`."""

        async def endpoint(request: Request) -> Response:
            try:
                data = await run_in_threadpool(lambda: self._plate(who(request), request.path_params["place"]))
            except StudyError:
                return JSONResponse({"error": "plate"}, 404)
            return Response(data, media_type="image/png")

        return Route("/rating/{rater}/plate/{place:int}", endpoint, methods=["GET"])

    def _plate(self, rater: Rater, place: int) -> bytes:
        due = self._store.next_trial(rater)
        if not isinstance(due, Card) or due.kind != SCREENING + "colour" or not 0 <= place < len(screening.PLATES):
            raise BadRequestError("Expected a plate that is due.", "not-due", 404)
        digit = self._right(rater, due)[place]
        seed = Stream(*self._seed, rater.number, due.attempt, place).below(2**32)
        return plates.draw(cast("Kind", screening.PLATES[place]), digit, seed)

    def _right(self, rater: Rater, card: Card) -> list[int]:
        return self._items(rater.number, _test(card.kind), card.attempt)


def _test(kind: str) -> Test:
    return cast("Test", kind.removeprefix(SCREENING))

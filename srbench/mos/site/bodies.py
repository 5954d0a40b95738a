"""What the rating page sends, read without trust: every value is of the type and size that the page would send."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from srbench.errors import StudyError

if TYPE_CHECKING:
    from starlette.requests import Request

LARGEST = 4096
"""Bytes of a request, but for answers to questions."""


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


async def read(request: Request, largest: int = LARGEST) -> dict[str, Any]:
    """Return the JSON object in a request.

    Raises:
        BadRequestError: There is something else, or too much.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise BadRequestError("Expected application/json, which no form of another site can send.")
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > largest:
            raise BadRequestError(f"Expected at most {largest} bytes, got more.")
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        raise BadRequestError("Expected JSON, got something else.") from None
    if not isinstance(body, dict):
        raise BadRequestError(f"Expected a JSON object, got {type(body).__name__}.")
    return body


def text(body: dict[str, Any], name: str, longest: int = 64) -> str:
    """Return a short text.

    Raises:
        BadRequestError: It is missing, no text, or too long.
    """
    value = body.get(name)
    # Neither half of a surrogate pair nor a zero byte can be stored.
    if not isinstance(value, str) or len(value) > longest or not value.isprintable():
        raise BadRequestError(f"Expected a short text as {name!r}, got {value!r:.80}.")
    return value


def whole(body: dict[str, Any], name: str) -> int:
    """Return a whole number.

    Raises:
        BadRequestError: It is missing, something else, or enormous.
    """
    value = body.get(name)
    if type(value) is not int or abs(value) > 1_000_000:  # a bool is an int too
        raise BadRequestError(f"Expected a whole number as {name!r}, got {value!r:.80}.")
    return value


def number(body: dict[str, Any], name: str) -> float:
    """Return a number from 0.

    Raises:
        BadRequestError: It is missing, negative, something else, or enormous.
    """
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e6:
        raise BadRequestError(f"Expected {name} from 0, got {value!r:.80}.")
    return float(value)

"""Whether the site can do its work now: asked by what restarts it, and by the web server in front."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from srbench.errors import StudyError
from srbench.mos.site.guard import logger

if TYPE_CHECKING:
    from starlette.requests import Request

    from srbench.mos.store.stores import Store

ADDRESS = "/healthz"


def route(store: Store, study: str) -> Route:
    """Return the route that answers 200 while the database answers and has the study, else 503.

    A process that listens is not enough: without its database it would take no rating. The answer names nothing of the
    study.
    """

    def ask() -> Response:
        try:
            store.organiser.study(study)
        except (sa.exc.SQLAlchemyError, StudyError) as error:
            logger.error("not healthy: %s", type(error).__name__)
            return PlainTextResponse("the database does not answer", 503)
        return PlainTextResponse("ok")

    async def endpoint(_request: Request) -> Response:
        return await run_in_threadpool(ask)

    return Route(ADDRESS, endpoint, methods=["GET"])

"""
The envelopes of answers: `{"success": true, "data": …}`, or `{"error": "…", "success": false}` with its status.

Wherever in the application a request fails, outside of GraphQL, it is answered in the second one.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any

import msgspec
import psycopg
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from graphql_api.errors import Declined
from graphql_api.plain import Failure
from graphql_api.reading import Reading
from graphql_api.rest.operations import Endpoint
from graphql_api.statuses import status_of_code
from graphql_api.visits import Visit

logger = structlog.get_logger()

RETRY_SECONDS = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request to read something: what it reads from, and what it was given."""

    reading: Reading
    path: Mapping[str, str]
    given: Mapping[str, str]


def reads(answer: Callable[[Call], Awaitable[msgspec.Struct]]) -> Endpoint:
    """Return an endpoint that answers with what a function reads, all of it from one snapshot."""

    @wraps(answer)
    async def endpoint(request: Request) -> Response:
        visit = Visit.of(request.app.state.world, request)
        reading = Reading(visit.world, visit.token)
        try:
            return success(await answer(Call(reading=reading, path=request.path_params, given=request.query_params)))
        except Declined as error:
            return failure(error.message, status_of_code(error.code))
        except psycopg.Error:
            reference = secrets.token_hex(4)
            logger.exception("rest.internal_error", path=request.url.path, reference=reference)
            return failure(f"internal error (the log has it under {reference})", 500)
        finally:
            await reading.close()

    return endpoint


def success(data: object) -> Response:
    """Return the envelope of an answer."""
    return json_response({"success": True, "data": data})


def failure(reason: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Return the envelope of an error."""
    more = {"Retry-After": RETRY_SECONDS} if status == 503 else {}
    return json_response(Failure(error=reason), status, {**more, **(headers or {})})


def json_response(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return JSON that no cache keeps: it is true now, and for who asks."""
    return Response(
        msgspec.json.encode(data),
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException), "Starlette calls us for these only"
    place = f"{request.method} {request.url.path}"
    reasons = {404: f"{place}: there is nothing here", 405: f"{place}: not a method of this path"}
    return failure(reasons.get(error.status_code, error.detail), error.status_code, error.headers)


async def _failed(_: Request, __: Exception) -> Response:
    # Raised on by Starlette when this is sent, so that the server tells the log.
    return failure("internal error", 500)


EXCEPTION_HANDLERS = {HTTPException: _refused, Exception: _failed}
"""What Starlette is to do with what nobody caught."""

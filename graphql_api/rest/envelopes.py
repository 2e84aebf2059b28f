"""
The envelopes of answers: `{"success": true, "data": …}`, or `{"error": "…", "success": false}` with its status.

Wherever a request fails, outside of GraphQL, it is answered in the second one.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

import msgspec
import psycopg
import structlog
from starlette.requests import Request
from starlette.responses import Response

from graphql_api.errors import BadInput, Declined
from graphql_api.plain import Failure
from graphql_api.reading import Reading
from graphql_api.rest.operations import Endpoint
from graphql_api.statuses import status_of_code
from graphql_api.visits import Visit

logger = structlog.get_logger()

RETRY_SECONDS = "1"

Body = TypeVar("Body", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request: what it reads from, what it was given, and where to note what goes back besides the answer."""

    reading: Reading
    path: Mapping[str, str]
    given: Mapping[str, str]
    noted: Response
    body: bytes = b""

    def read_body(self, kind: type[Body]) -> Body:
        """Return what the body holds. Raises `BadInput`."""
        try:
            return msgspec.json.decode(self.body, type=kind)
        except (ValueError, RecursionError) as error:
            expected = ", ".join(field.name for field in msgspec.structs.fields(kind) if field.required)
            raise BadInput(f"the body is not what is expected, JSON with {expected}: {error}") from error


Answer = Callable[[Call], Awaitable[msgspec.Struct]]


def reads(answer: Answer) -> Endpoint:
    """Return an endpoint that answers with what a function reads, all of it from one snapshot."""

    @wraps(answer)
    async def endpoint(request: Request) -> Response:
        return await _answered(answer, request, b"")

    return endpoint


def acts(answer: Answer) -> Endpoint:
    """Return an endpoint that answers with what a function does, which may be given a body."""

    @wraps(answer)
    async def endpoint(request: Request) -> Response:
        return await _answered(answer, request, await request.body())

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


async def _answered(answer: Answer, request: Request, body: bytes) -> Response:
    noted = Response()
    del noted.headers["Content-Length"]
    reading = Visit.of(request.app.state.world, request.scope, noted).read()
    call = Call(reading=reading, path=request.path_params, given=request.query_params, noted=noted, body=body)
    try:
        told = success(await answer(call))
    except Declined as error:
        told = failure(error.message, status_of_code(error.code))
    except psycopg.Error:
        reference = secrets.token_hex(4)
        logger.exception("rest.internal_error", path=request.url.path, reference=reference)
        told = failure(f"internal error (the log has it under {reference})", 500)
    finally:
        await reading.end()
    told.raw_headers.extend(noted.raw_headers)
    return told

"""
GraphQL over HTTP, as its specification wants it: which media type an answer has, and which status.

    application/json                    200 to whatever could be understood, errors or not; 4xx to a malformed request
    application/graphql-response+json   200 only to an answer with data; else the status that says why there is none

What answers a request by itself uses `media_type`, `status_of` and `refusal`, so that nobody can tell who answered.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from cross_web import AsyncHTTPRequestAdapter, HTTPException
from graphql import ExecutionResult, GraphQLError
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData, GraphQLRequestProtocol
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError

from graphql_api.errors import Declined, coded
from graphql_api.graphql_requests import JSON, Asked, Malformed, read_address, read_body
from graphql_api.statuses import status_of_code
from graphql_api.visits import Visit

GRAPHQL_RESPONSE = "application/graphql-response+json"
METHODS = "GET, POST, OPTIONS"


@lru_cache(maxsize=100)
def media_type(accept: str) -> str:
    """Return which of our two media types a client prefers; JSON where it does not say, or would have neither."""
    qualities = dict(map(_quality, accept.split(",")))
    anything = max(qualities.get("*/*", 0.0), qualities.get("application/*", 0.0))
    prefers = qualities.get(GRAPHQL_RESPONSE, 0.0) > qualities.get(JSON, anything)
    return GRAPHQL_RESPONSE if prefers else JSON


def is_request_error(data: object, errors: Sequence[GraphQLError] | None) -> bool:
    """Say whether a request failed before any field was asked: then its answer has no data, not even null."""
    return data is None and errors is not None and all(error.path is None for error in errors)


def status_of(answer: Mapping[str, Any], media: str) -> int:
    """Return the status of an answer in a media type."""
    if media == JSON or "data" in answer:
        return 200
    extensions = answer["errors"][0].get("extensions") or {}
    return status_of_code(extensions.get("code"))


def refusal(headers: Headers, reason: str, status: int, **more_headers: str) -> Response:
    """Return the answer to a request that could not be understood, or is not to be answered."""
    return unanswered(headers, coded(GraphQLError(reason)), status, more_headers)


def declined(headers: Headers, reason: Declined, more_headers: Mapping[str, str] | None = None) -> Response:
    """Return the answer to a request that was understood, and is refused as a whole."""
    return unanswered(headers, reason, status_of_code(reason.code), more_headers or {})


class OverHttp(GraphQL[Visit, None]):
    """Strawberry's door, by these rules."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; on what is no request, do as Strawberry does."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        request = Request(scope, receive)
        if request.method == "OPTIONS":
            await Response(status_code=204, headers={"Allow": METHODS})(scope, receive, send)
            return
        try:
            response = await self.run(request)
        except Malformed as error:
            response = refusal(request.headers, error.reason, error.status)
        except HTTPException as error:
            response = _refused(request.headers, error)
        await response(scope, receive, send)

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> GraphQLRequestData | list[GraphQLRequestData]:
        """Return what is asked. Raises `Malformed`."""
        transport = self._get_stream_transport_from_headers(request.headers)
        protocol: GraphQLRequestProtocol = transport.protocol if transport else "http"
        if request.method == "GET":
            return _for_strawberry(read_address({**request.query_params}), protocol)  # type: ignore[dict-item]  # No lists: Starlette gives the last of each name.
        asked = read_body(request.content_type, await request.get_body())
        if not isinstance(asked, list):
            return _for_strawberry(asked, protocol)
        batch = [_for_strawberry(each, protocol) for each in asked]
        self._validate_batch_request(batch, protocol=protocol)
        return batch

    async def execute_single(self, *arguments: Any, **asked: Any) -> Any:
        """Answer one operation; which of them was meant is told as any other mistake in a document."""
        try:
            return await super().execute_single(*arguments, **asked)
        except HTTPException as error:
            if isinstance(error.__cause__, CannotGetOperationTypeError):
                return ExecutionResult(data=None, errors=[GraphQLError(error.reason)])
            raise

    async def process_result(self, request: Request, result: Any) -> GraphQLHTTPResponse:
        """Return an answer as it is written; one to a request that failed before any field has no data."""
        answer = await super().process_result(request, result)
        if is_request_error(result.data, result.errors):
            del answer["data"]
        return answer

    async def get_sub_response(self, request: Request | WebSocket) -> Response:
        """Return what an answer is made from: it knows in which media type."""
        response = await super().get_sub_response(request)
        response.media_type = media_type(request.headers.get("Accept", ""))
        response.headers["Vary"] = "Accept"
        return response

    def create_response(
        self, response_data: GraphQLHTTPResponse | list[GraphQLHTTPResponse], sub_response: Response
    ) -> Response:
        """Return an answer in its media type, with its status."""
        response = super().create_response(response_data, sub_response)
        media = sub_response.media_type or JSON
        response.headers["Content-Type"] = media
        if not sub_response.status_code and not isinstance(response_data, list):
            response.status_code = status_of(response_data, media)
        return response


def unanswered(headers: Headers, error: GraphQLError, status: int, more_headers: Mapping[str, str]) -> Response:
    """Return the answer to a request that was not answered, in the media type that it asks for."""
    return Response(
        msgspec.json.encode({"errors": [error.formatted]}),
        status_code=status,
        media_type=media_type(headers.get("Accept", "")),
        headers={"Vary": "Accept", **more_headers},
    )


def _quality(media_range: str) -> tuple[str, float]:
    name, *parameters = (part.strip().lower() for part in media_range.split(";"))
    given = next((parameter[2:] for parameter in parameters if parameter.startswith("q=")), "1")
    try:
        return name, float(given)
    except ValueError:
        return name, 1.0


def _for_strawberry(asked: Asked, protocol: GraphQLRequestProtocol) -> GraphQLRequestData:
    return GraphQLRequestData(
        query=asked.query,
        variables=asked.variables,
        operation_name=asked.operation_name,
        extensions=asked.extensions,
        protocol=protocol,
    )


def _refused(headers: Headers, error: HTTPException) -> Response:
    if isinstance(error.__cause__, InvalidOperationTypeError) and error.reason.endswith("GET"):
        return refusal(headers, error.reason, 405, Allow="POST, OPTIONS")
    if error.status_code == 405:
        return refusal(headers, error.reason, 405, Allow=METHODS)
    return refusal(headers, error.reason, error.status_code)

"""
Where connections that stay come in: WebSockets, and requests that accept an event stream.

What comes before, who may ask and how often, is decided by the same middleware as for every other request.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

from graphql import OperationType
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from graphql_api.errors import BadInput, Declined, LimitReached, NotSignedIn
from graphql_api.graphql_requests import Malformed, read_address, read_body
from graphql_api.live import messages
from graphql_api.live.live import Live
from graphql_api.live.messages import Code
from graphql_api.live.operations import Operation
from graphql_api.live.socket import Socket
from graphql_api.live.stream import Stream
from graphql_api.over_http import declined, refusal
from graphql_api.statuses import status_of_code
from graphql_api.visitors import address_of
from graphql_api.visits import Visit

MEDIA_TYPE = "text/event-stream"
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
Visiting = Callable[[HTTPConnection], Visit]


class LiveDoor:
    """An endpoint that serves what stays, and leaves everything else to the endpoint behind it."""

    def __init__(self, live: Live, visiting: Visiting, behind: ASGIApp) -> None:
        self._live = live
        self._visiting = visiting
        self._behind = behind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a connection."""
        if scope["type"] == "websocket":
            await self._serve_socket(WebSocket(scope, receive, send))
        elif _wants_stream(Headers(scope=scope).get("accept", "")):
            response = await self._stream(Request(scope, receive, send))
            await response(scope, receive, send)
        else:
            await self._behind(scope, receive, send)

    async def _serve_socket(self, websocket: WebSocket) -> None:
        if messages.PROTOCOL not in websocket.scope["subprotocols"]:
            await websocket.accept()
            await websocket.close(Code.WRONG_PROTOCOL, f"expected the subprotocol {messages.PROTOCOL}")
            return
        await websocket.accept(messages.PROTOCOL)
        full = self._live.capacity.refusal(address_of(websocket.scope))
        if full is not None:
            await websocket.close(Code.TRY_AGAIN_LATER, full)
            return
        with self._live.capacity.entered(address_of(websocket.scope)):
            await Socket(self._live, websocket, self._visiting(websocket)).run()

    async def _stream(self, request: Request) -> Response:
        try:
            operation = await self._operation(request)
            visit = self._visiting(request)
            viewer = None if visit.token is None else await self._live.viewer(visit)
        except Malformed as error:
            return refusal(request.headers, error.reason, error.status)
        except Declined as reason:
            return _refused(request.headers, reason)
        if viewer is None and visit.is_explicit:
            return _refused(
                request.headers, NotSignedIn("the session is unknown or has ended: sign in again, or show none")
            )
        if (full := self._live.capacity.refusal(address_of(request.scope))) is not None:
            return _refused(request.headers, LimitReached(full))

        async def texts() -> AsyncIterator[str]:
            events = Stream(self._live).texts(operation, visit, viewer)
            with self._live.capacity.entered(address_of(request.scope)):
                async with aclosing(events):
                    async for text in events:
                        yield text

        return StreamingResponse(texts(), media_type=MEDIA_TYPE, headers=HEADERS)

    async def _operation(self, request: Request) -> Operation:
        """Return what a request asks. Raises `Malformed` and `BadInput`."""
        if request.method == "POST":
            asked = read_body(request.headers.get("content-type"), await request.body())
        else:
            asked = read_address(request.query_params)
        if isinstance(asked, list):
            raise Malformed("a stream answers one operation, not several in one request")
        operation = Operation.of(asked)
        if request.method != "POST" and self._live.kind(operation) is OperationType.MUTATION:
            raise BadInput(f"a mutation is sent by POST, never by {request.method}")
        return operation


def _wants_stream(accept: str) -> bool:
    # Some clients accept a stream for anything, but would rather have JSON.
    return MEDIA_TYPE in accept and "json" not in accept


def _refused(headers: Headers, reason: Declined) -> Response:
    retry = {"Retry-After": "5"} if status_of_code(reason.code) == 503 else {}
    return declined(headers, reason, retry)

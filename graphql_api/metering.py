"""
Turn away requests that come too often, are too large, or were made by a strange page in somebody's name.

Stands before every route, so that none can be forgotten; /health and the static files are free. What is left of the
quotas goes back with each answer. A refusal has the shape that its path speaks.
"""

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from graphql_api.errors import CrossSite, Declined, TooLarge
from graphql_api.graphql_requests import PATH
from graphql_api.labelling import add_labels
from graphql_api.over_http import declined
from graphql_api.raw_headers import header
from graphql_api.reading import World
from graphql_api.rest.envelopes import failure
from graphql_api.statuses import status_of_code
from graphql_api.visitors import address_of, labels_of
from graphql_api.visits import Visit

FREE = ("/health", "/static/", "/page/")
LENGTH_DIGITS_MAX = 18
READING = {"GET", "HEAD", "OPTIONS"}


class Metering:
    """The layer that counts and measures."""

    def __init__(self, app: ASGIApp, *, world: World) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may pass, and answer the rest."""
        if scope["type"] == "websocket":
            await self._connect(scope, receive, send)
        elif scope["type"] != "http" or scope["path"].startswith(FREE):
            await self._app(scope, receive, send)
        else:
            await self._request(scope, receive, send)

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        standing = self._world.quotas.connections.take(address_of(scope))
        complaint = None if standing is None else standing.complaint
        if standing is None or complaint is None:
            await self._app(scope, receive, send)
            return
        socket = WebSocket(scope, receive, send)
        await socket.receive()
        add_labels(scope, labels_of([standing]))
        await socket.send_denial_response(_refusal(scope, complaint))

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        visit = Visit.of(self._world, scope)
        standings = await self._world.quotas.ask(address_of(scope), visit.token)
        add_labels(scope, labels_of(standings))
        too_often = next((each.complaint for each in standings if each.wait_seconds), None)
        complaint = too_often or self._cross_site(scope, visit) or self._too_large(scope)
        if complaint is not None:
            await _refusal(scope, complaint)(scope, receive, send)
            return
        try:
            await self._app(scope, self._measured(receive) if _may_grow(scope) else receive, send)
        except TooLarge as error:
            # Raised while the body was read, so before anything was answered.
            await _refusal(scope, error)(scope, receive, send)

    def _cross_site(self, scope: Scope, visit: Visit) -> Declined | None:
        """Return what is wrong with a request that acts in the name of whoever a cookie is of."""
        is_by_cookie = visit.shows_cookie and visit.bearer is None
        if not is_by_cookie or scope["method"] in READING:
            return None
        if visit.cookie is None:
            return CrossSite(
                f"a page of {header(scope, b'origin')} may not act by the session's cookie: setting "
                "API_ORIGINS names those that may; others send the session's token as Authorization: Bearer …"
            )
        # A form of any page can be sent with a cookie, but not as JSON.
        if not (header(scope, b"content-type") or "").lower().startswith("application/json"):
            return CrossSite("whoever acts by the session's cookie sends JSON: Content-Type: application/json")
        return None

    def _too_large(self, scope: Scope) -> Declined | None:
        length, most = header(scope, b"content-length") or "0", self._world.limits.api_body_bytes_max
        is_small = length.isdecimal() and len(length) <= LENGTH_DIGITS_MAX and int(length) <= most
        return None if is_small else TooLarge(most)

    def _measured(self, receive: Receive) -> Receive:
        most, received = self._world.limits.api_body_bytes_max, 0

        async def receive_measured() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                raise TooLarge(most)
            return message

        return receive_measured


def _may_grow(scope: Scope) -> bool:
    """Say whether a body may become longer than was said at first; the server cuts one whose length was said."""
    return header(scope, b"content-length") is None or header(scope, b"transfer-encoding") is not None


def _refusal(scope: Scope, error: Declined) -> Response:
    if scope["path"] == PATH:
        return declined(Headers(scope=scope), error)
    return failure(error.message, status_of_code(error.code))

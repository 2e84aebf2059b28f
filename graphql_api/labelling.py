"""
Label each response: with the id of its request, and with what a browser must not do with it.

The id is ours, made anew for each request and WebSocket; what is logged meanwhile carries it too. A response that has a
header already, as GraphiQL's page its policy, keeps it. Layers within add labels of their own by `add_labels`.
"""

import random
from collections.abc import Iterable
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

RawHeader = tuple[bytes, bytes]
"""Name, in small letters, and value."""

REQUEST_ID = "X-Request-Id"
REQUEST_ID_RAW = REQUEST_ID.lower().encode()
LABELS = "labels"
"""Where a request's labels are in its scope."""

STARTS = {"http.response.start", "websocket.http.response.start", "websocket.accept"}

SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
TRANSPORT = {"Strict-Transport-Security": "max-age=31536000"}
"""For browsers that came over HTTPS: a year of nothing else."""


class Labelling:
    """The outermost layer of the application."""

    def __init__(self, app: ASGIApp, *, is_secure: bool) -> None:
        self._app = app
        labels = {**SECURITY, **(TRANSPORT if is_secure else {})}
        # As they are sent: Starlette would look through all headers, and encode, for each of them.
        self._labels = [(name.lower().encode(), value.encode()) for name, value in labels.items()]
        self._names = {name for name, _ in self._labels}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and label what comes back."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        # Told from others, not kept from anybody.
        request_id = f"{random.getrandbits(64):016x}"
        # Each request has a task, and with it a context, of its own.
        structlog.contextvars.bind_contextvars(request_id=request_id)
        labels = scope[LABELS] = [(REQUEST_ID_RAW, request_id.encode())]

        async def send_labelled(message: Message) -> None:
            if message["type"] in STARTS:
                message["headers"] = self._labelled(message.get("headers", ()), labels)
            await send(message)

        await self._app(scope, receive, send_labelled)

    def _labelled(self, headers: Iterable[RawHeader], labels: list[RawHeader]) -> list[RawHeader]:
        """Return a response's headers with a request's labels, and those of ours that it has not itself."""
        headers = list(headers)
        has = self._names.intersection([name for name, _ in headers])
        missing = [label for label in self._labels if label[0] not in has] if has else self._labels
        return [*headers, *labels, *missing]


def add_labels(scope: Scope, labels: Iterable[RawHeader]) -> None:
    """Have the response to a request labelled with headers more."""
    scope[LABELS] += labels


def current_request() -> str | None:
    """Return the id of the request that is being answered."""
    found: Any = structlog.contextvars.get_contextvars().get("request_id")
    return None if found is None else str(found)

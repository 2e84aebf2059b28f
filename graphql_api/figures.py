"""What the API counts while it answers, as plain numbers; `metrics` tells Prometheus of them."""

import time
from collections import Counter
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graphql_api.errors import INTERNAL
from runtime.metrics import Labels, Spread

COSTS = (1, 10, 50, 100, 500, 1_000, 5_000, 10_000, 50_000)
METHODS = {"GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"}
OTHER = "other"


class Figures:
    """The figures of one process."""

    def __init__(self) -> None:
        self.requests = Spread()
        self.costs = Spread(COSTS)
        # What alerts look for is told from the beginning: Prometheus must see it grow.
        self.errors: Counter[Labels] = Counter({(INTERNAL,): 0})
        self.live_closed: Counter[Labels] = Counter({("FELL_BEHIND",): 0})

    def failed(self, errors: list[Any]) -> None:
        """Count the errors of an answer by their codes."""
        for error in errors:
            self.errors[(str((error.extensions or {}).get("code", INTERNAL)),)] += 1


class Measuring:
    """The layer that takes the time until each answer begins: a stream then goes on for as long as it likes."""

    def __init__(self, app: ASGIApp, *, figures: Figures) -> None:
        self._app = app
        self._note = figures.requests.note

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and note when it is answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, is_answered = time.perf_counter(), False

        async def send_measured(message: Message) -> None:
            nonlocal is_answered
            if message["type"] == "http.response.start":
                is_answered = True
                self._note(labels_of(scope, message["status"]), time.perf_counter() - began)
            await send(message)

        try:
            await self._app(scope, receive, send_measured)
        finally:
            if not is_answered:
                self._note(labels_of(scope, 500), time.perf_counter() - began)


def labels_of(scope: Scope, status: int) -> Labels:
    """Return the route, the method and the status of a request; what a client makes up is counted as one."""
    route, method = scope.get("route"), scope["method"]
    path = getattr(route, "path", None) or ("/graphql" if scope["path"] == "/graphql" else OTHER)
    return path, method if method in METHODS else OTHER, str(status)

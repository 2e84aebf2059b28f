"""
What pages of other origins may do.

    an origin that is named     everything, with the session's cookie
    any other                   everything, without: what is public anybody may read, and who holds a token shows it
"""

from collections.abc import Collection

from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graphql_api.raw_headers import header

METHODS = ("GET", "HEAD", "POST")
EXPOSED = ("RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-Id")
ANY = ("*",)


class Origins:
    """Two policies, chosen by where the page is from."""

    def __init__(self, app: ASGIApp, *, named: Collection[str]) -> None:
        self._app = app
        self._named = named
        common = {"allow_methods": METHODS, "allow_headers": ANY, "expose_headers": EXPOSED}
        self._of_named = CORSMiddleware(app, allow_origins=[*named], allow_credentials=True, **common)  # type: ignore[arg-type]  # All are sequences of text.
        self._of_others = CORSMiddleware(app, allow_origins=ANY, **common)  # type: ignore[arg-type]  # As above.

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for the origin, and say that others get another answer where that is so."""
        origin = header(scope, b"origin") if scope["type"] == "http" else None
        if origin is None and not self._named:
            await self._app(scope, receive, send)
        elif not self._named:
            await self._of_others(scope, receive, send)
        elif origin in self._named:
            await self._of_named(scope, receive, send)
        else:
            await self._of_others(scope, receive, _varying(send))


def _varying(send: Send) -> Send:
    async def send_varying(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).add_vary_header("Origin")
        await send(message)

    return send_varying

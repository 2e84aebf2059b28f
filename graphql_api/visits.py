"""Where operations come from: one HTTP request, or one WebSocket."""

from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Scope

from graphql_api.cookies import cookie_name, is_trusted
from graphql_api.raw_headers import header
from graphql_api.reading import Reading, World
from graphql_api.visitors import Visitor, address_of


@dataclass(slots=True, kw_only=True)
class Visit:
    """
    What all operations share, and what the visitor shows.

    `cookie` is the token that a browser sent by itself, where that counts, and `shows_cookie` whether it sent one at
    all; `connection_params` come later, on a socket.
    """

    world: World
    authorization: str | None = None
    cookie: str | None = None
    shows_cookie: bool = False
    connection_params: object = None
    visitor: Visitor | None = None

    @classmethod
    def of(cls, world: World, scope: Scope, response: Response | None = None) -> "Visit":
        """Return a request, with the response on which to note what goes back; or a WebSocket, which has none."""
        kept = _kept_cookie(world, scope)
        counts = bool(kept) and is_trusted(Headers(scope=scope), world.limits.api_origins)
        return cls(
            world=world,
            authorization=header(scope, b"authorization"),
            cookie=kept if counts else None,
            shows_cookie=kept is not None,
            visitor=Visitor(
                address=address_of(scope),
                prepaid=int(scope["type"] == "http"),
                response=response,
            ),
        )

    def read(self, kind: type[Reading] = Reading) -> Reading:
        """Return what one operation of this visit reads."""
        reading = kind(self.world, self.token)
        reading.visitor = self.visitor
        return reading

    @property
    def is_explicit(self) -> bool:
        """Whether the visitor itself says that it has a session, and would want to know that it has none."""
        shown = isinstance(self.connection_params, dict) and "authorization" in self.connection_params
        return self.authorization is not None or shown

    @property
    def token(self) -> str | None:
        """The token of a session, when the visitor shows one or their browser does."""
        return self.bearer or self.cookie

    @property
    def bearer(self) -> str | None:
        """The token that the visitor shows themselves."""
        shown = self.authorization
        if shown is None and self.connection_params is None:
            return None
        if isinstance(self.connection_params, dict):
            shown = self.connection_params.get("authorization", shown)
        scheme, _, token = shown.strip().partition(" ") if isinstance(shown, str) else ("", "", "")
        return token.strip() or None if scheme.lower() == "bearer" else None


def _kept_cookie(world: World, scope: Scope) -> str | None:
    """Return what a browser sent by itself as a session's token, whether it counts or not."""
    if header(scope, b"cookie") is None:
        return None
    return HTTPConnection(scope).cookies.get(cookie_name(world.terms))

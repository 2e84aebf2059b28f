"""Where operations come from: one HTTP request, or one WebSocket."""

from dataclasses import dataclass

from starlette.requests import HTTPConnection

from graphql_api.reading import World


@dataclass(slots=True, kw_only=True)
class Visit:
    """What all operations share, and what the visitor shows; Strawberry sets `connection_params` later."""

    world: World
    authorization: str | None = None
    connection_params: object = None

    @classmethod
    def of(cls, world: World, connection: HTTPConnection) -> "Visit":
        """Return the visit that a request, or a WebSocket, is."""
        return cls(world=world, authorization=connection.headers.get("Authorization"))

    @property
    def is_explicit(self) -> bool:
        """Whether the visitor itself says that it has a session, and would want to know that it has none."""
        shown = isinstance(self.connection_params, dict) and "authorization" in self.connection_params
        return self.authorization is not None or shown

    @property
    def token(self) -> str | None:
        """The token of a session, when the visitor shows one."""
        shown = self.authorization
        if isinstance(self.connection_params, dict):
            shown = self.connection_params.get("authorization", shown)
        scheme, _, token = shown.strip().partition(" ") if isinstance(shown, str) else ("", "", "")
        return token.strip() or None if scheme.lower() == "bearer" else None

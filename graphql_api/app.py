"""
The web application: its routes.

    /graphql   queries by POST and GET, mutations by POST, subscriptions by WebSocket (graphql-transport-ws);
               GraphiQL for browsers
    /health    this process
    /ready     progress of every chain
    /static    GraphiQL's scripts

Pages of any origin may ask: there are no cookies to abuse. Whoever has signed in says so in each request, with
`Authorization: Bearer …`; on a WebSocket, where pages can send no header, in connection_init as `authorization`.
"""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL

from graphql_api.compiled import compiled
from graphql_api.graphiql import STATIC, graphiql_page
from graphql_api.health import health, ready
from graphql_api.reading import World
from graphql_api.schema import build
from graphql_api.visits import Visit

ANYBODY = ("*",)


class Door(GraphQL[Visit, None]):
    """The schema over HTTP and WebSocket."""

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Visit:  # noqa: ARG002
        """Return what all operations share, and what this visitor shows."""
        world: World = request.app.state.world
        return Visit(world=world, authorization=request.headers.get("Authorization"))

    async def render_graphql_ide(self, request: Request) -> Response:  # noqa: ARG002
        """Return GraphiQL's page."""
        return graphiql_page()


def create_app(world: World, *, shows_internal_errors: bool = False) -> Starlette:
    """Return the application over what its operations share."""
    schema = build()
    schema.shows_internal_errors = shows_internal_errors
    door = Door(schema, subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL], allowed_origins=ANYBODY)
    in_front = compiled(door, schema, world.lines)
    app = Starlette(
        routes=[
            Route("/", _index),
            Route("/health", health),
            Route("/ready", ready),
            Route("/graphql", in_front),
            WebSocketRoute("/graphql", door),
            Mount("/static", StaticFiles(directory=STATIC, check_dir=False)),
        ],
        middleware=[Middleware(CORSMiddleware, allow_origins=ANYBODY, allow_methods=ANYBODY, allow_headers=ANYBODY)],
    )
    app.state.world = world
    app.state.compiled = in_front
    return app


async def _index(_: Request) -> Response:
    return JSONResponse({"service": "lamda-backend", "graphql": "/graphql", "health": "/health", "ready": "/ready"})

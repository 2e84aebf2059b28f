"""
The web application: its routes.

    /graphql   queries by POST and GET, mutations by POST, subscriptions by WebSocket (graphql-transport-ws)
               and SSE; GraphiQL for browsers
    /api/v1    plain routes, described by /api/v1/openapi.json
    /          the dashboard, for browsers; where the rest is, for programs
    /health    this process
    /ready     progress of every chain
    /metrics   what Prometheus reads
    /page, /static    GraphiQL's modules and scripts

Pages of any origin may ask, but only those that a setting names by the session's cookie. Whoever has signed in without
one says so in each request, with `Authorization: Bearer …`; on a WebSocket, where pages can send no header, in
connection_init as `authorization`.
"""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from graphql_api.compiled import compiled
from graphql_api.dashboard import dashboard_routes
from graphql_api.failing import EXCEPTION_HANDLERS
from graphql_api.graphiql import graphiql_page, page_mounts
from graphql_api.graphql_requests import PATH
from graphql_api.guarding import guards
from graphql_api.limits import Limits
from graphql_api.live.doors import LiveDoor
from graphql_api.live.live import Live
from graphql_api.metrics import api_metrics, metrics_route
from graphql_api.over_http import OverHttp
from graphql_api.reading import World
from graphql_api.rest.catalogue import rest_routes
from graphql_api.schema import build
from graphql_api.visits import Visit
from runtime.metrics_settings import MetricsSettings
from runtime.settings import load


class GraphqlFirst:
    """The layer that brings what is asked most to its door, past the layers that look for a route."""

    def __init__(self, app: ASGIApp, *, door: ASGIApp) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        is_graphql = scope["type"] != "lifespan" and scope["path"] == PATH
        await (self._door if is_graphql else self._app)(scope, receive, send)


class Door(OverHttp):
    """The schema over HTTP."""

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Visit:
        """Return what all operations share, and what this visitor shows."""
        return Visit.of(request.app.state.world, request.scope, response if isinstance(response, Response) else None)

    async def render_graphql_ide(self, request: Request) -> Response:  # noqa: ARG002
        """Return GraphiQL's page."""
        return graphiql_page()


def create_app(world: World, *, shows_internal_errors: bool = False, looks: MetricsSettings | None = None) -> Starlette:
    """Return the application over what its operations share."""
    schema = build(Limits.of(world.limits))
    schema.shows_internal_errors = shows_internal_errors
    schema.figures = world.figures
    in_front = compiled(Door(schema, subscription_protocols=[]), schema, world)
    live = Live(schema, world)
    live_door = LiveDoor(live, lambda connection: Visit.of(world, connection.scope), behind=in_front)
    app = Starlette(
        routes=[
            # Only what has a slash too many comes here, and is sent to the right place.
            Route(PATH, live_door),
            *rest_routes(),
            *dashboard_routes(),
            *page_mounts(),
            metrics_route(looks or load(MetricsSettings)[0], is_public=world.terms.is_secure),
        ],
        middleware=[*guards(world), Middleware(GraphqlFirst, door=live_door)],
        exception_handlers=EXCEPTION_HANDLERS,
    )
    app.state.world = world
    app.state.live = live
    app.state.compiled = in_front
    app.state.metrics = api_metrics(app.state)
    return app

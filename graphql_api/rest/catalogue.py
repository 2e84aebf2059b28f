"""All operations outside of GraphQL, their routes, and the document that describes them."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from graphql_api import health
from graphql_api.rest import auth, market, openapi
from graphql_api.rest.operations import Operation, routes

OPERATIONS = (*market.OPERATIONS, *auth.OPERATIONS, *health.OPERATIONS)
"""A module with operations of its own is added here, and so gets its routes and its place in the document."""

DOCUMENT_PATH = "/api/v1/openapi.json"


def rest_routes(operations: tuple[Operation, ...] = OPERATIONS) -> list[Route]:
    """Return the routes of operations, and that of the document that describes them all and itself."""

    async def answer(_: Request) -> Response:
        return Response(written, media_type="application/json")

    described = Operation(
        path=DOCUMENT_PATH,
        endpoint=answer,
        summary="This document",
        answers={200: dict[str, Any]},
        enveloped=False,
        tag="service",
    )
    everything = (*operations, described)
    written = msgspec.json.encode(openapi.document(everything))
    return routes(everything)

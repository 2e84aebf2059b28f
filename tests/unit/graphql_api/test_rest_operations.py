"""Operations become routes and a document, whoever adds them."""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from graphql_api.questions import NUMBER, Parameter
from graphql_api.rest.catalogue import DOCUMENT_PATH, OPERATIONS, rest_routes
from graphql_api.rest.openapi import document
from graphql_api.rest.operations import Operation, routes


class Greeting(msgspec.Struct):
    """What somebody says."""

    text: str


async def _greet(_: Request) -> Response:
    return Response(status_code=204)


GREET = Operation(
    path="/api/v1/greetings/{number}",
    endpoint=_greet,
    summary="Greet",
    method="POST",
    body=Greeting,
    answers={200: Greeting, 204: None},
    failures=(401,),
    path_parameters=(Parameter(name="number", about="Which.", kind=NUMBER),),
    signed_in=True,
)


def test_an_operation_with_a_body_is_described() -> None:
    """With what it takes, what it answers and how it fails."""
    described: Any = document([GREET])["paths"]["/api/v1/greetings/{number}"]["post"]

    greeting = {"$ref": "#/components/schemas/Greeting"}
    assert described["requestBody"] == {"required": True, "content": {"application/json": {"schema": greeting}}}
    assert described["responses"].keys() == {"200", "204", "401", "403", "413", "429", "500"}
    assert "content" not in described["responses"]["204"]
    assert described["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["data"] == greeting
    assert described["operationId"] == "post_greetings_number"
    assert described["security"] == [{}, {"session": []}]


def test_fixed_paths_come_before_those_with_parameters() -> None:
    """Else `stats` would be taken for an address."""
    paths = [route.path for route in routes(OPERATIONS)]

    assert paths.index("/api/v1/nodes/stats") < paths.index("/api/v1/nodes/{address}")


def test_every_route_is_in_the_document() -> None:
    """Its own too, and nothing that is not served."""
    served = {route.path for route in rest_routes((*OPERATIONS, GREET))}

    assert {each.path for each in (*OPERATIONS, GREET)} | {DOCUMENT_PATH} == served


def test_names_of_operations_are_unique() -> None:
    """Clients made from the document have a function of each."""
    paths: Any = document(OPERATIONS)["paths"]
    names = [operation["operationId"] for methods in paths.values() for operation in methods.values()]

    assert len(names) == len(set(names))

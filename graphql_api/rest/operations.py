"""
What an operation over HTTP is: where it is, what it may be given, what it answers, and who answers.

Routes are made of these descriptions, and so is the OpenAPI document; neither can say what the other does not.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from graphql_api.questions import Parameter

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """
    One method at one path.

    `answers` says by status what is answered: a type that msgspec knows, or None for no body. Where it is
    `enveloped`, that of 200 is the `data` of an envelope. `failures` are the statuses of errors. `signed_in` says
    that who shows a session may be told more, or must show one.
    """

    path: str
    endpoint: Endpoint
    summary: str
    answers: Mapping[int, Any]
    method: str = "GET"
    about: str = ""
    tag: str = "other"
    enveloped: bool = True
    failures: tuple[int, ...] = ()
    path_parameters: tuple[Parameter, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    body: Any = None
    signed_in: bool = field(default=False)


def routes(operations: Iterable[Operation]) -> list[Route]:
    """Return one route a path; fixed paths come before those with parameters, whatever their order here."""
    by_path: dict[str, dict[str, Endpoint]] = {}
    for each in sorted(operations, key=lambda operation: "{" in operation.path):
        by_path.setdefault(each.path, {})[each.method] = each.endpoint
    return [_route(path, endpoints) for path, endpoints in by_path.items()]


def _route(path: str, endpoints: Mapping[str, Endpoint]) -> Route:
    # Starlette lets HEAD in wherever GET is, and answers other methods with 405 and the ones there are.
    methods = [*endpoints, "OPTIONS"]
    allowed = ", ".join([*(["HEAD"] if "GET" in endpoints else []), *methods])

    async def answer(request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": allowed})
        return await endpoints["GET" if request.method == "HEAD" else request.method](request)

    return Route(path, answer, methods=methods)

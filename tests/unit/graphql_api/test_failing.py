"""What a request is told when something of ours breaks that nobody foresaw."""

import json
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Message

from graphql_api.failing import EXCEPTION_HANDLERS
from graphql_api.labelling import Labelling


async def breaking(request: Request) -> None:  # noqa: ARG001
    """Answer nothing."""
    raise KeyError("something of ours")


APP = Starlette(
    routes=[Route("/graphql", breaking), Route("/api/v1/jobs", breaking)],
    middleware=[Middleware(Labelling, is_secure=False)],
    exception_handlers=EXCEPTION_HANDLERS,
)


async def asked(path: str) -> tuple[int, dict[str, str], Any]:
    """Return status, headers and body of an answer; the error goes on to the server, which tells the log."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": [], "server": ("api", 80)}
    with pytest.raises(KeyError):
        await APP(scope, receive, send)
    start, body = sent
    return (
        start["status"],
        {name.decode(): value.decode() for name, value in start["headers"]},
        json.loads(body["body"]),
    )


async def test_a_question_is_answered_as_graphql_answers() -> None:
    """With the code, and the id by which the log has it; not with what it was."""
    status, headers, body = await asked("/graphql")
    (error,) = body["errors"]

    assert (status, headers["content-type"]) == (500, "application/json")
    assert error["message"] == "internal error"
    assert error["extensions"] == {"code": "INTERNAL", "requestId": headers["x-request-id"]}
    assert headers["x-request-id"]


async def test_others_are_answered_in_their_envelope() -> None:
    status, headers, body = await asked("/api/v1/jobs")

    assert (status, body) == (500, {"error": "internal error", "success": False})
    assert headers["x-request-id"]

"""
Questions by HTTP that a plan answers, before the general executor sees them.

Only the plainest form is taken: one operation in JSON by POST, answered at once. Everything else, every question that
no plan answers, and every one that may not pass, goes on as it came. Where the database refused, the general executor
goes on with that refusal, and says so in its own words without asking again.
"""

from collections import Counter
from collections.abc import Mapping

import msgspec
import psycopg
from psycopg_pool import PoolTimeout
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graphql_api.admission import admit
from graphql_api.answering import AnsweringSchema
from graphql_api.compiled.plans import Plans, Ready
from graphql_api.compiled.selections import Uncovered
from graphql_api.errors import Declined
from graphql_api.graphql_requests import Asked, Malformed, is_json, read_body
from graphql_api.over_http import media_type
from graphql_api.reading import World
from graphql_api.snapshot import refusing
from graphql_api.visits import Visit

REASONS_MAX = 500
"""Reasons that are counted apart; those beyond are counted as one."""


class Counts(msgspec.Struct, frozen=True, rename="camel"):
    """How many queries plans answered, and how many were passed on for which reason, the most frequent first."""

    answered: int
    passed_on: Mapping[str, int]


class CompiledDoor:
    """What answers from plans, in front of what answers everything."""

    def __init__(self, general: ASGIApp, plans: Plans, schema: AnsweringSchema, world: World) -> None:
        self._general = general
        self._plans = plans
        self._schema = schema
        self._world = world
        self._answered = 0
        self._passed_on: Counter[str] = Counter()

    @property
    def general(self) -> ASGIApp:
        """What answers everything."""
        return self._general

    @property
    def counts(self) -> Counts:
        """How many questions plans answered, and how many were passed on."""
        return Counts(answered=self._answered, passed_on=dict(self._passed_on.most_common()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        connection = HTTPConnection(scope) if scope["type"] == "http" and scope["method"] == "POST" else None
        if connection is None or not _is_plain(connection.headers):
            await self._general(scope, receive, send)
            return
        message, refusal = await receive(), None
        try:
            answer = await self._answer(connection, message)
            self._answered += 1
            await _send(send, answer, media_type(connection.headers.get("accept", "")))
            return
        except Uncovered as error:
            reason = str(error)
        except (psycopg.errors.QueryCanceled, PoolTimeout) as error:
            reason, refusal = "refused by the database", error
        except psycopg.Error as error:
            # A number beyond GraphQL's, a value beyond a column's, or a connection that broke.
            reason = type(error).__name__
        self._count(reason)
        with refusing(refusal):
            await self._general(scope, _again(message, receive), send)

    def _count(self, reason: str) -> None:
        is_known = reason in self._passed_on or len(self._passed_on) < REASONS_MAX
        self._passed_on[reason if is_known else "other"] += 1

    async def _answer(self, connection: HTTPConnection, message: Message) -> bytes:
        asked = _read(connection.headers, message)
        ready = await self._ready(connection, asked)
        return await self._world.lines.ask(ready.text, ready.values)

    async def _ready(self, connection: HTTPConnection, asked: Asked) -> Ready:
        """Return the statement for a question that may pass; one that may not is turned away where others are."""
        plan = self._plans.take(asked.query or "", asked.operation_name)
        reading = Visit.of(self._world, connection).read(self._schema.reading)
        try:
            await admit(reading, plan.bill, asked.variables, self._schema.limits)
        except Declined as error:
            raise Uncovered("declined") from error
        return plan.ready(asked.variables or {})


def _is_plain(headers: Headers) -> bool:
    """Say whether a request is sent as JSON, and its answer expected as such and at once."""
    accepted = headers.get("accept", "")
    is_stream = "event-stream" in accepted or "multipart" in accepted
    return is_json(headers.get("content-type", "")) and not is_stream


def _read(headers: Headers, message: Message) -> Asked:
    """Return the one operation that a request asks. Raises `Uncovered`."""
    if message.get("more_body"):
        raise Uncovered("body in parts")
    try:
        asked = read_body(headers.get("content-type"), message.get("body", b""))
    except Malformed as error:
        raise Uncovered("malformed") from error
    if isinstance(asked, list):
        raise Uncovered("batch")
    if asked.extensions:
        raise Uncovered("extensions")
    return asked


def _again(message: Message, receive: Receive) -> Receive:
    """Return what gives a message that was taken before all that are still to come."""
    taken = [message]

    async def receive_again() -> Message:
        return taken.pop() if taken else await receive()

    return receive_again


async def _send(send: Send, body: bytes, media: str) -> None:
    headers = [
        (b"content-length", str(len(body)).encode()),
        (b"content-type", media.encode()),
        (b"vary", b"Accept"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})

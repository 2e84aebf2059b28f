"""
Questions by HTTP that a plan answers, before the general executor sees them.

Only the plainest form is taken: one operation in JSON by POST, answered in JSON. Everything else, and every question
that no plan answers, goes on as it came. Where the database refused, the general executor goes on with that refusal,
and says so in its own words without asking again.
"""

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec
import psycopg
from psycopg_pool import PoolTimeout
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graphql_api.compiled.plans import Plans
from graphql_api.compiled.selections import Uncovered
from graphql_api.lines import Lines
from graphql_api.snapshot import refusing

JSON = b"application/json"
REASONS_MAX = 500
"""Reasons that are counted apart; those beyond are counted as one."""


class Operation(msgspec.Struct, rename="camel"):
    """One operation as a client sends it."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    extensions: Any = None


class CompiledDoor:
    """What answers from plans, in front of what answers everything."""

    def __init__(self, general: ASGIApp, plans: Plans, lines: Lines) -> None:
        self._general = general
        self._plans = plans
        self._lines = lines
        self._decode = msgspec.json.Decoder(Operation).decode
        self._answered = 0
        self._passed_on: Counter[str] = Counter()

    @property
    def general(self) -> ASGIApp:
        """What answers everything."""
        return self._general

    @property
    def counts(self) -> Mapping[str, Any]:
        """How many questions plans answered, and how many were passed on for which reason, the most frequent first."""
        return {"answered": self._answered, "passedOn": dict(self._passed_on.most_common())}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] != "http" or scope["method"] != "POST" or not _is_plain(scope["headers"]):
            await self._general(scope, receive, send)
            return
        message, refusal = await receive(), None
        try:
            await _send(send, await self._answer(message))
            self._answered += 1
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

    async def _answer(self, message: Message) -> bytes:
        if message.get("more_body"):
            raise Uncovered("body in parts")
        try:
            operation = self._decode(message.get("body", b""))
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise Uncovered("not one operation") from error
        if operation.extensions:
            raise Uncovered("extensions")
        ready = self._plans.ready(operation.query, operation.operation_name, operation.variables or {})
        return await self._lines.ask(ready.text, ready.values)


def _is_plain(headers: list[tuple[bytes, bytes]]) -> bool:
    kind, accepted = b"", b""
    for name, value in headers:
        if name == b"content-type":
            kind = value
        elif name == b"accept":
            accepted = value
    return _takes_json(kind, accepted)


@lru_cache(maxsize=1000)
def _takes_json(kind: bytes, accepted: bytes) -> bool:
    """Say whether a request is sent as JSON, and its answer expected as such and at once."""
    is_stream = b"event-stream" in accepted or b"multipart" in accepted
    return kind.lower().replace(b" ", b"") in (JSON, JSON + b";charset=utf-8") and not is_stream


def _again(message: Message, receive: Receive) -> Receive:
    """Return what gives a message that was taken before all that are still to come."""
    taken = [message]

    async def receive_again() -> Message:
        return taken.pop() if taken else await receive()

    return receive_again


async def _send(send: Send, body: bytes) -> None:
    headers = [(b"content-length", str(len(body)).encode()), (b"content-type", JSON)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})

"""
Questions by HTTP that a plan answers, before the general executor sees them.

Only the plainest form is taken: one operation in JSON by POST, answered at once. Everything else, every question that
no plan answers, and every one that may not pass, goes on as it came. Where the database refused, the general executor
goes on with that refusal, and says so in its own words without asking again.
"""

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache

import msgspec
import psycopg
from psycopg_pool import PoolTimeout
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graphql_api.compiled.plans import Plans, Ready
from graphql_api.compiled.recent import Recent
from graphql_api.compiled.selections import Uncovered
from graphql_api.errors import Declined
from graphql_api.graphql_requests import JSON, Asked, Malformed, is_json, read_body
from graphql_api.limits import Limits
from graphql_api.lines import Lines
from graphql_api.over_http import media_type
from graphql_api.raw_headers import header
from graphql_api.snapshot import refusing
from runtime.metrics import Spread

REASONS_MAX = 500
"""Reasons that are counted apart; those beyond are counted as one."""

BODIES_MAX, BODY_BYTES_MAX = 1_000, 4_096
"""Of how many bodies it is remembered what they ask, and how long one of them may be."""


class Counts(msgspec.Struct, frozen=True, rename="camel"):
    """How many queries plans answered, and how many were passed on for which reason, the most frequent first."""

    answered: int
    passed_on: Mapping[str, int]


class CompiledDoor:
    """What answers from plans, in front of what answers everything."""

    def __init__(self, general: ASGIApp, plans: Plans, limits: Limits, lines: Lines, costs: Spread) -> None:
        self._general = general
        self._plans = plans
        self._limits = limits
        self._lines = lines
        self._costs = costs
        self._bodies = Recent[tuple[Ready, int]](BODIES_MAX)
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
        media = _media(scope)
        if media is None:
            await self._general(scope, receive, send)
            return
        message, refusal = await receive(), None
        try:
            ready, cost = self._ready(message)
            answer = await self._lines.ask(ready.text, ready.values)
            self._answered += 1
            self._costs.note((), cost)
            await _send(send, answer, media)
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

    def _ready(self, message: Message) -> tuple[Ready, int]:
        """
        Return the statement for a question that may pass, and what it costs.

        One that may not is turned away where others are.
        """
        if message.get("more_body"):
            raise Uncovered("body in parts")
        body = message.get("body", b"")
        if len(body) > BODY_BYTES_MAX:
            return self._planned(body)
        return self._bodies.take(body, lambda: self._planned(body))

    def _planned(self, body: bytes) -> tuple[Ready, int]:
        asked = _read(body)
        plan = self._plans.take(asked.query or "", asked.operation_name)
        cost = 0
        if plan.bill is not None:
            # The operation itself was counted when its request came in.
            try:
                cost = plan.bill.check(asked.variables, self._limits.cost)
            except Declined as error:
                raise Uncovered("declined") from error
        return plan.ready(asked.variables or {}), cost


def _media(scope: Scope) -> bytes | None:
    """Return the media type of a plain question's answer; None for what is asked in another way."""
    if scope["type"] != "http" or scope["method"] != "POST":
        return None
    return _plain_media(header(scope, b"content-type") or "", header(scope, b"accept") or "")


@lru_cache(maxsize=100)
def _plain_media(content_type: str, accept: str) -> bytes | None:
    is_stream = "event-stream" in accept or "multipart" in accept
    return media_type(accept).encode() if is_json(content_type) and not is_stream else None


def _read(body: bytes) -> Asked:
    """Return the one operation that a body asks. Raises `Uncovered`."""
    try:
        asked = read_body(JSON, body)
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


async def _send(send: Send, body: bytes, media: bytes) -> None:
    headers = [
        (b"content-length", str(len(body)).encode()),
        (b"content-type", media),
        (b"vary", b"Accept"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})

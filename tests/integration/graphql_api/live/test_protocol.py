"""Clients that keep to graphql-transport-ws, and clients that do not."""

import asyncio

import pytest

from runtime.live_settings import LiveSettings
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.conftest import serving
from tests.integration.graphql_api.live.sockets import CHANGES, Wire, connected, greeted
from tests.integration.graphql_api.market import Market, created, job_hex


async def test_a_ping_is_answered_before_and_after_the_greeting(api: Client) -> None:
    """With or without a payload; a pong needs no answer."""
    async with connected(api) as wire:
        await wire.settle()
        await wire.send(type="connection_init")
        assert await wire.hear() == {"type": "connection_ack", "payload": {"viewer": None}}
        await wire.send(type="pong", payload={})
        await wire.send(type="ping", payload={"a": 1})
        assert await wire.hear() == {"type": "pong"}


async def test_queries_and_mutations_are_answered_once(api: Client) -> None:
    """With `next`, then `complete`; errors of their fields come with the data."""
    async with greeted(api) as wire:
        await wire.subscribe("{ jobs { totalCount } }", "a")
        message = await wire.hear()
        assert (message["id"], message["type"]) == ("a", "next")
        assert message["payload"] == {"data": {"jobs": {"totalCount": 0}}, "extensions": {"blocks": []}}
        assert await wire.hear() == {"id": "a", "type": "complete"}
        await wire.subscribe("mutation { signInNonce }", "a")
        assert len((await wire.hear())["payload"]["data"]["signInNonce"]) == 32


INVALID = ["{", "{ nothing }", "subscription { nothing }", "subscription { ", "fragment f on A {a}"]


@pytest.mark.parametrize("query", INVALID)
async def test_what_is_not_valid_ends_its_operation_and_no_other(api: Client, market: Market, query: str) -> None:
    """The connection stays, the id is free again."""
    async with greeted(api) as wire:
        await wire.subscribe(CHANGES, "live")
        await wire.subscribe(query, "bad")
        message = await wire.hear()
        assert (message["type"], message["id"]) == ("error", "bad")
        await wire.subscribe("{ __typename }", "bad")
        assert [(await wire.hear())["type"] for _ in range(2)] == ["next", "complete"]
        await market.commit(created(1, 10, payment=1))

        assert (await wire.hear())["payload"] == {"data": {"jobChanges": {"jobId": job_hex(1)}}}


async def test_a_completed_subscription_is_told_nothing_more(api: Client, market: Market) -> None:
    """Its id may be used again at once; completing what is not there is nothing."""
    async with greeted(api) as wire:
        await wire.subscribe(CHANGES, "a")
        await wire.send(type="complete", id="a")
        await wire.send(type="complete", id="b")
        await wire.subscribe("subscription { jobChanges { kind } }", "a")
        await wire.settle()
        await market.commit(created(1, 10, payment=1))
        assert (await wire.hear())["payload"] == {"data": {"jobChanges": {"kind": "CREATED"}}}
        await wire.settle()


async def _twice(wire: Wire) -> None:
    for _ in range(2):
        await wire.subscribe(CHANGES, "a")


async def _greet_again(wire: Wire) -> None:
    await wire.send(type="connection_init")


BREACHES = [
    (lambda wire: wire.say("{"), 4400, "a message must be JSON"),
    (lambda wire: wire.say(b"{}"), 4400, "a message must be text"),
    (lambda wire: wire.send(type="start", id="1"), 4400, "unknown message type: 'start'"),
    (lambda wire: wire.send(type="subscribe", id="1"), 4400, "subscribe: expected an object with a query"),
    (lambda wire: wire.send(type="subscribe", id="i" * 257, payload={"query": "{a}"}), 4400, "subscribe: id must be"),
    (_twice, 4409, "Subscriber for a already exists"),
    (_greet_again, 4429, "Too many initialisation requests"),
]


@pytest.mark.parametrize(("breach", "code", "reason"), BREACHES)
async def test_a_breach_of_the_protocol_closes_the_connection(
    api: Client, breach: object, code: int, reason: str
) -> None:
    """With the protocol's code, and a reason for the person who wrote the client."""
    async with greeted(api) as wire:
        assert callable(breach)
        await breach(wire)
        closed, why = await wire.closed()

    assert (code, True) == (closed, why.startswith(reason))


async def test_who_asks_before_the_greeting_is_refused(api: Client) -> None:
    """Nobody is known before connection_init."""
    async with connected(api) as wire:
        await wire.subscribe(CHANGES)

        assert await wire.closed() == (4401, "Unauthorized: connection_init comes first")


async def test_one_of_several_operations_is_asked_by_its_name(api: Client) -> None:
    """Whatever kinds they are of."""
    query = f"{CHANGES.replace('subscription', 'subscription One')} query Two {{ jobStats {{ total }} }}"
    async with greeted(api) as wire:
        await wire.subscribe(query)
        refused = await wire.hear()

    assert (refused["type"], refused["payload"][0]["extensions"]["code"]) == ("error", "BAD_QUERY")


async def test_who_never_greets_is_closed(schema_url: str) -> None:
    """After a stated time; who greeted stays."""
    impatient = LiveSettings(api_live_init_seconds_max=0.3)
    async with serving(schema_url, live=impatient) as api, greeted(api) as polite, connected(api) as silent:
        assert await silent.closed() == (4408, "Connection initialisation timeout")
        await polite.settle()


async def test_who_floods_is_closed(schema_url: str) -> None:
    """Whatever the messages are."""
    async with serving(schema_url, live=LiveSettings(api_live_messages_max=20)) as api, greeted(api) as wire:
        for _ in range(30):
            await wire.send(type="pong")

        assert await wire.closed() == (1008, "more than 20 messages in 10 seconds")


async def test_one_connection_may_do_so_much_at_once(schema_url: str, market: Market) -> None:
    """One operation too many fails, and those before it go on; what is completed makes room."""
    async with serving(schema_url, live=LiveSettings(api_live_operations_max=2)) as api, greeted(api) as wire:
        for name in "abc":
            await wire.subscribe(CHANGES, name)
        refused = await wire.hear()
        assert (refused["id"], refused["payload"][0]["extensions"]["code"]) == ("c", "LIMIT_REACHED")
        await wire.send(type="complete", id="a")
        await wire.subscribe(CHANGES, "c")
        await wire.settle()
        await market.commit(created(1, 10, payment=1))

        assert {(await wire.hear())["id"] for _ in range(2)} == {"b", "c"}


async def test_different_selections_are_bounded(schema_url: str) -> None:
    """Each costs work with every change; more subscribers of one that is there cost none."""
    async with serving(schema_url, live=LiveSettings(api_live_selections_max=1)) as api, greeted(api) as wire:
        await wire.subscribe(CHANGES, "a")
        await wire.subscribe(CHANGES, "b")
        await wire.subscribe("subscription { jobChanges { kind } }", "c")
        refused = await wire.hear()
        assert (refused["id"], refused["payload"][0]["extensions"]["code"]) == ("c", "LIMIT_REACHED")
        for name in "ab":
            await wire.send(type="complete", id=name)
        await wire.subscribe("subscription { jobChanges { kind } }", "c")
        await wire.settle()


async def test_who_vanishes_leaves_room(schema_url: str) -> None:
    """One connection is all there may be; cut off without a word, it makes room for the next."""
    async with serving(schema_url, live=LiveSettings(api_live_connections_max=1)) as api:
        async with greeted(api) as wire:
            await wire.subscribe(CHANGES)
            async with connected(api) as other:
                assert (await other.closed())[0] == 1013
            transport = wire.socket.get_extra_info("socket")
            assert transport is not None
            wire.socket._response.close()
        async with asyncio.timeout(10):
            while True:
                async with connected(api) as other:
                    await other.send(type="ping")
                    if (await other.socket.receive()).data == '{"type":"pong"}':
                        return

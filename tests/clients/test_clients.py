"""The client libraries people use see everything that can be watched, and come back by themselves."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from gql import Client as GqlClient
from gql import GraphQLRequest, gql
from gql.transport.websockets import WebsocketsTransport

from models.feed import ChangeKind, Entity
from runtime.feed import Change
from runtime.ports import free_port
from tests.clients.node import LIBRARIES, PATIENCE_SECONDS, Events, node_watching, websocket
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.conftest import serving
from tests.integration.graphql_api.market import (
    Market,
    address,
    claimed,
    confirmed,
    created,
    job_hex,
    registered,
)

JOB = """subscription ($jobId: Bytes32!) {
    jobChanges(jobId: $jobId) { kind matches byReorg cursor job { jobId status escrow payment } }
}"""
PROVIDER = "subscription { providerChanges { kind cursor provider { address gpuModel } } }"
RESUMING = "subscription ($after: String) { jobChanges(after: $after) { kind jobId cursor } }"

WATCHES: dict[str, Any] = {
    "jobChanges": {"query": JOB, "variables": {"jobId": job_hex(1)}},
    "providerChanges": {"query": PROVIDER},
    "jobStats": {"query": "subscription { jobStats { total escrowed byStatus { status count } } }"},
    "providerStats": {"query": "subscription { providerStats { total online gpuModels { gpuModel total } } }"},
    "chains": {"query": "subscription { chains { chain ready indexed { number } } }"},
}
"""Everything that can be watched."""

SEEN = [
    {"kind": "CREATED", "job": {"jobId": job_hex(1), "status": "CREATED", "escrow": "HELD", "payment": "5"}},
    {"kind": "UPDATED", "job": {"jobId": job_hex(1), "status": "COMPLETED", "escrow": "CONFIRMED", "payment": "5"}},
    {"kind": "UPDATED", "job": {"jobId": job_hex(1), "status": "COMPLETED", "escrow": "CLAIMED", "payment": "5"}},
]


@pytest.mark.parametrize("library", LIBRARIES)
async def test_a_library_sees_everything_that_can_be_watched(api: Client, market: Market, library: str) -> None:
    """The npm libraries, run by Node: changes as they come, and numbers at once and when they are others."""
    asked = await api.ask("{ __schema { subscriptionType { fields { name } } } }")
    names = [field["name"] for field in asked["__schema"]["subscriptionType"]["fields"]]
    async with node_watching(library, api, {name: WATCHES[name] for name in names}) as events:
        for name in ("jobChanges", "providerChanges"):
            await _until_it_hears(lambda name=name: events.of(name), market)  # type: ignore[misc]  # It is bound.
        assert await _live_a_job(lambda: events.of("jobChanges"), market) == SEEN
        await market.commit(registered("p", 20, gpu_model="H100"))
        change = await _next(lambda: events.of("providerChanges"), "providerChanges")
        assert change["provider"] == {"address": address("p"), "gpuModel": "H100"}
        for name in {"jobStats", "providerStats"} & set(names):
            while (await events.of(name))[name]["total"] != 1:
                pass
        if "chains" in names:
            assert (await events.of("chains"))["chains"] == []


@pytest.mark.parametrize("library", LIBRARIES)
async def test_a_library_comes_back_after_a_restart_and_misses_nothing(
    schema_url: str, market: Market, library: str
) -> None:
    """The server stops in order, jobs are created while it is away, and the library resumes by itself."""
    port = free_port()
    async with AsyncExitStack() as stack:
        async with serving(schema_url, port=port) as api:
            operation = {"jobs": {"query": RESUMING, "variables": {"after": None}}}
            events: Events = await stack.enter_async_context(node_watching(library, api, operation))
            await _until_it_hears(lambda: events.of("jobs"), market)
            await market.commit(created(1, 10, payment=1))
            first = await _next(lambda: events.of("jobs"))
        await market.commit(created(2, 11, payment=1))
        await market.commit(created(3, 12, payment=1))
        async with serving(schema_url, port=port):
            seen = [first, *[await _next(lambda: events.of("jobs")) for _ in range(2)]]
            await market.commit(created(4, 13, payment=1))
            seen.append(await _next(lambda: events.of("jobs")))

    assert [job_hex(number) for number in (1, 2, 3, 4)] == [change["jobId"] for change in seen]


async def test_gql_sees_each_change_of_a_job(api: Client, market: Market) -> None:
    """The PyPI library, which reads our schema first and checks its questions against it."""
    transport = WebsocketsTransport(
        url=websocket(api), subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL], close_timeout=1
    )
    request = GraphQLRequest(JOB, variable_values={"jobId": job_hex(1)})
    async with GqlClient(transport=transport, fetch_schema_from_transport=True) as session:
        events = session.subscribe(request)
        await _until_it_hears(lambda: anext(events), market)

        assert await _live_a_job(lambda: anext(events), market) == SEEN

        answer = await session.execute(gql("{ jobs { totalCount } }"))
        assert answer == {"jobs": {"totalCount": 1}}


Next = Callable[[], Awaitable[Any]]


async def _live_a_job(event: Next, market: Market) -> list[Any]:
    """Let a job be created, confirmed and paid while a client watches; return what it saw."""
    seen = []
    for fact in (created(1, 10, payment=5), confirmed(1, 11), claimed(1, 12, amount=5)):
        await market.commit(fact)
        seen.append(await _next(event))
    return [{"kind": change["kind"], "job": change["job"]} for change in seen]


async def _until_it_hears(event: Next, market: Market) -> None:
    """Tell everybody something until the client, however long it takes to connect, has heard it."""
    hearing = asyncio.ensure_future(event())
    while not hearing.done():
        for entity in (Entity.JOB, Entity.PROVIDER):
            await market.tell(Change(entity=entity, kind=ChangeKind.RESYNC, key=None))
        await asyncio.wait({hearing}, timeout=0.1)
    await hearing


async def _next(event: Next, name: str = "jobChanges") -> Any:
    while True:
        async with asyncio.timeout(PATIENCE_SECONDS):
            change = (await event())[name]
        if change["kind"] != "RESYNC":
            return change

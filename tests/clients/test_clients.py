"""The two client libraries people use see each change of a job."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from gql import Client as GqlClient
from gql import GraphQLRequest, gql
from gql.transport.websockets import WebsocketsTransport

from models.feed import ChangeKind, Entity
from runtime.feed import Change
from tests.clients import programs
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.market import Market, claimed, confirmed, created, job_hex

WATCH = """subscription ($jobId: Bytes32!) {
    jobChanges(jobId: $jobId) { kind matches byReorg cursor job { jobId status escrow payment } }
}"""

PATIENCE_SECONDS = 20.0

SEEN = [
    {"kind": "CREATED", "job": {"jobId": job_hex(1), "status": "CREATED", "escrow": "HELD", "payment": "5"}},
    {"kind": "UPDATED", "job": {"jobId": job_hex(1), "status": "COMPLETED", "escrow": "CONFIRMED", "payment": "5"}},
    {"kind": "UPDATED", "job": {"jobId": job_hex(1), "status": "COMPLETED", "escrow": "CLAIMED", "payment": "5"}},
]


async def test_graphql_ws_sees_each_change_of_a_job(api: Client, market: Market) -> None:
    """The npm library, run by Node."""
    async with _node_watching(api) as events:
        assert await _live_a_job(events, market) == SEEN


async def test_gql_sees_each_change_of_a_job(api: Client, market: Market) -> None:
    """The PyPI library, which reads our schema first and checks its questions against it."""
    transport = WebsocketsTransport(
        url=_websocket(api), subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL], close_timeout=1
    )
    request = GraphQLRequest(WATCH, variable_values={"jobId": job_hex(1)})
    async with GqlClient(transport=transport, fetch_schema_from_transport=True) as session:
        events = session.subscribe(request)

        assert await _live_a_job(events, market) == SEEN

        answer = await session.execute(gql("{ jobs { totalCount } }"))
        assert answer == {"jobs": {"totalCount": 1}}


async def _live_a_job(events: AsyncIterator[Any], market: Market) -> list[Any]:
    """Let a job be created, confirmed and paid while a client watches; return what it saw."""
    await _until_it_hears(events, market)
    seen = []
    for fact in (created(1, 10, payment=5), confirmed(1, 11), claimed(1, 12, amount=5)):
        await market.commit(fact)
        seen.append(await _next(events))
    return [{"kind": change["kind"], "job": change["job"]} for change in seen]


async def _until_it_hears(events: AsyncIterator[Any], market: Market) -> None:
    """Tell everybody something until the client, however long it takes to connect, has heard it."""
    hearing = asyncio.ensure_future(anext(events))
    while not hearing.done():
        await market.tell(Change(entity=Entity.JOB, kind=ChangeKind.RESYNC, key=None))
        await asyncio.wait({hearing}, timeout=0.1)
    await hearing


async def _next(events: AsyncIterator[Any]) -> Any:
    while True:
        async with asyncio.timeout(PATIENCE_SECONDS):
            change = (await anext(events))["jobChanges"]
        if change["kind"] != "RESYNC":
            return change


@asynccontextmanager
async def _node_watching(api: Client) -> AsyncIterator[AsyncIterator[Any]]:
    program = await programs.start("watch.mjs", _websocket(api), WATCH, json.dumps({"jobId": job_hex(1)}))
    try:
        yield _lines(program)
    finally:
        program.kill()
        await program.wait()


async def _lines(program: asyncio.subprocess.Process) -> AsyncIterator[Any]:
    assert program.stdout is not None
    async for line in program.stdout:
        yield json.loads(line)["data"]


def _websocket(api: Client) -> str:
    return api.url.replace("http://", "ws://") + "/graphql"

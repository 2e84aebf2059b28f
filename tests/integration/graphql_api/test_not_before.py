"""Read your own writes: an answer that waits until a block is indexed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from graphql_api import waiting
from graphql_api.program import open_world
from graphql_api.reading import World
from graphql_api.schema import build
from graphql_api.visits import Visit
from models.feed import ChangeKind, Entity
from models.values import Chain
from runtime.feed import Change
from runtime.settings import ApiSettings
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.market import Market, created, job_hex, registered

JOB = """query ($id: Bytes32!, $at: At!) {
    early: jobs { nodes { jobId } }
    job(jobId: $id, notBefore: $at) { jobId }
}"""
AT_5 = {"chain": "BSC", "block": 5}
FOUND = {"early": {"nodes": [{"jobId": job_hex(1)}]}, "job": {"jobId": job_hex(1)}}


@pytest.fixture
async def at_4(market: Market) -> Market:
    """A database in which both chains are indexed up to block 4."""
    await market.checkpoint(Chain.BSC, number=4, head=6)
    await market.checkpoint(Chain.OPBNB, number=4)
    return market


@pytest.fixture
async def world(schema_url: str) -> AsyncIterator[World]:
    """What the operations of one process share: two connections among it."""
    settings = ApiSettings.model_validate({"api_database_connections": 2})
    async with open_world(settings, database_url=schema_url) as opened:
        yield opened


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take its time."""
    monkeypatch.setattr(waiting, "WAIT_SECONDS", 60.0)


async def ask(world: World, query: str, **variables: Any) -> Any:
    """Return the data that answers a query."""
    result = await build().execute(query, variable_values=variables, context_value=Visit(world=world))
    assert result.errors is None
    return result.data


async def looked(world: World, times: int = 1) -> None:
    """Return once whoever waits has looked so often in vain, and nobody holds a connection."""
    async with asyncio.timeout(60):
        while (stats := world.pool.get_stats()).get("requests_num", 0) < times or (
            stats["pool_available"] < stats["pool_size"]
        ):
            await asyncio.sleep(0.01)


async def reach(market: Market, chain: Chain, number: int) -> None:
    """Index a chain up to a block, as a commit does: the checkpoint, and word of it."""
    await market.checkpoint(chain, number=number)
    after = {"number": number}
    await market.tell(Change(entity=Entity.CHAIN, kind=ChangeKind.UPDATED, key=chain.value, after=after))


@pytest.mark.usefixtures("at_4", "patient")
async def test_a_block_that_is_there_is_not_waited_for(world: World) -> None:
    """One look, and then the snapshot that the answer is read from."""
    answer = await ask(world, "{ jobs(notBefore: { chain: BSC, block: 4 }) { totalCount } }")

    assert answer == {"jobs": {"totalCount": 0}}
    assert world.pool.get_stats()["requests_num"] == 2


@pytest.mark.usefixtures("patient")
async def test_the_whole_answer_is_read_once_the_block_is_there(
    world: World, at_4: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fields that did not ask for it wait too: one snapshot, begun when the feed told of the block."""
    monkeypatch.setattr(waiting, "POLL_SECONDS", 60.0)
    asking = asyncio.create_task(ask(world, JOB, id=job_hex(1), at=AT_5))
    await looked(world)
    await at_4.commit(created(1, 5, payment=1))
    async with asyncio.timeout(30):
        await reach(at_4, Chain.BSC, 5)

        assert await asking == FOUND


@pytest.mark.usefixtures("patient")
async def test_without_a_word_from_the_feed_it_is_found_by_looking(world: World, at_4: Market) -> None:
    """A notification only hastens."""
    asking = asyncio.create_task(ask(world, JOB, id=job_hex(1), at=AT_5))
    await looked(world)
    await at_4.commit(created(1, 5, payment=1), silently=True)
    await at_4.checkpoint(Chain.BSC, number=5)

    assert await asking == FOUND


@pytest.mark.usefixtures("patient")
async def test_several_are_all_waited_for(world: World, at_4: Market) -> None:
    """On both chains, wherever they stand in the document."""
    query = """{ a: jobs(notBefore: { chain: BSC, block: 5 }) { totalCount } ...B }
        fragment B on Query { providers(notBefore: { chain: OPBNB, block: 6 }) { totalCount } }"""
    asking = asyncio.create_task(ask(world, query))
    await looked(world)
    await reach(at_4, Chain.BSC, 5)
    await reach(at_4, Chain.OPBNB, 5)
    await at_4.commit(registered("provider", 6), created(1, 6, payment=1))
    await reach(at_4, Chain.OPBNB, 6)

    assert await asking == {"a": {"totalCount": 1}, "providers": {"totalCount": 1}}


@pytest.mark.usefixtures("patient")
async def test_who_waits_holds_no_connection(world: World, at_4: Market) -> None:
    """More can wait than there are connections, and others are answered meanwhile."""
    asking = [asyncio.create_task(ask(world, JOB, id=job_hex(1), at=AT_5)) for _ in range(12)]
    await looked(world, times=12)
    meanwhile = await ask(world, "{ jobs { totalCount } }")
    await at_4.commit(created(1, 5, payment=1))
    await reach(at_4, Chain.BSC, 5)

    assert meanwhile == {"jobs": {"totalCount": 0}}
    assert await asyncio.gather(*asking) == [FOUND] * 12


async def test_after_two_seconds_it_says_how_far_we_are(
    api: Client, at_4: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The field that asked for it fails, in words that a program understands too; the others are answered."""
    assert waiting.WAIT_SECONDS == 2.0
    monkeypatch.setattr(waiting, "WAIT_SECONDS", 0.1)
    # Events are there before the jobs that follow from them: that is not enough.
    await at_4.checkpoint(Chain.BSC, number=5, state_through=4, head=6)

    answer = await api.respond(JOB, id=job_hex(1), at=AT_5)

    assert answer["data"] == {"early": {"nodes": []}, "job": None}
    [error] = answer["errors"]
    assert error["message"] == "block 5 of BSC is not indexed: we are at 4 and its head is at 6; ask again in a moment"
    assert error["path"] == ["job"]
    assert error["extensions"] == {
        "code": "NOT_INDEXED",
        "chain": "BSC",
        "asked": 5,
        "indexed": 4,
        "head": 6,
        "lagBlocks": 2,
    }


@pytest.mark.usefixtures("patient")
async def test_queries_over_a_websocket_wait_too(api: Client, at_4: Market) -> None:
    """It is the same question."""
    async with api.watch(JOB, id=job_hex(1), at=AT_5) as watching:
        await at_4.commit(created(1, 5, payment=1))
        await reach(at_4, Chain.BSC, 5)

        assert await watching.told() == FOUND

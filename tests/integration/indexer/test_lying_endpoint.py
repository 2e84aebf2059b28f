"""An endpoint that lags, flaps or lies costs time, never a fact: what it said is not used and asked again."""

import copy
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from chain.errors import RpcError
from indexer.follower import Follower
from indexer.outcomes import Idle
from models.values import Chain
from runtime.database import Pool
from runtime.embedded_postgres import EmbeddedPostgres
from tests.integration.indexer.conftest import Indexing, fresh_index, indexing
from tests.integration.indexer.tables import contents, one
from tests.integration.local_chain import World
from tests.integration.meddler import Call, Meddle, Meddler, honest, meddling

JOB = bytes.fromhex("aa" * 32)
OTHER_JOB = bytes.fromhex("bb" * 32)
ELSEWHERE = "0x" + "ee" * 32


@pytest.fixture
async def meddler(world: World) -> AsyncIterator[Meddler]:
    """What stands between us and BSC."""
    async with meddling(world.bsc.url) as opened:
        yield opened


@pytest.fixture
async def index(world: World, pool: Pool, meddler: Meddler) -> AsyncIterator[Indexing]:
    """Both chains, BSC through the meddler."""
    bsc = copy.copy(world.bsc)
    bsc.url = meddler.url
    async with indexing(replace(world, bsc=bsc), pool) as opened:
        yield opened


@pytest.fixture
def bsc(index: Indexing) -> Follower:
    """The follower that hears what the meddler tells."""
    return index.followers[Chain.BSC]


def once(meddler: Meddler, meddle: Meddle) -> Meddle:
    """Return a meddle that is honest again after the first result it changed."""

    def meddle_once(call: Call, result: Any) -> Any:
        told = meddle(call, result)
        if told != result:
            meddler.meddle = honest
        return told

    return meddle_once


def header_of(height: int, /, **changed: str) -> Meddle:
    """Return a meddle that changes the header of one block, asked for by number."""

    def meddle(call: Call, result: Any) -> Any:
        return {**result, **changed} if asked_for(call) == height and result else result

    return meddle


def asked_for(call: Call) -> int | None:
    """Return the block a call asks for by number, if it does."""
    is_by_number = call["method"] == "eth_getBlockByNumber" and call["params"][0].startswith("0x")
    return int(call["params"][0], 16) if is_by_number else None


async def test_a_foreign_parent_in_a_backfill_loses_no_state(
    world: World, index: Indexing, bsc: Follower, meddler: Meddler, postgres: EmbeddedPostgres
) -> None:
    """A header from another fork in the middle of history is a wrong answer; facts read before still become state."""
    await world.create_job(JOB)
    await world.bsc.mine(2_200)
    meddler.meddle = once(meddler, header_of(2_001, parentHash=ELSEWHERE))
    await bsc.step()
    behind = await one(index.pool, "select number, state_through from checkpoints where chain = 'bsc'")

    with pytest.raises(RpcError, match="does not follow"):
        await bsc.step()
    await index.settle()

    assert behind[1] < behind[0], "the flap came while state was waiting"
    assert await one(index.pool, "select count(*) from jobs") == (1,)
    assert await fresh_index(world, postgres) == await contents(index.pool)


async def test_a_lagging_endpoint_is_not_taken_for_a_deep_reorg(
    world: World, index: Indexing, bsc: Follower, meddler: Meddler
) -> None:
    """That a node has none of our blocks says nothing about them: no pause, we ask again."""
    await world.create_job(JOB)
    await world.bsc.mine(20)
    await index.settle()
    await world.bsc.mine()
    head = await world.bsc.head()

    def lag(call: Call, result: Any) -> Any:
        number = asked_for(call)
        if call["params"][0] == "latest":
            return {**result, "parentHash": ELSEWHERE}
        return None if number and number < head else result

    meddler.meddle = lag
    with pytest.raises(RpcError, match="has no block"):
        await bsc.step()
    meddler.meddle = honest
    await index.settle()

    assert await one(index.pool, "select number, paused_reason from checkpoints where chain = 'bsc'") == (head, None)


@pytest.mark.parametrize("behind", [1, 100], ids=["the last block", "a block in between"])
async def test_a_header_of_another_height_is_not_used(
    world: World, index: Indexing, bsc: Follower, meddler: Meddler, behind: int
) -> None:
    """Who is asked for block n and answers with another has answered nothing."""
    await world.bsc.mine(200)
    final = (await world.bsc.ask("eth_getBlockByNumber", "finalized", False))["number"]
    another = await world.bsc.ask("eth_getBlockByNumber", hex(int(final, 16) - behind), False)
    meddler.meddle = header_of(int(final, 16), **{key: another[key] for key in ("number", "hash", "parentHash")})

    with pytest.raises(RpcError, match=rf"block {int(final, 16)}"):
        await bsc.step()

    assert await one(index.pool, "select number from checkpoints where chain = 'bsc'") == (0,)


NEAR_THE_HEAD, IN_HISTORY = 3, 200


@pytest.mark.parametrize(
    ("blocks", "name", "told"),
    [
        (NEAR_THE_HEAD, "number", "0x"),
        (NEAR_THE_HEAD, "hash", "0xabc"),
        (NEAR_THE_HEAD, "parentHash", "no hex at all"),
        (NEAR_THE_HEAD, "timestamp", "0x" + "f" * 40),
        (NEAR_THE_HEAD, "logsBloom", "0x"),
        (IN_HISTORY, "number", "-0x2"),
        (IN_HISTORY, "hash", "0xabc"),
        (IN_HISTORY, "timestamp", None),
    ],
)
async def test_a_malformed_header_is_an_endpoint_s_failure(
    world: World, index: Indexing, bsc: Follower, meddler: Meddler, blocks: int, name: str, told: str
) -> None:
    """What is no number, no hash or no date is told as the endpoint's fault, which the program waits out."""
    await world.create_job(JOB)
    await world.create_job(OTHER_JOB)
    await world.bsc.mine(blocks)
    meddler.meddle = header_of(2, **{name: told})

    with pytest.raises(RpcError):
        await bsc.step()

    assert await one(index.pool, "select number from checkpoints where chain = 'bsc'") == (0,)


LOG_FIELDS = {
    "blockNumber": "0x",
    "blockHash": "0xabc",
    "logIndex": "0xffffffff",
    "transactionHash": "0xabc",
    "removed": True,
    "address": "0x" + "ab" * 20,
    "topics": [],
}


@pytest.mark.parametrize("name", LOG_FIELDS)
async def test_a_malformed_or_foreign_log_is_an_endpoint_s_failure(
    world: World, index: Indexing, bsc: Follower, meddler: Meddler, name: str
) -> None:
    """A log that is not one of those asked for, or names no place on the chain, is not used."""
    await world.create_job(JOB)
    await world.bsc.mine(3)

    def meddle(call: Call, result: Any) -> Any:
        return [{**log, name: LOG_FIELDS[name]} for log in result] if call["method"] == "eth_getLogs" else result

    meddler.meddle = meddle
    with pytest.raises(RpcError):
        await bsc.step()
    meddler.meddle = honest
    await index.settle()

    assert isinstance(await bsc.step(), Idle)
    assert await one(index.pool, "select count(*) from jobs") == (1,)

"""An audit finds what is missing by the contracts' own counters."""

import json
from typing import Any

import pytest
from aiohttp import web

from chain.rpc import Rpc
from indexer.audit import Auditor
from indexer.audit_values import Audit
from models.values import Chain
from runtime.errors import CannotRun
from tests.integration.indexer.conftest import Indexing
from tests.integration.indexer.tables import one
from tests.integration.local_chain import World
from tests.integration.meddler import Call, meddling

STATE_GONE = json.dumps({"error": {"code": -32000, "message": "missing trie node 0a1b (path )"}})


@pytest.fixture
async def lived(world: World, index: Indexing) -> Indexing:
    """Three jobs, one of them paid out; two providers, credited twice and once."""
    for number in range(3):
        await world.create_job(bytes([number]) * 32, wei=100)
    await world.bsc.mine()
    for act in (world.confirm(bytes(32)), world.claim(bytes(32))):
        await act
        await world.bsc.mine()
    for act in (world.register(5, b"H100", 1), world.register(6, b"H200", 1), world.beat(5), world.credit(5)):
        await act
        await world.opbnb.mine()
    for provider in (5, 6):
        await world.credit(provider)
        await world.opbnb.mine()
    for chain in (world.bsc, world.opbnb):
        await chain.mine(15)
    await index.settle()
    return index


async def audit(world: World, index: Indexing, chain: Chain, *, url: str | None = None) -> Audit:
    """Audit a chain through an endpoint."""
    followed = world.job_manager if chain is Chain.BSC else world.node_reputation
    async with Rpc([url or world.chain(chain).url]) as rpc:
        return await Auditor(index.pool, rpc, followed).audit()


def state_gone() -> web.HTTPOk:
    """Return what an endpoint answers that does not keep the state of a block."""
    return web.HTTPOk(text=STATE_GONE)


async def test_right_tables_agree_with_every_counter(world: World, lived: Indexing) -> None:
    """At the last final block: those that must be equal, and those that our own contracts count as events do."""
    jobs, providers = await audit(world, lived, Chain.BSC), await audit(world, lived, Chain.OPBNB)

    assert not jobs.is_wrong
    assert [(each.expected.function, each.expected.ours, each.theirs) for each in jobs.counters] == [
        ("totalJobsCreated", 3, 3),
        ("totalJobsCompleted", 1, 1),
        ("totalEscrowAmount", 200, 200),
    ]
    assert not providers.is_wrong
    assert {2, 1} <= {each.theirs for each in providers.counters if each.expected.argument}
    assert [(each.expected.function, each.expected.ours, each.theirs) for each in providers.counters[-2:]] == [
        ("totalProviders", 2, 2),
        ("getActiveProvidersCount", 1, 2),
    ]
    assert jobs.block == (await one(lived.pool, "select final_through from checkpoints where chain = 'bsc'"))[0]


async def test_a_missing_job_is_found(world: World, lived: Indexing) -> None:
    async with lived.pool.connection() as connection:
        await connection.execute("delete from job_created where job_id = %s", (bytes([2]) * 32,))

    found = await audit(world, lived, Chain.BSC)

    assert found.is_wrong
    assert [(each.expected.function, each.expected.ours, each.theirs) for each in found.counters if each.is_wrong] == [
        ("totalJobsCreated", 2, 3)
    ]


async def test_a_missing_credit_is_found(world: World, lived: Indexing) -> None:
    """Also one that is not the newest of its provider, whose reputation is right all the same."""
    async with lived.pool.connection() as connection:
        await connection.execute(
            "delete from job_count_incremented where new_count = 1 and provider = %s", (world.opbnb.accounts[5],)
        )

    found = await audit(world, lived, Chain.OPBNB)

    assert [(world.opbnb.accounts[5], 1, 2)] == [
        (each.expected.argument, each.expected.ours, each.theirs) for each in found.counters if each.is_wrong
    ]


async def test_an_audit_moves_to_the_newest_block_where_state_is_gone(world: World, lived: Indexing) -> None:
    """And says why."""
    (final, newest) = await one(lived.pool, "select final_through, number from checkpoints where chain = 'bsc'")

    def prune(call: Call, result: Any) -> Any:
        if call["method"] == "eth_call" and call["params"][1] == hex(final):
            raise state_gone()
        return result

    async with meddling(world.bsc.url) as meddler:
        meddler.meddle = prune
        found = await audit(world, lived, Chain.BSC, url=meddler.url)

    assert newest == found.block
    assert "missing trie node" in str(found.moved_because)
    assert not found.is_wrong


async def test_counters_that_nobody_can_tell_are_no_error(world: World, lived: Indexing) -> None:
    """A contract may refuse what is only shown."""

    def refuse(call: Call, result: Any) -> Any:
        if call["method"] == "eth_call" and call["params"][0]["data"].startswith("0xae916397"):
            raise state_gone()
        return result

    async with meddling(world.bsc.url) as meddler:
        meddler.meddle = refuse
        found = await audit(world, lived, Chain.BSC, url=meddler.url)

    assert not found.is_wrong
    assert (found.counters[-1].theirs, "missing trie node" in str(found.counters[-1].why)) == (None, True)


async def test_an_empty_database_has_nothing_to_audit(world: World, index: Indexing) -> None:
    with pytest.raises(CannotRun, match="nothing of bsc is final"):
        await audit(world, index, Chain.BSC)

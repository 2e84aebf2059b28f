"""A transaction that ends at any of its awaits has written everything or nothing."""

import asyncio
from collections.abc import Callable
from functools import partial

import psycopg
import pytest

from chain.rpc import Rpc
from indexer.follower import Follower
from indexer.reader import Reader
from models.values import Chain
from runtime.embedded_postgres import EmbeddedPostgres
from tests.integration.indexer.activity import Activity
from tests.integration.indexer.conftest import OFFLINE_AFTER, Indexing, Ticking, fresh_index
from tests.integration.indexer.interruption import InterruptedStore, cancel, disconnect, unchecked_pool
from tests.integration.indexer.tables import contents, everything, gaps_in_feed
from tests.integration.local_chain import World

SEED = 7
AWAITS_MIN, AWAITS_MAX = 6, 300

interruptions = pytest.mark.parametrize("interruption", [cancel, disconnect], ids=["cancelled", "disconnected"])


@interruptions
async def test_a_commit_is_whole_or_not_there(
    world: World, index: Indexing, database_url: str, postgres: EmbeddedPostgres, interruption: Callable[[str], None]
) -> None:
    """A reorg's commit deletes, copies, refreshes and appends: wherever it ends, nothing of that has happened yet."""
    activity = Activity(world, SEED)
    for _ in range(8):
        await activity.step()
    await index.settle()
    await world.bsc.reorg(3)
    for _ in range(3):
        await activity.step()

    attempts = await until_it_holds(world, index, Chain.BSC, database_url, interruption)
    await index.settle()

    assert attempts >= AWAITS_MIN
    assert await gaps_in_feed(index.pool) == 0
    assert await fresh_index(world, postgres) == await contents(index.pool)


@interruptions
async def test_a_refresh_of_all_state_is_whole_or_not_there(
    world: World, index: Indexing, database_url: str, postgres: EmbeddedPostgres, interruption: Callable[[str], None]
) -> None:
    """At the end of a backfill state comes in one piece."""
    activity = Activity(world, SEED)
    for _ in range(8):
        await activity.step()
    await world.opbnb.mine(100)
    await index.followers[Chain.OPBNB].step()

    attempts = await until_it_holds(world, index, Chain.OPBNB, database_url, interruption)

    assert attempts >= AWAITS_MIN
    await index.settle()
    assert await gaps_in_feed(index.pool) == 0
    assert await fresh_index(world, postgres) == await contents(index.pool)


async def until_it_holds(
    world: World, index: Indexing, chain: Chain, database_url: str, interruption: Callable[[str], None]
) -> int:
    """
    Interrupt one step at its first await, then at its second, until its transaction is through; return the attempts.

    After each the tables are as before: the next attempt is the first one again.
    """
    followed = world.job_manager if chain is Chain.BSC else world.node_reputation
    before = await everything(index.pool)
    for attempt in range(1, AWAITS_MAX):
        async with unchecked_pool(database_url) as pool, Rpc([world.chain(chain).url]) as rpc:
            store = InterruptedStore(
                *(pool, followed),
                offline_after=OFFLINE_AFTER,
                at=attempt,
                interruption=partial(interruption, database_url),
            )
            await end_of(Follower(Reader(rpc, followed), store, clock=Ticking()))
        if await everything(index.pool) != before:
            return attempt
    raise AssertionError("the step was interrupted at each of its awaits, and there is no end of them")


async def end_of(follower: Follower) -> None:
    """Let a follower take one step in a task of its own, and let it end as it must."""
    task = asyncio.create_task(follower.step())
    await asyncio.wait([task])
    if not task.cancelled() and (error := task.exception()):
        assert isinstance(error, psycopg.OperationalError), error

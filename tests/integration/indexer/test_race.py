"""
Writers who meet at one row lose nothing, whoever is first.

Each meeting is forced: a writer is held at a lock by a transaction of the test until the other has come to where the
two collide.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from zlib import crc32

import pytest

from indexer.outcomes import Advanced, Idle
from indexer.program import Source
from indexer.program import index as follow
from indexer.store import Fenced
from models.state import JOBS
from models.values import Chain
from runtime import feed, state_store
from runtime.database import Connection, Pool
from runtime.embedded_postgres import EmbeddedPostgres
from tests.integration.indexer.activity import Activity
from tests.integration.indexer.conftest import OFFLINE_AFTER, Indexing, fresh_index, indexing
from tests.integration.indexer.tables import contents, gaps_in_feed, one
from tests.integration.local_chain import World

JOB = bytes.fromhex("aa" * 32)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
WAITING = "select count(*) from pg_locks where not granted"
HELD_BUCKETS = "select array_agg(objid::bigint order by objid) from pg_locks where locktype = 'advisory' and granted"


async def waiting(pool: Pool, writers: int) -> None:
    """Return when so many writers wait for a lock."""
    async with asyncio.timeout(10):
        while await one(pool, WAITING) != (writers,):
            await asyncio.sleep(0.005)


async def reached(pool: Pool, height: int) -> None:
    """Return when both chains are indexed so far, state and all."""
    async with asyncio.timeout(30):
        while await one(pool, "select count(*) from checkpoints where state_through >= %s", height) != (2,):
            await asyncio.sleep(0.005)


@asynccontextmanager
async def feed_held(pool: Pool) -> AsyncIterator[None]:
    """Keep every commit from ending: each takes its positions last."""
    async with pool.connection() as connection, connection.transaction():
        await connection.execute("select from feed for update")
        yield


async def submit_spec(connection: Connection, renter: bytes) -> None:
    """Do what the API does when a spec comes in, but for the commit."""
    await connection.execute(
        "insert into job_specs (job_id, renter, docker_image, submitted_at) values (%s, %s, 'image', %s)",
        (JOB, renter, NOW),
    )
    await state_store.lock(connection, JOBS, [JOB])
    await feed.append(connection, await state_store.refresh(connection, JOBS, [JOB], {}))


async def test_a_spec_that_was_first_is_seen_by_the_indexer(world: World, index: Indexing) -> None:
    """The indexer waits for the key, and its refresh then sees the spec that was not committed when it began."""
    await world.create_job(JOB)
    await world.bsc.mine()
    async with index.pool.connection() as api:
        async with api.transaction():
            await submit_spec(api, world.bsc.accounts[1])
            step = asyncio.create_task(index.followers[Chain.BSC].step())
            await waiting(index.pool, 1)
        assert isinstance(await step, Advanced)

    assert await one(index.pool, "select has_spec, status from jobs") == (True, "CREATED")


async def test_a_spec_that_was_second_sees_the_indexer_s_job(world: World, index: Indexing) -> None:
    """The API waits for the key, and its refresh then sees the job that was not committed when it began."""
    await world.create_job(JOB)
    await world.bsc.mine()

    async def submit() -> None:
        async with index.pool.connection() as api, api.transaction():
            await submit_spec(api, world.bsc.accounts[1])

    async with feed_held(index.pool):
        step = asyncio.create_task(index.followers[Chain.BSC].step())
        await waiting(index.pool, 1)
        spec = asyncio.create_task(submit())
        await waiting(index.pool, 2)
    await asyncio.gather(step, spec)

    assert await one(index.pool, "select has_spec, status from jobs") == (True, "CREATED")


async def test_a_confirmation_and_a_spec_at_once_both_count(world: World, index: Indexing) -> None:
    """Each moves another column of the same row."""
    await world.create_job(JOB)
    await world.bsc.mine()
    await index.settle()
    await world.confirm(JOB)
    await world.bsc.mine()
    async with index.pool.connection() as api:
        async with api.transaction():
            await submit_spec(api, world.bsc.accounts[1])
            step = asyncio.create_task(index.followers[Chain.BSC].step())
            await waiting(index.pool, 1)
        await step

    assert await one(index.pool, "select has_spec, status, escrow from jobs") == (True, "COMPLETED", "CONFIRMED")
    assert await gaps_in_feed(index.pool) == 0


async def test_keys_are_locked_in_one_order(pool: Pool) -> None:
    """A writer that waits for a key holds only those before it, so no two can wait for each other."""
    keys = sorted((bytes([number]) * 32 for number in range(40)), key=lambda key: crc32(key) % state_store.BUCKETS)
    buckets = sorted({crc32(key) % state_store.BUCKETS for key in keys})
    middle = next(key for key in keys if crc32(key) % state_store.BUCKETS == buckets[len(buckets) // 2])

    async def lock_all() -> None:
        async with pool.connection() as connection, connection.transaction():
            await state_store.lock(connection, JOBS, reversed(keys))

    async with pool.connection() as first:
        async with first.transaction():
            await state_store.lock(first, JOBS, [middle])
            second = asyncio.create_task(lock_all())
            await waiting(pool, 1)
            held = await one(pool, HELD_BUCKETS)
        await second

    assert held == (buckets[: len(buckets) // 2 + 1],)


async def test_of_two_followers_with_one_decision_one_is_fenced(
    world: World, index: Indexing, postgres: EmbeddedPostgres
) -> None:
    """The second finds the checkpoint moved when its turn comes, writes nothing, and goes on from there."""
    await world.create_job(JOB)
    await world.bsc.mine()
    async with indexing(world, index.pool) as rival:
        async with feed_held(index.pool):
            first = asyncio.create_task(index.followers[Chain.BSC].step())
            await waiting(index.pool, 1)
            second = asyncio.create_task(rival.followers[Chain.BSC].step())
            await waiting(index.pool, 2)

        assert isinstance(await first, Advanced)
        with pytest.raises(Fenced):
            await second
        assert isinstance(await rival.followers[Chain.BSC].step(), Idle)

    await index.settle()
    assert await gaps_in_feed(index.pool) == 0
    assert await fresh_index(world, postgres) == await contents(index.pool)


async def test_two_whole_indexers_on_one_database_double_nothing(
    world: World, pool: Pool, postgres: EmbeddedPostgres
) -> None:
    """Through history, head and reorgs, side by side, the tables equal those of one."""
    activity = Activity(world, 11)
    for _ in range(90):
        await activity.step()
    stop = asyncio.Event()
    sources = [
        Source(followed=followed, urls=(world.chain(followed.chain).url,), poll_seconds=0.005)
        for followed in (world.job_manager, world.node_reputation)
    ]
    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(follow(pool, sources, stop, offline_after=OFFLINE_AFTER, wait_seconds=30))
        for height in range(90, 100):
            await reached(pool, height)
            await activity.step()
            await activity.reorg()
        stop.set()
    async with indexing(world, pool) as index:
        await index.settle()

    assert await gaps_in_feed(pool) == 0
    assert await fresh_index(world, postgres) == await contents(pool)

"""One indexer leads a chain, the next stands by; who does not lead cannot write, whatever it believes."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import psycopg
import pytest

from indexer import lease_store
from indexer.store import Store, Superseded
from indexer.values import Cursor, Segment
from models.values import Chain
from runtime.database import Connection, Pool
from runtime.embedded_postgres import EmbeddedPostgres
from tests.integration.indexer import indexer_process
from tests.integration.indexer.activity import Activity
from tests.integration.indexer.conftest import OFFLINE_AFTER, Indexing, fresh_index, indexing
from tests.integration.indexer.tables import contents, everything, gaps_in_feed, one
from tests.integration.local_chain import World

TAKE_OVER_SECONDS = 20  # Of which the start of a program on a busy machine may be half.
SEED = 11

Process = asyncio.subprocess.Process


@pytest.fixture
async def start(world: World, pool: Pool, database_url: str) -> AsyncIterator[Callable[[], Awaitable[Process]]]:
    """A way to start indexers of both chains; those that still run in the end are killed."""
    assert not pool.closed, "the database is migrated"
    processes: list[Process] = []
    sources = [(each, world.chain(each.chain).url) for each in (world.job_manager, world.node_reputation)]

    async def start_one() -> Process:
        processes.append(await indexer_process.start(database_url, sources, offline_after=OFFLINE_AFTER, to_block=None))
        return processes[-1]

    yield start_one
    for process in processes:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def until(met: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    """Wait for a moment."""
    async with asyncio.timeout(seconds):
        while not await met():
            await asyncio.sleep(0.05)


async def epochs(pool: Pool) -> tuple[int, ...]:
    """Return how often each chain was taken over, those led now only."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            """
            select epoch from leases join checkpoints using (chain)
            where until >= clock_timestamp() and epoch = leader_epoch order by chain
            """
        )
        return tuple([row[0] async for row in rows])


@asynccontextmanager
async def stopped(process: Process) -> AsyncIterator[None]:
    """Let a process stand still, as a machine that was put to sleep does."""
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)


async def end(process: Process) -> None:
    process.terminate()
    async with asyncio.timeout(10):
        assert await process.wait() == 0


async def indexed(world: World, pool: Pool) -> bool:
    """Say whether both chains are indexed to their heads."""
    heads = {chain: await world.chain(chain).head() for chain in Chain}
    async with pool.connection() as connection:
        rows = await connection.execute("select chain, number from checkpoints where state_through = number")
        return heads == {Chain(row[0]): row[1] async for row in rows}


async def test_a_standby_takes_over_from_a_leader_that_dies(
    world: World, pool: Pool, postgres: EmbeddedPostgres, start: Callable[[], Awaitable[Process]]
) -> None:
    """Within ten seconds, and where the leader was."""
    activity = Activity(world, SEED)
    leader = await start()
    await until(lambda: leads(pool, (1, 1)))
    standby = await start()
    for _ in range(20):
        await activity.step()
    leader.kill()
    await leader.wait()
    for _ in range(20):
        await activity.step()
    await until(lambda: leads(pool, (2, 2)), TAKE_OVER_SECONDS)
    await until(lambda: indexed(world, pool))
    await end(standby)

    assert await gaps_in_feed(pool) == 0
    assert await fresh_index(world, postgres) == await contents(pool)


async def test_a_leader_that_was_stopped_stands_by_when_it_wakes_up(
    world: World, pool: Pool, postgres: EmbeddedPostgres, start: Callable[[], Awaitable[Process]]
) -> None:
    """Its time runs out, another leads, and it wakes up into reorgs it knows nothing of."""
    activity = Activity(world, SEED)
    leader = await start()
    await until(lambda: leads(pool, (1, 1)))
    standby = await start()
    await activity.step()
    async with stopped(leader):
        await until(lambda: leads(pool, (2, 2)), TAKE_OVER_SECONDS)
        for _ in range(10):
            await activity.step()
        await activity.reorg()
    for _ in range(20):
        await activity.step()
    await until(lambda: indexed(world, pool))

    assert await epochs(pool) == (2, 2)
    assert leader.returncode is None, "it stands by"
    await end(standby)
    await until(lambda: leads(pool, (3, 3)))
    await end(leader)
    assert await gaps_in_feed(pool) == 0
    assert await fresh_index(world, postgres) == await contents(pool)


async def leads(pool: Pool, expected: tuple[int, ...]) -> bool:
    return await epochs(pool) == expected


async def test_a_leader_that_ends_in_order_is_replaced_at_once(
    pool: Pool, start: Callable[[], Awaitable[Process]]
) -> None:
    """It gives the lease back."""
    leader = await start()
    await until(lambda: leads(pool, (1, 1)))
    await end(leader)

    assert await one(pool, "select count(*) from leases where leader is null") == (2,)


async def test_nothing_is_written_under_a_lease_that_was_taken_over(world: World, pool: Pool, index: Indexing) -> None:
    """Not a block, not state, not finality, not a pause: though the checkpoint stands where it stood."""
    await world.create_job(b"\xaa" * 32)
    await world.bsc.mine(3)
    async with pool.connection() as connection:
        epoch = await lead(connection, "the first")
    old = Recording(pool, world.job_manager, offline_after=OFFLINE_AFTER, epoch=epoch)
    index.followers[Chain.BSC]._store = old
    await index.settle()
    async with pool.connection() as connection:
        await connection.execute("update leases set until = now() where chain = 'bsc'")
        await lead(connection, "the second")
    before, cursor = await everything(pool), await old.cursor()
    segment = replace(old.committed[-1], fork=cursor.block)

    for write in (
        old.commit(cursor, segment),
        old.refresh_state(cursor),
        old.finalize(cursor, segment.tip, final_through=cursor.number),
        old.pause(cursor, "it believes that something is wrong"),
    ):
        with pytest.raises(Superseded, match="the second leads bsc now"):
            await write

    assert before == await everything(pool)


async def lead(connection: Connection, holder: str) -> int:
    """Take the lead of BSC, which nobody has, and return the epoch."""
    epoch = await lease_store.acquire(connection, Chain.BSC, holder)
    assert epoch is not None
    await lease_store.fence(connection, Chain.BSC, epoch)
    return epoch


async def test_a_leader_stopped_in_the_middle_of_a_commit_is_shut_out(
    world: World, pool: Pool, database_url: str, start: Callable[[], Awaitable[Process]]
) -> None:
    """It holds the row that every commit moves, and holds it no more when another takes over."""
    async with indexing(world, pool) as index:
        await index.settle()
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as stopped_one:
        await lead(stopped_one, "the one that is stopped")
        await stopped_one.execute("begin")
        await stopped_one.execute("update checkpoints set updated_at = now() where chain = 'bsc'")
        standby = await start()
        await until(lambda: leads(pool, (2, 1)), TAKE_OVER_SECONDS)
        await world.bsc.mine(3)
        await until(lambda: indexed(world, pool))

        with pytest.raises(psycopg.OperationalError):
            await stopped_one.execute("commit")
    await end(standby)


class Recording(Store):
    """A store that keeps what was committed through it."""

    committed: tuple[Segment, ...] = ()

    async def commit(self, expected: Cursor, segment: Segment) -> None:
        await super().commit(expected, segment)
        self.committed = (*self.committed, segment)


@pytest.mark.usefixtures("index")
async def test_two_who_reach_for_a_lease_at_once_get_one(pool: Pool) -> None:
    """The second waits for the first one's transaction and finds the lease taken."""
    async with pool.connection() as first, pool.connection() as second:
        epoch = await lease_store.acquire(first, Chain.BSC, "the first")
        reaching = asyncio.create_task(lease_store.acquire(second, Chain.BSC, "the second"))
        await asyncio.sleep(0.05)
        await first.commit()

        assert (epoch, await reaching) == (1, None)

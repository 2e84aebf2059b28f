"""Requests are worked on one after the other, by one worker, and an interrupted one leaves nothing behind."""

import asyncio
from collections.abc import Callable
from functools import partial

import psycopg
import pytest

from chain.rpc import Rpc
from indexer import request_store
from indexer.reader import Reader
from indexer.requests import Worker, serve_requests
from models.requests import RequestKind
from models.values import Chain
from runtime.database import Pool, lone_session
from runtime.embedded_postgres import EmbeddedPostgres
from tests.integration.indexer.activity import Activity
from tests.integration.indexer.asking import ask, asked, work
from tests.integration.indexer.conftest import OFFLINE_AFTER, Indexing, fresh_index
from tests.integration.indexer.interruption import Interrupted, cancel, disconnect, unchecked_pool
from tests.integration.indexer.tables import Contents, contents, everything, gaps_in_feed
from tests.integration.local_chain import World

SEED = 7
AWAITS_MIN, AWAITS_MAX = 20, 400
TEMPORARY = "select count(*) from pg_class where relpersistence = 't' and relname like 'staged_%'"
WORKERS = """
    select count(*) from pg_locks where locktype = 'advisory' and classid = %s
        and database = (select oid from pg_database where datname = current_database())
"""
REINDEX, RESUME, VERIFY = RequestKind.REINDEX, RequestKind.RESUME, RequestKind.VERIFY

interruptions = pytest.mark.parametrize("interruption", [cancel, disconnect], ids=["cancelled", "disconnected"])


@interruptions
async def test_a_reindex_that_ends_anywhere_leaves_nothing_behind(
    world: World, index: Indexing, database_url: str, postgres: EmbeddedPostgres, interruption: Callable[[str], None]
) -> None:
    """At whichever await it ends, it is done and marked so, or no table is changed and the request is still open."""
    activity = Activity(world, SEED)
    for _ in range(6):
        await activity.step()
    await world.bsc.mine(20)
    await index.settle()
    fresh, before, number = await fresh_index(world, postgres), Contents(), 0
    fired = Fired(partial(interruption, database_url))

    for attempt in range(1, AWAITS_MAX):
        if not before:
            await damage(index.pool)
            number, before = await ask(index.pool, REINDEX, first=1), await but_requests(index.pool)
        await nobody_works(index.pool)
        await interrupted_worker(world, database_url, attempt, fired)
        if (await asked(index.pool, number)).finished_at is None:
            assert before == await but_requests(index.pool)
        else:
            assert fresh == await contents(index.pool)
            before = Contents()
        if fired.times < attempt:
            break

    assert attempt >= AWAITS_MIN
    assert before == {}
    assert await gaps_in_feed(index.pool) == 0
    await nobody_works(index.pool)
    async with index.pool.connection() as connection:
        assert await (await connection.execute(TEMPORARY)).fetchone() == (0,)


class Fired:
    """An interruption that counts how often it happened."""

    def __init__(self, interruption: Callable[[], None]) -> None:
        self._interruption = interruption
        self.times = 0

    def __call__(self) -> None:
        self.times += 1
        self._interruption()


async def damage(pool: Pool) -> None:
    async with pool.connection() as connection:
        await connection.execute("delete from job_created where block_number % 2 = 0")
        await connection.execute("update job_created set payment = payment + 1")


async def nobody_works(pool: Pool) -> None:
    """Return once the server has noticed that the last worker left."""
    async with asyncio.timeout(10), pool.connection() as connection:
        while (await (await connection.execute(WORKERS, (request_store.LOCK_CLASS,))).fetchone()) != (0,):
            await asyncio.sleep(0.01)


async def interrupted_worker(world: World, database_url: str, at: int, interruption: Callable[[], None]) -> None:
    """Let a worker take one step that is interrupted at its n-th await, and let it end as it must."""
    async with unchecked_pool(database_url) as pool, Rpc([world.bsc.url]) as rpc:
        followed = world.job_manager
        worker = Worker(pool, Reader(rpc, followed), followed, offline_after=OFFLINE_AFTER)

        async def step() -> None:
            await worker.step()

        async def run() -> None:
            await Interrupted(step(), at, interruption)

        task = asyncio.create_task(run())
        await asyncio.wait([task])
        if not task.cancelled() and (error := task.exception()):
            assert isinstance(error, psycopg.OperationalError), error


async def test_two_workers_never_work_on_one_chain(index: Indexing) -> None:
    """The second finds nothing to do until the first is gone, and then begins the same request anew."""
    number = await ask(index.pool, VERIFY)
    async with lone_session(index.pool) as first, lone_session(index.pool) as second:
        claimed = await request_store.claim(first, Chain.BSC)

        assert claimed is not None
        assert claimed.id == number
        assert await request_store.claim(second, Chain.BSC) is None

    async with lone_session(index.pool) as third:
        again = await claimed_in_time(third)

    assert again == number


async def claimed_in_time(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> int | None:
    """Return what can be claimed once the server has noticed that the last worker left."""
    async with asyncio.timeout(10):
        while (found := await request_store.claim(connection, Chain.BSC)) is None:
            await asyncio.sleep(0.01)
    return found.id


async def test_a_chain_that_stands_still_goes_first(index: Indexing) -> None:
    """A RESUME overtakes what is not begun; else the oldest is next."""
    for kind in (VERIFY, REINDEX, RESUME):
        await ask(index.pool, kind)
    order = []
    async with lone_session(index.pool) as connection:
        while (request := await request_store.claim(connection, Chain.BSC)) is not None:
            order.append(request.kind)
            assert request.id is not None
            await request_store.cancel(connection, request.id)

    assert order == [RESUME, VERIFY, REINDEX]


async def test_a_cancelled_request_changes_nothing(world: World, index: Indexing) -> None:
    """Whoever does not want it any more marks it; the worker finds out before it commits."""
    await world.create_job(b"\xaa" * 32)
    await world.bsc.mine(20)
    await index.settle()
    async with index.pool.connection() as connection:
        await connection.execute("delete from job_created")
    number = await ask(index.pool, REINDEX, first=1)
    before = await but_requests(index.pool)

    class Dropping(Reader):
        async def look(self):  # type: ignore[no-untyped-def]  # As the reader's.
            async with index.pool.connection() as connection:
                assert await request_store.cancel(connection, number)
            return await super().look()

    async with Rpc([world.bsc.url]) as rpc:
        followed = world.job_manager
        await Worker(index.pool, Dropping(rpc, followed), followed, offline_after=OFFLINE_AFTER).step()

    assert before == await but_requests(index.pool)
    assert (await asked(index.pool, number)).error == request_store.CANCELLED


async def test_the_loop_works_until_told_to_stop(world: World, index: Indexing) -> None:
    """Beside the follower, one request after the other."""
    await world.bsc.mine(20)
    await index.settle()
    numbers = [await ask(index.pool, VERIFY), await ask(index.pool, VERIFY)]
    stop = asyncio.Event()
    async with Rpc([world.bsc.url]) as rpc, asyncio.timeout(20):
        reader = Reader(rpc, world.job_manager)
        serving = asyncio.create_task(
            serve_requests(index.pool, reader, world.job_manager, stop, offline_after=OFFLINE_AFTER)
        )
        while any([(await asked(index.pool, number)).finished_at is None for number in numbers]):
            await asyncio.sleep(0.02)
        stop.set()
        await serving

    assert [(await asked(index.pool, number)).error for number in numbers] == [None, None]


async def test_a_request_with_no_work_to_do_waits_for_nobody(world: World, index: Indexing) -> None:
    """A chain that is not paused is not resumed, and that is no error."""
    number = await ask(index.pool, RESUME)
    await work(world, index.pool)

    assert (await asked(index.pool, number)).result == {"reason": None, "fork": None}


async def but_requests(pool: Pool) -> Contents:
    """Return every row of every table but of requests, where a worker tells how far it is."""
    return {table: rows for table, rows in (await everything(pool)).items() if table != "requests"}

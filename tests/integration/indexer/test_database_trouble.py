"""Postgres goes away, comes back, or has no room: the indexer waits for it and has lost nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

import migrations
from indexer.program import Source, index
from runtime.database import Pool, open_pool
from runtime.embedded_postgres import EmbeddedPostgres
from tests.integration.indexer.activity import Activity
from tests.integration.indexer.conftest import OFFLINE_AFTER, fresh_index
from tests.integration.indexer.tables import contents, gaps_in_feed, one
from tests.integration.local_chain import World

SEED = 5
OUT_OF_DISK = """
    create function out_of_disk() returns trigger language plpgsql as $$
    begin
        raise exception 'could not extend file: no space left on device' using errcode = 'disk_full';
    end $$;
    create trigger out_of_disk before insert on {} for each row execute function out_of_disk();
"""
ROOM_AGAIN = "drop function out_of_disk cascade"

Act = Callable[[str], Awaitable[None]]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A server of this test's own, which may be stopped."""
    own = EmbeddedPostgres(tmp_path / "postgres")
    await own.start()
    yield own
    await own.stop()


@asynccontextmanager
async def following(world: World, pool: Pool) -> AsyncIterator[None]:
    """Follow both chains meanwhile."""
    stop = asyncio.Event()
    sources = [
        Source(followed=each, urls=(world.chain(each.chain).url,), poll_seconds=0.02)
        for each in (world.job_manager, world.node_reputation)
    ]
    program = asyncio.create_task(index(pool, sources, stop, offline_after=OFFLINE_AFTER, wait_seconds=30))
    yield
    stop.set()
    async with asyncio.timeout(20):
        await program


async def caught_up(world: World, url: str) -> None:
    """Wait until both chains are indexed to their heads."""
    expected = {"bsc": await world.bsc.head(), "opbnb": await world.opbnb.head()}
    async with asyncio.timeout(60):
        while await _reached(url) != expected:
            await asyncio.sleep(0.05)


async def _reached(url: str) -> dict[str, int]:
    try:
        async with await psycopg.AsyncConnection.connect(url) as connection:
            rows = await connection.execute("select chain, number from checkpoints where number = state_through")
            return {row[0]: row[1] async for row in rows}
    except psycopg.OperationalError:
        return {}


async def test_a_restart_of_postgres_is_waited_out(world: World, server: EmbeddedPostgres) -> None:
    """Twice, while blocks come and go."""
    url = await server.create_database("indexed")
    await asyncio.to_thread(migrations.upgrade, url)
    activity = Activity(world, SEED)
    async with open_pool(url, program="test", size=6) as pool, following(world, pool):
        for _ in range(2):
            for _ in range(10):
                await activity.step()
            await server.stop()
            await activity.step()
            await activity.reorg()
            await server.start()
        await caught_up(world, url)

        assert await gaps_in_feed(pool) == 0
        assert await fresh_index(world, server) == await contents(pool)


@pytest.mark.parametrize("table", ["job_created", "blocks", "changes", "providers"])
async def test_a_full_disk_is_waited_out(
    world: World, pool: Pool, postgres: EmbeddedPostgres, database_url: str, table: str
) -> None:
    """Whatever part of a commit meets it; the part before is not there either."""
    activity = Activity(world, SEED)
    async with following(world, pool):
        for _ in range(5):
            await activity.step()
        await caught_up(world, database_url)
        before = await one(pool, "select sum(number) from checkpoints")
        async with pool.connection() as connection:
            await connection.execute(OUT_OF_DISK.format(table).encode())
        for _ in range(20):
            await activity.step()
        await asyncio.sleep(0.5)
        async with pool.connection() as connection:
            await connection.execute(ROOM_AGAIN)
        await caught_up(world, database_url)

    assert before < await one(pool, "select sum(number) from checkpoints")
    assert await gaps_in_feed(pool) == 0
    assert await fresh_index(world, postgres) == await contents(pool)

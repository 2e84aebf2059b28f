"""Specs whose job does not come go; those whose job has come stay for good."""

import asyncio
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from indexer import spec_retention_store
from indexer.housekeeping import Retention, tidy
from models.state import JOBS
from runtime import state_store
from runtime.database import Pool
from tests.integration.indexer.beats import OFFLINE_AFTER

A_WEEK = Retention(
    offline_after=OFFLINE_AFTER, heartbeats=None, changes=None, requests=None, waiting_specs=timedelta(days=7)
)
RENTER, STRANGER = b"\1" * 20, b"\2" * 20
NOW = datetime.now(UTC)


async def chain_at(pool: Pool, *, days_ago: float = 0, final_through: int = 100) -> None:
    """Let BSC be read to a block of so many days ago."""
    async with pool.connection() as connection:
        await connection.execute("delete from checkpoints")
        await connection.execute(
            """
            insert into checkpoints (chain, number, hash, block_time, state_through, finalized, final_through, head,
                chain_id, genesis, contract_address, start_block, updated_at)
            values ('bsc', 100, '\\x01', %s, 100, 100, %s, 100, 56, '\\x00', '\\x00', 1, now())
            """,
            (NOW - timedelta(days=days_ago), final_through),
        )


async def handed_in(pool: Pool, number: int, *, days_ago: float, renter: bytes = RENTER) -> None:
    """Hand in a spec so many days ago."""
    async with pool.connection() as connection:
        await connection.execute(
            "insert into job_specs (job_id, renter, docker_image, submitted_at) values (%s, %s, 'alpine', %s)",
            (number.to_bytes(32), renter, NOW - timedelta(days=days_ago)),
        )


async def create(connection: psycopg.AsyncConnection[tuple[object, ...]], number: int, *, block: int) -> None:
    """Put a job of the renter on chain."""
    await connection.execute(
        "insert into addresses (address, checksum) values (%s, %s) on conflict do nothing", (RENTER, "0xRenter")
    )
    await connection.execute(
        """
        insert into job_created (block_number, log_index, block_hash, block_time, transaction_hash,
            job_id, renter, provider, payment)
        values (%s, %s, '\\x01', now(), '\\x01', %s, %s, %s, 1)
        """,
        (block, number, number.to_bytes(32), RENTER, bytes(20)),
    )


async def created(pool: Pool, *numbers: int, block: int = 50) -> None:
    """Put jobs of the renter on chain."""
    async with pool.connection() as connection:
        for number in numbers:
            await create(connection, number, block=block)


async def left(pool: Pool) -> list[tuple[int, bool]]:
    """Return the specs that are there, and whether each has its job."""
    async with pool.connection() as connection:
        rows = await connection.execute("select job_id, has_job from job_specs order by job_id, renter")
        return [(int.from_bytes(job_id), has_job) async for job_id, has_job in rows]


async def test_a_spec_waits_a_week_for_its_job(pool: Pool) -> None:
    """By the chain's time; one whose job has come stays, and is marked when that is final."""
    await chain_at(pool)
    for number, age in ((1, 8), (2, 6), (3, 8), (4, 8)):
        await handed_in(pool, number, days_ago=age)
    await handed_in(pool, 3, days_ago=8, renter=STRANGER)
    await created(pool, 3)
    await created(pool, 4, block=101)
    await tidy(pool, asyncio.Event(), A_WEEK)

    assert await left(pool) == [(2, False), (3, True), (4, False)]


async def test_a_chain_that_is_behind_may_still_bring_the_job(pool: Pool) -> None:
    await chain_at(pool, days_ago=3)
    await handed_in(pool, 1, days_ago=8)
    await tidy(pool, asyncio.Event(), A_WEEK)

    assert await left(pool) == [(1, False)]


async def test_where_nothing_is_indexed_and_where_all_is_kept_nothing_goes(pool: Pool) -> None:
    await handed_in(pool, 1, days_ago=8)
    await tidy(pool, asyncio.Event(), A_WEEK)
    await chain_at(pool)
    await tidy(
        pool, asyncio.Event(), Retention(offline_after=OFFLINE_AFTER, heartbeats=None, changes=None, requests=None)
    )

    assert await left(pool) == [(1, False)]


async def test_many_go_and_are_marked_in_batches(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them, in the end."""
    monkeypatch.setattr(spec_retention_store, "BATCH", 3)
    await chain_at(pool)
    for number in range(1, 15):
        await handed_in(pool, number, days_ago=8)
    await created(pool, *range(1, 8))
    await tidy(pool, asyncio.Event(), A_WEEK)

    assert await left(pool) == [(number, True) for number in range(1, 8)]


async def test_a_job_that_comes_at_the_last_moment_has_its_spec_or_none(pool: Pool) -> None:
    """Its indexer holds the key: whoever is second sees what the first has done, and the state says what is there."""
    await chain_at(pool)
    await handed_in(pool, 1, days_ago=8)
    async with pool.connection() as indexing:
        await create(indexing, 1, block=50)
        await state_store.lock(indexing, JOBS, [(1).to_bytes(32)])
        tidying = asyncio.create_task(tidy(pool, asyncio.Event(), A_WEEK))
        async with asyncio.timeout(10), pool.connection() as looking:
            waiting = "select from pg_stat_activity where wait_event = 'advisory' and datname = current_database()"
            while not (await looking.execute(waiting)).rowcount:
                await looking.rollback()
                await asyncio.sleep(0.02)
        await state_store.refresh(indexing, JOBS, [(1).to_bytes(32)], {})
    await tidying

    async with pool.connection() as connection:
        has_spec = await (await connection.execute("select has_spec from jobs")).fetchall()
    assert has_spec == [(True,)]
    assert [number for number, _ in await left(pool)] == [1]

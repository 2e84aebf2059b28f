"""Heartbeats are folded into days and dropped, and nobody's state changes."""

import asyncio
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from indexer import heartbeat_store, retention_store
from indexer.housekeeping import Retention, keep_house, tidy
from runtime.database import Pool, open_pool
from tests.integration.indexer.beats import (
    OFFLINE_AFTER,
    PARTITION,
    at,
    beat,
    block_at,
    days,
    rebuild,
    refresh,
    rows,
    stand_at,
)
from tests.integration.indexer.tables import one

END = at(40)
KEPT = Retention(offline_after=OFFLINE_AFTER, heartbeats=timedelta(days=10), changes=None, requests=None)
EVERYTHING_KEPT = Retention(offline_after=OFFLINE_AFTER, heartbeats=None, changes=None, requests=None)
WAITING = "select count(*) from pg_locks where not granted"


async def tidied(pool: Pool, retention: Retention = KEPT) -> None:
    """Tidy up to the end."""
    await tidy(pool, asyncio.Event(), retention)


async def forty_days(pool: Pool) -> None:
    """One who beats daily, one who came for a while, one who left early, one who came today; all refreshed."""
    async with pool.connection() as connection:
        await beat(connection, 1, *(at(day) for day in range(1, 41)))
        await beat(connection, 2, at(3), at(3, 60), at(20))
        await beat(connection, 3, at(1, 5))
        await beat(connection, 4, at(40, -5))
        await stand_at(connection, END)
        await rebuild(connection, END)


async def attached(pool: Pool) -> list[int]:
    """Return the numbers of the partitions that the table has."""
    async with pool.connection() as connection:
        return [each.number for each in await heartbeat_store.partitions(connection) if each.attached]


async def providers(pool: Pool) -> list[Any]:
    """Return the state of every provider."""
    async with pool.connection() as connection:
        return await rows(connection, "providers")


async def oldest_beat(pool: Pool) -> Any:
    """Return the block time of the oldest heartbeat that is still here."""
    return (await one(pool, "select min(block_time) from node_heartbeat"))[0]


async def test_state_stays_when_heartbeats_are_folded_and_dropped(pool: Pool) -> None:
    """As it stands, refreshed by key, and rebuilt: whoever has no heartbeat left is seen when it was seen."""
    await forty_days(pool)
    before = await providers(pool)
    await tidied(pool)
    after = [await providers(pool)]
    async with pool.connection() as connection:
        await refresh(connection, END, range(1, 5))
        after.append(await rows(connection, "providers"))
        await connection.execute("delete from providers")
        await rebuild(connection, END)
        after.append(await rows(connection, "providers"))

    assert len(before) == 4
    assert await oldest_beat(pool) > at(3)
    assert [before] * 3 == after


async def test_the_days_of_what_is_dropped_stay(pool: Pool) -> None:
    """The same rows as where every heartbeat is kept."""
    await forty_days(pool)
    await tidied(pool, EVERYTHING_KEPT)
    async with pool.connection() as connection:
        before = await days(connection)
    await tidied(pool)
    async with pool.connection() as connection:
        after = await days(connection)

    assert before == after
    assert len(before) == 43


async def test_a_partition_goes_when_all_of_it_is_older_than_the_retention(pool: Pool) -> None:
    """Of forty days, ten kept: the partitions that end before the thirtieth, and the checkpoint says so."""
    await forty_days(pool)
    wholly_older = int(timedelta(days=30) / PARTITION)
    before = await attached(pool)
    await tidied(pool)

    assert await attached(pool) == before[wholly_older:]
    assert await one(pool, "select heartbeats_from from checkpoints") == (wholly_older * block_at(at() + PARTITION),)
    assert await oldest_beat(pool) <= at(30)


async def test_without_a_retention_everything_stays(pool: Pool) -> None:
    """The days are folded all the same."""
    await forty_days(pool)
    before = await attached(pool)
    await tidied(pool, EVERYTHING_KEPT)

    assert before == await attached(pool)
    assert await one(
        pool,
        "select max(day) - date '2026-01-01', heartbeats_from from provider_days, checkpoints group by heartbeats_from",
    ) == (39, 0)


async def test_the_newest_partition_stays_however_old(pool: Pool) -> None:
    """It is where the next heartbeat goes."""
    async with pool.connection() as connection:
        await beat(connection, 1, at(1), at(8))
        await stand_at(connection, at(100))
    await tidied(pool)

    assert await attached(pool) == [1]


async def test_a_history_that_is_still_read_is_folded_and_dropped_meanwhile(pool: Pool) -> None:
    """But no heartbeat goes before state follows from it."""
    async with pool.connection() as connection:
        await beat(connection, 1, *(at(day) for day in range(1, 40)))
        await stand_at(connection, at(40), state_at=at(12))
    await tidied(pool)
    begun = await attached(pool)
    async with pool.connection() as connection:
        folded = [row[1] for row in await days(connection)]

    assert folded == list(range(1, 40))
    assert begun == [2, 3, 4, 5, 6]


async def test_what_counts_into_a_day_that_is_not_folded_stays(pool: Pool) -> None:
    """The last heartbeats before midnight are needed for the day after it."""
    edge = at() + PARTITION
    midnight = at(6)
    async with pool.connection() as connection:
        await beat(connection, 1, edge - timedelta(seconds=1), edge, midnight - timedelta(seconds=60), midnight, at(12))
        await stand_at(connection, at(6, 1))
    await tidied(pool, Retention(offline_after=timedelta(days=1), heartbeats=timedelta(0), changes=None, requests=None))

    assert await attached(pool) == [0, 1, 2]


@pytest.mark.parametrize("how", ["detached", "leaving"])
async def test_a_drop_that_was_cut_short_is_finished(pool: Pool, how: str) -> None:
    """After a crash between detaching and dropping, or in the middle of detaching."""
    await forty_days(pool)
    before = await attached(pool)
    if how == "detached":
        async with pool.connection() as connection:
            await connection.execute("alter table node_heartbeat detach partition node_heartbeat_0")
    else:
        await begin_to_detach(pool)
    await tidied(pool)

    async with pool.connection() as connection:
        left = await heartbeat_store.partitions(connection)
    assert [(each.number, each.attached, each.leaving) for each in left] == [
        (number, True, False) for number in before[5:]
    ]


async def begin_to_detach(pool: Pool) -> None:
    """Leave a partition half detached: who detaches it is ended while it waits for a reader."""
    async with pool.connection() as reader, pool.connection() as other:
        await reader.execute("select from node_heartbeat limit 1")
        await other.commit()
        await other.set_autocommit(True)
        detaching = asyncio.create_task(
            other.execute("alter table node_heartbeat detach partition node_heartbeat_0 concurrently")
        )
        await until_somebody_waits(pool)
        await reader.execute("select pg_terminate_backend(pid) from pg_locks where not granted")
        with pytest.raises(psycopg.OperationalError):
            await detaching


async def until_somebody_waits(pool: Pool) -> None:
    """Return when a session waits for another."""
    async with asyncio.timeout(10):
        while await one(pool, WAITING) == (0,):
            await asyncio.sleep(0.01)


async def test_readers_and_writers_do_not_wait_for_a_drop(pool: Pool) -> None:
    """It waits for them: whoever reads old heartbeats reads on, and new ones come in meanwhile."""
    await forty_days(pool)
    async with pool.connection() as reader:
        await reader.execute("select from node_heartbeat limit 1")
        dropping = asyncio.create_task(tidied(pool))
        await until_somebody_waits(pool)
        async with asyncio.timeout(5), pool.connection() as writer:
            await beat(writer, 1, at(40, 1))
            await refresh(writer, at(40, 1), [1])
            seen = await rows(writer, "providers")
        assert not dropping.done()
    await dropping

    assert max(row["last_seen"] for row in seen) == "2026-02-10T00:00:01+00:00"
    assert (await attached(pool))[0] == 5


async def test_of_two_one_tidies(pool: Pool) -> None:
    """The other leaves it to it, and does not wait."""
    await forty_days(pool)
    async with pool.connection() as connection:
        assert await retention_store.begin(connection)
        await tidied(pool)
        assert await days(connection) == []
        await retention_store.end(connection)
    await tidied(pool)

    async with pool.connection() as connection:
        assert len(await days(connection)) == 43


async def test_it_gives_way_to_a_stop(pool: Pool) -> None:
    """Between two of its transactions."""
    await forty_days(pool)
    stop = asyncio.Event()
    stop.set()
    await tidy(pool, stop, KEPT)

    async with pool.connection() as connection:
        assert await days(connection) == []


async def test_it_goes_on_after_losing_its_connection(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is wrong with Postgres passes."""
    monkeypatch.setattr("indexer.housekeeping.TROUBLE_SECONDS", 0.05)
    await forty_days(pool)
    stop = asyncio.Event()
    async with pool.connection() as other:
        await other.execute("lock table provider_days in share row exclusive mode")
        keeping = asyncio.create_task(keep_house(pool, stop, KEPT))
        await until_somebody_waits(pool)
        await other.execute("select pg_terminate_backend(pid) from pg_locks where not granted")
    async with asyncio.timeout(10):
        while (await attached(pool))[0] != 5:
            await asyncio.sleep(0.02)
    stop.set()
    await keeping

    assert len(await providers(pool)) == 4


async def test_a_pooled_connection_comes_back_as_it_was(pool: Pool, database_url: str) -> None:
    """Who gets it next has transactions again, and all the patience it likes."""
    assert pool, "its tables are made"
    async with open_pool(database_url, program="test", size=1) as single:
        await tidied(single)
        async with single.connection() as connection:
            patience = await (await connection.execute("select current_setting('lock_timeout')")).fetchone()

            assert (connection.autocommit, patience) == (False, ("0",))


async def test_it_does_not_wait_for_a_reader_for_ever(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gives up, so that a stop is heeded, and goes on later where it was."""
    monkeypatch.setattr(retention_store, "PATIENCE", "100ms")
    await forty_days(pool)
    async with pool.connection() as reader:
        await reader.execute("select from node_heartbeat limit 1")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            await tidied(pool)
    await tidied(pool)

    assert (await attached(pool))[0] == 5

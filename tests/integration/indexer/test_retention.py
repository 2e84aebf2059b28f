"""Changes and requests that were kept long enough go."""

import asyncio
from datetime import timedelta

import pytest

from indexer import retention_store
from indexer.housekeeping import Retention, tidy
from runtime.database import Pool
from runtime.settings import IndexerSettings
from tests.integration.indexer.beats import OFFLINE_AFTER

A_WEEK_OF_CHANGES = Retention(offline_after=OFFLINE_AFTER, heartbeats=None, changes=timedelta(days=7), requests=None)


async def changes(pool: Pool, *ages_days: float) -> None:
    """Append changes that were committed so many days ago."""
    async with pool.connection() as connection:
        for age in ages_days:
            await connection.execute(
                """
                with counter as (update feed set position = position + 1 returning position)
                insert into changes (position, committed_at, entity, kind, by_reorg)
                select position, now() - %s, 'JOB', 'RESYNC', false from counter
                """,
                (timedelta(days=age),),
            )


async def positions(pool: Pool) -> list[int]:
    """Return the positions of the feed."""
    async with pool.connection() as connection:
        return [row[0] async for row in await connection.execute("select position from changes order by 1")]


@pytest.mark.parametrize(
    ("ages", "left"),
    [
        ([9, 8, 6, 0], [3, 4]),
        ([9, 5, 8, 6], [2, 3, 4]),
        ([9, 8], [2]),
        ([6, 5], [1, 2]),
        ([], []),
    ],
    ids=["old ones", "what came late in its order", "the newest stays", "nothing old", "empty"],
)
async def test_the_feed_is_cut_at_one_place(pool: Pool, ages: list[float], left: list[int]) -> None:
    """Before the first change that is young enough, so that what is left has no hole."""
    await changes(pool, *ages)
    await tidy(pool, asyncio.Event(), A_WEEK_OF_CHANGES)

    assert left == await positions(pool)


async def test_a_long_feed_is_cut_in_batches(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it, in the end."""
    monkeypatch.setattr(retention_store, "BATCH", 3)
    await changes(pool, *[9.0] * 10, 1)
    await tidy(pool, asyncio.Event(), A_WEEK_OF_CHANGES)

    assert await positions(pool) == [11]


async def test_finished_requests_go_after_their_time(pool: Pool) -> None:
    """Those that are not finished stay, however old."""
    async with pool.connection() as connection:
        await connection.execute(
            """
            insert into requests (kind, chain, repairs, requested_by, requested_at, finished_at)
            select 'REINDEX', 'bsc', false, name, now() - interval '1 year', now() - age
            from (values ('old', interval '91 days'), ('young', interval '89 days'), ('open', null)) as it (name, age)
            """
        )
    kept = Retention(offline_after=OFFLINE_AFTER, heartbeats=None, changes=None, requests=timedelta(days=90))
    await tidy(pool, asyncio.Event(), kept)

    async with pool.connection() as connection:
        left = [row[0] async for row in await connection.execute("select requested_by from requests order by 1")]
    assert left == ["open", "young"]


def test_retention_is_what_the_operator_set() -> None:
    """In days; none for ever."""
    days = {
        "heartbeat_retention_days": 0,
        "feed_retention_days": 3,
        "request_retention_days": 10,
        "waiting_spec_retention_days": 2,
    }
    settings = IndexerSettings.model_validate({"provider_offline_after_seconds": 720, **days})

    assert Retention.of(settings) == Retention(
        offline_after=timedelta(minutes=12),
        heartbeats=None,
        changes=timedelta(days=3),
        requests=timedelta(days=10),
        waiting_specs=timedelta(days=2),
    )

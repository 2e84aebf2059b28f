"""All jobs and providers in numbers: right, young, and computed once for everybody."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from graphql_api.errors import TooSlow
from graphql_api.job_totals import JobFigures, JobTotals
from graphql_api.program import open_world
from graphql_api.reading import World
from graphql_api.snapshot import Snapshot
from models.feed import ChangeKind, Entity
from models.values import Chain
from runtime.feed import Change
from runtime.settings import ApiSettings
from tests.integration.graphql_api.client import Client
from tests.integration.graphql_api.conftest import serving
from tests.integration.graphql_api.market import Fact, Market, beat, claimed, confirmed, created, registered

RESYNC = Change(entity=Entity.JOB, kind=ChangeKind.RESYNC, key=None)


@pytest.fixture
async def world(schema_url: str) -> AsyncIterator[World]:
    """What the operations of one process share."""
    async with open_world(ApiSettings(), database_url=schema_url) as opened:
        yield opened


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


async def figures(totals: JobTotals, world: World) -> tuple[JobFigures, int]:
    """Return the numbers, and the statements they took."""
    snapshot = Snapshot(world.pool)
    try:
        return await totals.figures(snapshot), snapshot.statements
    finally:
        await snapshot.close()


STEP, FULL = 3, 4


def steps() -> list[tuple[tuple[Fact, ...], tuple[Fact, ...]]]:
    """Return what is committed and what is undone, one after the other."""
    one, two = created(1, 10, payment=3), created(2, 11, payment=2**256 - 1)
    took = claimed(1, 21, amount=2)
    return [
        ((one,), ()),
        ((two, beat("provider", 11, log_index=1)), ()),
        ((confirmed(1, 20),), ()),
        ((took,), ()),
        ((), (took,)),
        ((claimed(2, 22, amount=7),), (two,)),
        ((two, took), ()),
    ]


async def test_numbers_that_are_carried_forward_equal_those_that_are_counted(world: World, market: Market) -> None:
    """After every commit and every reorganisation, of jobs that come, change, are paid out and go."""
    carried = JobTotals()
    await figures(carried, world)
    found, wanted, statements = [], [], set()
    for facts, undone in steps():
        await market.undo(*undone)
        await market.commit(*facts)
        step, count = await figures(carried, world)
        found.append(step)
        statements.add(count)
        wanted.append((await figures(JobTotals(), world))[0])

    assert wanted == found
    assert statements == {STEP}
    assert len({str(each) for each in wanted}) == len(wanted) - 1


async def test_what_the_feed_does_not_tell_one_by_one_is_counted(world: World, market: Market) -> None:
    """After a RESYNC, and when the database is another."""
    totals = JobTotals()
    await figures(totals, world)
    await market.commit(created(1, 10, payment=3), silently=True)
    unseen, before = await figures(totals, world)
    await market.tell(RESYNC)
    resynced, after = await figures(totals, world)
    await market.commit(created(2, 11, payment=3), silently=True)
    await market.execute("update feed set epoch = gen_random_uuid()")
    moved, again = await figures(totals, world)

    assert (unseen.counts, resynced.counts, moved.counts) == ({}, {("CREATED", "HELD"): 1}, {("CREATED", "HELD"): 2})
    # A RESYNC is found in a statement of its own.
    assert (before, after, again) == (STEP, FULL + 1, FULL)


async def test_everything_is_counted_once_a_minute(world: World, market: Market) -> None:
    """Whatever was not told shows by then."""
    clock = Clock()
    totals = JobTotals(clock=clock)
    await figures(totals, world)
    await market.commit(created(1, 10, payment=3), silently=True)
    clock.now = 59
    before, _ = await figures(totals, world)
    clock.now = 61
    after, _ = await figures(totals, world)

    assert (before.counts, after.counts) == ({}, {("CREATED", "HELD"): 1})


async def test_stats_are_computed_once_for_all_requests(world: World, market: Market) -> None:
    """A hundred at once are given one answer."""
    await market.commit(created(1, 10, payment=3))
    found = await asyncio.gather(*(world.statistics.jobs.newest() for _ in range(100)))

    assert len({id(each) for each in found}) == 1


async def test_a_time_out_does_not_poison_what_is_kept(schema_url: str, market: Market) -> None:
    """The next who asks is answered."""
    await market.commit(created(1, 10, payment=3))
    settings = ApiSettings.model_validate({"api_statement_timeout_seconds": 0.2})
    async with open_world(settings, database_url=schema_url) as world:
        async with await psycopg.AsyncConnection.connect(schema_url) as other:
            await other.execute("lock table jobs in access exclusive mode")
            with pytest.raises(TooSlow):
                await world.statistics.jobs.newest()

        assert (await world.statistics.jobs.newest()).value.counts == {("CREATED", "HELD"): 1}


WATCH_JOBS = "subscription { jobStats { total volume byStatus { status count } } }"
WATCH_PROVIDERS = "subscription { providerStats { total online gpuModels { gpuModel total } } }"
WATCH_CHAINS = "subscription { chains { chain ready reason indexed { number } } }"


async def test_job_stats_come_at_once_and_when_they_changed(api: Client, market: Market) -> None:
    """Once a second at most, the newest."""
    async with api.watch(WATCH_JOBS) as watching:
        first = (await watching.told())["jobStats"]["total"]
        await market.commit(created(1, 10, payment=3))
        second = (await watching.told())["jobStats"]

    assert (first, second["total"], second["volume"]) == (0, 1, "3")


async def test_provider_stats_come_at_once_and_when_they_changed(api: Client, market: Market) -> None:
    """A heartbeat of one that is online anyway is no news."""
    async with api.watch(WATCH_PROVIDERS) as watching:
        first = (await watching.told())["providerStats"]["total"]
        await market.commit(registered("a", 10), beat("a", 11))
        second = (await watching.told())["providerStats"]
        await market.commit(beat("a", 12))
        await market.commit(registered("b", 13))
        third = (await watching.told())["providerStats"]

    assert (first, second["total"], third["total"]) == (0, 1, 2)


async def test_chains_come_when_one_moved_and_when_it_stands_still(schema_url: str, market: Market) -> None:
    """Readiness is a matter of time, too: nothing is committed when it ends."""
    await market.checkpoint(Chain.BSC, number=10)
    async with serving(schema_url, api_ready_idle_seconds_max=3.0) as api, api.watch(WATCH_CHAINS) as watching:
        first = (await watching.told())["chains"][0]
        await market.checkpoint(Chain.BSC, number=11)
        await market.tell(Change(entity=Entity.CHAIN, kind=ChangeKind.UPDATED, key="bsc"))
        second = (await watching.told())["chains"][0]
        third: Any = (await watching.told())["chains"][0]

    assert tuple(each["indexed"]["number"] for each in (first, second, third)) == (10, 11, 11)
    assert tuple(each["ready"] for each in (first, second, third)) == (True, True, False)
    assert third["reason"].startswith("no progress for")

"""How lists are found: each documented filter and order by its own index, a page at a time. See docs/lists.md."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from operator import attrgetter
from typing import Any

import pytest

import migrations
from benchmarks import bazaar_store
from benchmarks.bazaar_store import BEGAN_AT, Bazaar, person
from graphql_api import activity_queries
from graphql_api.activity import Interval, bounds_of
from graphql_api.criteria import Condition, Criteria, Relation
from graphql_api.orders import JobOrderField, Order, ProviderOrderField, job_order, provider_order
from graphql_api.page_queries import COUNT_MAX
from graphql_api.pages import Page
from graphql_api.program import open_world
from graphql_api.reading import Reading
from models.values import checksum_address
from runtime.embedded_postgres import EmbeddedPostgres
from runtime.settings import ApiSettings
from tests.integration.graphql_api.explained import Explained

SIZE = 20
A_PAGE = 2 * (SIZE + 1)
"""Rows that may be read for a page: its own and one more, and those that the bounds of an index are found by."""

SMALL = Bazaar(jobs=20_000, providers=4_000, folded_days=1)
RENTERS = [checksum_address(person(number, "renter")) for number in (0, 300)]
PROVIDERS = [checksum_address(person(number, "provider")) for number in (0, 3_000)]


@pytest.fixture(
    scope="module",
    params=[SMALL, pytest.param(Bazaar(), marks=pytest.mark.long)],
    ids=["20,000 jobs", "1,000,000 jobs"],
)
async def bazaar_url(request: pytest.FixtureRequest, postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """A database with a bazaar in it."""
    name = f"plans_{request.param.jobs}"
    url = await postgres.create_database(name)
    await asyncio.to_thread(migrations.upgrade, url)
    await bazaar_store.fill(url, request.param)
    yield url
    await postgres.drop_database(name)


class ExplainedReading(Reading):
    """A reading whose snapshot explains itself."""

    snapshot: Explained


@pytest.fixture
async def reading(bazaar_url: str) -> AsyncIterator[ExplainedReading]:
    """A reading of the bazaar."""
    async with open_world(ApiSettings(), database_url=bazaar_url) as world:
        opened = ExplainedReading(world)
        opened.snapshot = Explained(world.pool)
        yield opened
        await opened.close()


def where(column: str, value: Any, relation: Relation = Relation.IS) -> Criteria:
    return (Condition(column=column, relation=relation, value=value),)


NOON = BEGAN_AT + timedelta(days=45, hours=12)
CREATED = JobOrderField.CREATED
JOBS: list[tuple[Criteria, JobOrderField, str]] = [
    ((), CREATED, "jobs_by_created"),
    ((), JobOrderField.PAYMENT, "jobs_by_payment"),
    ((), JobOrderField.UPDATED, "jobs_by_updated"),
    *((where("status", each), CREATED, "jobs_by_status") for each in ("CREATED", "RUNNING", "FAILED", "COMPLETED")),
    *((where("escrow", each), CREATED, "jobs_by_escrow") for each in ("HELD", "CONFIRMED", "CLAIMED")),
    *((where("renter", each), CREATED, "jobs_by_renter") for each in RENTERS),
    *((where("provider", each), CREATED, "jobs_by_provider") for each in PROVIDERS),
    (where("payment", 5 * 10**18, Relation.AT_LEAST), JobOrderField.PAYMENT, "jobs_by_payment"),
    (where("created_at", NOON, Relation.AFTER), CREATED, "jobs_by_created"),
    (where("created_at", NOON, Relation.BEFORE), CREATED, "jobs_by_created"),
    (where("status", "FAILED") + where("created_at", NOON, Relation.BEFORE), CREATED, "jobs_by_status"),
]
PROVIDER_LISTS: list[tuple[Criteria, ProviderOrderField, str]] = [
    ((), ProviderOrderField.REPUTATION, "providers_by_reputation"),
    ((), ProviderOrderField.LAST_SEEN, "providers_by_last_seen"),
    ((), ProviderOrderField.VRAM, "providers_by_vram"),
    ((), ProviderOrderField.REGISTERED, "providers_by_registered"),
    *((where("is_online", each), ProviderOrderField.LAST_SEEN, "providers_by_last_seen") for each in (True, False)),
    *(
        (where("gpu_model", each), ProviderOrderField.REPUTATION, "providers_by_gpu_model")
        for each in ("H200", "RTX 4090")
    ),
    (where("reputation_score", 3, Relation.AT_LEAST), ProviderOrderField.REPUTATION, "providers_by_reputation"),
    (where("vram", 81_559, Relation.AT_LEAST), ProviderOrderField.VRAM, "providers_by_vram"),
]
WALKS: list[tuple[Criteria, ProviderOrderField, str]] = [
    (where("is_online", True), ProviderOrderField.REPUTATION, "providers_by_reputation"),
    (where("vram", 81_559, Relation.AT_LEAST), ProviderOrderField.REPUTATION, "providers_by_reputation"),
]


def place(order: Order, row: Any) -> tuple[Any, ...]:
    """Return where a row stands."""
    return tuple(attrgetter(*(key.column for key in order.keys))(row))


def pages(order: Order, deep: Any) -> Iterator[Page]:
    """Return pages from either end, and on either side of a row far within."""
    for backwards in (False, True):
        yield Page(order=order, size=SIZE, backwards=backwards)
    if deep is not None:
        yield Page(order=order, size=SIZE, after=place(order, deep))
        yield Page(order=order, size=SIZE, backwards=True, before=place(order, deep))


async def complaints(reading: ExplainedReading, lists: Any, list_of: Any, order_of: Any, *, most: int) -> list[str]:
    """Return which pages were not found by their index alone, or read too many rows for it."""
    found = []
    for criteria, field, index in lists:
        for descending in (True, False):
            order = order_of(field, descending=descending)
            deep = (await list_of(criteria, Page(order=order, size=300))).rows
            for page in pages(order, deep[-1] if deep else None):
                await list_of(criteria, page)
                used = reading.snapshot.indexes - {"job_created_by_time"}
                if used != {index} or reading.snapshot.rows_read > most:
                    asked = " and ".join(f"{each.column} {each.relation} {each.value}" for each in criteria)
                    part = f"{'last' if page.backwards else 'first'}{' deep' if page.after or page.before else ''}"
                    found.append(f"{asked} by {order}, {part}: {reading.snapshot.rows_read} rows of {used}")
    return found


async def test_each_documented_list_of_jobs_is_a_stretch_of_its_index(reading: ExplainedReading) -> None:
    """Forwards and backwards, the first page, the last, and those in between."""
    assert await complaints(reading, JOBS, reading.jobs, job_order, most=A_PAGE) == []


async def test_each_documented_list_of_providers_is_a_stretch_of_its_index(reading: ExplainedReading) -> None:
    """Forwards and backwards, the first page, the last, and those in between."""
    assert await complaints(reading, PROVIDER_LISTS, reading.providers, provider_order, most=A_PAGE) == []


async def test_the_best_of_many_providers_are_found_among_few(reading: ExplainedReading) -> None:
    """A filter that a good part of all meet needs no index of its own: those between are passed over."""
    assert await complaints(reading, WALKS, reading.providers, provider_order, most=20 * A_PAGE) == []


@pytest.mark.parametrize("descending", [True, False])
async def test_jobs_of_many_providers_are_a_stretch_of_an_index_for_each(
    reading: ExplainedReading, descending: bool
) -> None:
    """However many jobs the busiest has: a page each, in one statement."""
    owners = [checksum_address(person(number, "provider")) for number in range(30)]
    order = job_order(descending=descending)
    rows = (await reading.jobs_of(owners[0], (), Page(order=order, size=200))).rows
    for page in pages(order, rows[-1]):
        before = reading.snapshot.statements
        await asyncio.gather(*(reading.jobs_of(owner, (), page) for owner in owners))

        assert reading.snapshot.statements == before + 1
        assert reading.snapshot.indexes == {"jobs_by_provider"}
        assert reading.snapshot.rows_read <= len(owners) * (SIZE + 1)


async def test_counting_ends_at_the_cap(reading: ExplainedReading) -> None:
    """Who asks how many there are does not make us count a million."""
    for criteria in (
        (),
        where("status", "COMPLETED"),
        where("escrow", "CLAIMED"),
        where("created_at", NOON, Relation.AFTER),
    ):
        await reading.job_count(criteria)

        assert reading.snapshot.rows_read <= 1.1 * COUNT_MAX


async def test_activity_reads_no_table_of_jobs(reading: ExplainedReading) -> None:
    """Of each interval a stretch of two indexes, which hold all that is summed."""
    bounds = bounds_of(Interval.DAY, 30, NOON)
    await activity_queries.activity(reading.snapshot, Interval.DAY, bounds)

    assert {"job_created_by_time", "job_confirmed_by_time"} <= reading.snapshot.indexes
    assert reading.snapshot.indexes.isdisjoint({"jobs", "job_created", "job_confirmed"})


async def test_who_is_online_was_seen_later_than_who_is_not(reading: ExplainedReading) -> None:
    """So the index that begins with it has the order of LAST_SEEN."""
    order = provider_order(ProviderOrderField.LAST_SEEN)
    rows = (await reading.providers((), Page(order=order, size=500))).rows
    seen = [row.last_seen for row in rows if row.last_seen is not None]

    assert seen == sorted(seen, reverse=True)

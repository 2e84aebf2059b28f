"""A first backfill makes indexes late, and leaves the schema as the models have it."""

from typing import Any

import pytest

from benchmarks import state_store
from benchmarks.state_history import FOLLOWED, History
from benchmarks.state_store import OFFLINE_AFTER
from indexer.store import Store
from models.values import Chain
from runtime import state_store as real_state_store
from runtime.database import Pool
from tests.integration.indexer.tables import one

HISTORY = History(events=4_000, commit=1_000)
OF_TABLES = """
    select array_agg(indexdef order by indexname) from pg_indexes
    where schemaname = 'public' and tablename !~ '^node_heartbeat_[0-9]'
"""


async def backfilled(pool: Pool, chain: Chain, *, segments: int | None = None) -> Store:
    """Return a chain's store after so many segments of its history, or all of them, without a refresh."""
    await state_store.begin(pool, chain)
    store = Store(pool, FOLLOWED[chain], offline_after=OFFLINE_AFTER)
    for segment in list(HISTORY.segments(chain, await store.cursor()))[:segments]:
        await store.commit(await store.cursor(), segment)
    return store


@pytest.mark.parametrize("chain", Chain)
async def test_the_first_refresh_makes_every_index(pool: Pool, chain: Chain) -> None:
    """Before it the chain's tables have keys only, the other's are as they were; after it nothing is missing."""
    before = await asked(pool, OF_TABLES)
    store = await backfilled(pool, chain)
    during = await asked(pool, OF_TABLES)
    await store.refresh_state(await store.cursor())

    assert before == await asked(pool, OF_TABLES)
    missing = " ".join(set(before) - set(during)).replace(".", " ").split()
    assert {FOLLOWED[chain].derivation.table} == {"jobs", "providers"} & set(missing)


async def test_partitions_made_meanwhile_have_the_indexes_too(pool: Pool) -> None:
    """Each of the table's indexes has a part in each partition."""
    store = await backfilled(pool, Chain.OPBNB)
    await store.refresh_state(await store.cursor())

    of_table = "select count(*) from pg_indexes where tablename = 'node_heartbeat'"
    of_part = "select count(*) from pg_indexes where tablename ~ '^node_heartbeat_[0-9]'"
    assert await asked(pool, of_table) == await asked(pool, of_part)


async def test_later_ranges_find_the_indexes_as_they_are(pool: Pool) -> None:
    """They are set aside for the first range only."""
    before = await asked(pool, OF_TABLES)
    store = await backfilled(pool, Chain.BSC, segments=1)
    await store.refresh_state(await store.cursor())
    later = list(HISTORY.segments(Chain.BSC, await store.cursor()))[1]
    await store.commit(await store.cursor(), later)

    assert before == await asked(pool, OF_TABLES)


@pytest.mark.parametrize("chain", Chain)
async def test_a_rebuild_that_changes_nothing_touches_no_row(pool: Pool, chain: Chain) -> None:
    """It writes none, and locks none."""
    store = await backfilled(pool, chain)
    await store.refresh_state(await store.cursor())
    derivation = FOLLOWED[chain].derivation
    parameters = {"online_since": HISTORY.last(chain).time - OFFLINE_AFTER}
    async with pool.connection() as connection:
        changes = await real_state_store.refresh_in_bulk(connection, derivation, derivation.every_key(), parameters)

    assert changes == []
    assert await asked(pool, f"select count(*) from {derivation.table} where xmax <> 0") == 0


@pytest.mark.parametrize("chain", Chain)
async def test_a_refresh_looks_for_what_is_gone_in_one_pass(pool: Pool, chain: Chain) -> None:
    """Not once for each key among all: of hundreds of thousands that would take hours."""
    derivation = FOLLOWED[chain].derivation
    async with pool.connection() as connection:
        statement = f"explain {derivation.refresh_in_bulk(derivation.every_key())}"
        rows = await connection.execute(statement, {"online_since": HISTORY.last(chain).time})
        plan = [row[0] async for row in rows]

    assert not [line for line in plan if "NOT (ANY" in line]


async def asked(pool: Pool, query: str) -> Any:
    """Return the one value of a query."""
    (value,) = await one(pool, query)
    return value

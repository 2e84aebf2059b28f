"""A bazaar is one that the indexer could have left."""

from datetime import timedelta

import psycopg

from models.state import JOBS, PROVIDERS
from runtime import state_store
from tests.integration.benchmarks.conftest import SMALL


async def test_state_is_what_the_facts_amount_to(bazaar_url: str) -> None:
    """A rebuild of all keys changes no row."""
    parameters = {"online_since": SMALL.closed_at - timedelta(minutes=12), "since": 0}
    async with await psycopg.AsyncConnection.connect(bazaar_url) as connection:
        changes = [
            await state_store.refresh_in_bulk(connection, each, each.every_key(), parameters)
            for each in (JOBS, PROVIDERS)
        ]

    assert changes == [[], []]


async def test_every_fate_is_met(bazaar_url: str) -> None:
    """Jobs of each status and escrow, jobs of nobody, and providers that are online, gone, or never came."""
    async with await psycopg.AsyncConnection.connect(bazaar_url) as connection:
        jobs = await connection.execute(
            """
            select array_agg(distinct status), array_agg(distinct escrow), bool_or(provider is null), count(*) from jobs
            """
        )
        statuses, escrows, has_nobodys, count = (await jobs.fetchall())[0]
        providers = await connection.execute(
            "select is_online, last_seen is null, count(*) from providers group by 1, 2"
        )
        there = {row[:2]: row[2] async for row in providers}

    assert (count, sum(there.values())) == (SMALL.jobs, SMALL.providers)
    assert set(statuses) == {"CREATED", "ASSIGNED", "RUNNING", "COMPLETED", "FAILED"}
    assert set(escrows) == {"HELD", "CONFIRMED", "CLAIMED"}
    assert has_nobodys
    assert set(there) == {(True, False), (False, False), (False, True)}

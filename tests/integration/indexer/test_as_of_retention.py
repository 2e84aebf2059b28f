"""Providers as of a block, where of old heartbeats only their days are left."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from graphql_api.as_of import AsOf
from graphql_api.errors import NotKept
from graphql_api.program import open_world
from graphql_api.reading import Reading, World
from indexer.housekeeping import Retention, tidy
from models.values import checksum_address
from runtime.database import Pool
from runtime.settings import AccountSettings, ApiSettings
from tests.integration.indexer.beats import OFFLINE_AFTER, at, beat, block_at, rebuild, somebody, stand_at

DAYS = 20
EIGHT_DAYS = Retention(offline_after=OFFLINE_AFTER, heartbeats=timedelta(days=8), changes=None, requests=None)
HOUR = 3_600


async def told(world: World, block: int) -> Any:
    """Return two providers as of a block, or what is said instead."""
    reading = Reading(world)
    try:
        return [await reading.provider(checksum_address(somebody(who)), AsOf(opbnb=block)) for who in (1, 2)]
    except NotKept as error:
        return error.message
    finally:
        await reading.close()


async def test_while_its_heartbeats_are_kept_nothing_changes_as_of_a_block(pool: Pool) -> None:
    """Before them the answer would be a guess, and is refused with the time from which on it is none."""
    async with pool.connection() as connection:
        await beat(connection, 1, *(at(day, hour * HOUR) for day in range(DAYS) for hour in (1, 12, 23)))
        await beat(connection, 2, *(at(day, 5 * HOUR) for day in range(3)))
        await stand_at(connection, at(DAYS))
        await rebuild(connection, at(DAYS))
    blocks = [block_at(at(day, hour * HOUR + 60)) for day in range(DAYS) for hour in (12, 18)]
    settings = ApiSettings.model_validate({"provider_offline_after_seconds": OFFLINE_AFTER.total_seconds()})
    async with open_world(settings, database_url=str(pool.conninfo), accounts=AccountSettings()) as world:
        before = [await told(world, block) for block in blocks]
        await tidy(pool, asyncio.Event(), EIGHT_DAYS)
        after = [await told(world, block) for block in blocks]

    refused = [answer for answer in after if isinstance(answer, str)]
    # The oldest heartbeat that is kept is of day 11, from which others were dropped.
    assert len(refused) == 2 * 12
    assert {answer.rpartition("ask for ")[2] for answer in refused} == {"a block from 2026-01-13 00:00 UTC on"}
    assert after[2 * 12 :] == before[2 * 12 :]
    first, second = before[-2]
    assert (first.is_online, first.last_seen) == (True, at(DAYS - 1, 12 * HOUR))
    assert (second.is_online, second.last_seen, second.created_at) == (False, at(2, 5 * HOUR), at(0, 5 * HOUR))


@pytest.mark.parametrize(("seconds", "online"), [(0, True), (720, True), (721, False)])
async def test_whether_it_was_online_is_judged_by_the_time_of_the_block(pool: Pool, seconds: int, online: bool) -> None:
    """To the second, also of a block that we know nothing of but its neighbours."""
    async with pool.connection() as connection:
        await beat(connection, 1, at(0))
        await stand_at(connection, at(1))
        await rebuild(connection, at(1))
    async with open_world(ApiSettings(), database_url=str(pool.conninfo), accounts=AccountSettings()) as world:
        [provider, nobody] = await told(world, block_at(at(0, seconds)))

    assert provider.is_online is online
    assert nobody is None

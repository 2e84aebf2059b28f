"""Whether a provider is online follows from block time alone: the chain's, not a clock's."""

import pytest

from runtime.database import Pool
from runtime.embedded_postgres import EmbeddedPostgres
from tests.integration.indexer.conftest import OFFLINE_AFTER, Indexing, fresh_index
from tests.integration.indexer.tables import contents, one
from tests.integration.local_chain import World

TOO_LONG = int(OFFLINE_AFTER.total_seconds()) + 1


@pytest.fixture
async def online(world: World, index: Indexing) -> Indexing:
    """An index in which one provider is online."""
    await world.register(5, b"RTX 4090", 24564)
    await world.opbnb.mine()
    await world.beat(5)
    await world.opbnb.mine()
    await index.settle()
    assert await is_online(index.pool)
    return index


async def test_a_registration_alone_is_not_a_sign_of_life(world: World, index: Indexing) -> None:
    """Online is who beats."""
    await world.register(5, b"RTX 4090", 24564)
    await world.opbnb.mine()
    await index.settle()

    assert not await is_online(index.pool)


async def test_a_provider_is_online_to_the_second_of_the_limit(world: World, online: Indexing) -> None:
    """A heartbeat that is exactly as old as the limit still counts, one second more does not."""
    beat_at = (await one(online.pool, "select extract(epoch from last_seen)::bigint from providers"))[0]
    seen = []
    for late in (0, 1):
        await world.opbnb.ask("evm_setNextBlockTimestamp", hex(beat_at + TOO_LONG - 1 + late))
        await world.opbnb.mine()
        await online.settle()
        seen.append(await is_online(online.pool))

    assert seen == [True, False]


async def test_an_empty_block_that_moves_time_takes_a_provider_offline(
    world: World, online: Indexing, postgres: EmbeddedPostgres
) -> None:
    """No event says so; the commit that moves block time finds who expires, and tells the feed."""
    await world.opbnb.ask("evm_increaseTime", TOO_LONG)
    await world.opbnb.mine()
    await online.settle()

    assert not await is_online(online.pool)
    assert await last_change(online.pool) == ("UPDATED", False, "true", "false")
    assert await fresh_index(world, postgres) == await contents(online.pool)


async def test_a_rewind_of_that_block_brings_it_back(
    world: World, online: Indexing, postgres: EmbeddedPostgres
) -> None:
    """The surviving chain's time is earlier, and by it the provider never left."""
    await world.opbnb.ask("evm_increaseTime", TOO_LONG)
    await world.opbnb.mine()
    await online.settle()
    await world.opbnb.reorg(1)
    await world.opbnb.mine()

    assert await online.undone() == 1
    assert await is_online(online.pool)
    assert (await last_change(online.pool))[2:] == ("false", "true")
    assert await fresh_index(world, postgres) == await contents(online.pool)


async def test_a_heartbeat_brings_a_provider_back(world: World, online: Indexing) -> None:
    """Offline is no end state."""
    await world.opbnb.ask("evm_increaseTime", TOO_LONG)
    await world.opbnb.mine()
    await online.settle()
    await world.beat(5)
    await world.opbnb.mine()
    await online.settle()

    assert await is_online(online.pool)


async def test_time_that_passes_in_a_backfill_counts_at_its_end(
    world: World, online: Indexing, postgres: EmbeddedPostgres
) -> None:
    """Far from the head nothing expires block by block; the refresh that ends the backfill finds it."""
    await world.opbnb.ask("evm_increaseTime", TOO_LONG)
    await world.opbnb.mine(200)
    outcomes = [type(outcome).__name__ for outcome in await online.settle()]

    assert "Refreshed" in outcomes
    assert not await is_online(online.pool)
    assert await fresh_index(world, postgres) == await contents(online.pool)


async def is_online(pool: Pool) -> bool:
    return bool((await one(pool, "select is_online from providers"))[0])


async def last_change(pool: Pool) -> tuple[str, bool, str, str]:
    kind, by_reorg, before, after = await one(
        pool,
        """
        select kind, by_reorg, before ->> 'is_online', after ->> 'is_online' from changes
        where entity = 'PROVIDER' order by position desc limit 1
        """,
    )
    return kind, by_reorg, before, after

"""Who signs, and what keeps a signer from it: a pause, silence, another key."""

from datetime import timedelta

import psycopg
import pytest

from dispatch.credit_lease_store import LeaseTaken
from dispatch.crediting import Credited
from models.values import show_bytes
from tests.integration.dispatch.signing import (
    OWNER_KEY,
    Clock,
    begin,
    complaint,
    credited_on_chain,
    crediting,
    finish,
    get_under_way,
    round_trip,
)
from tests.integration.indexer.conftest import Indexing
from tests.integration.local_chain import World

GWEI = 10**9
L1_FEE_ORACLE = "0x420000000000000000000000000000000000000F"


async def test_a_paused_signer_signs_nothing_new(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """What is signed already goes on; the rest waits for the pause to end."""
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await get_under_way(world, index, signer)
        async with index.pool.connection() as connection:
            await connection.execute("update signers set paused_reason = 'fees'")
        await finish(world, 1, provider=6)
        await round_trip(world, index, signer, clock)
        paused = (await credited_on_chain(world, 5), await credited_on_chain(world, 6))
        waits = await complaint(signer)
        async with index.pool.connection() as connection:
            await connection.execute("update signers set paused_reason = null")
        await round_trip(world, index, signer, clock)

    assert paused == (1, 0)
    assert waits == "paused: fees"
    assert await credited_on_chain(world, 6) == 1


async def test_a_signer_that_hangs_is_ended_by_the_next(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """Whoever waits for its lease ends its session after a minute of silence; it can write nothing more."""
    async with crediting(world, database_url, clock) as hung:
        await begin(world, index, hung)
        with pytest.raises(LeaseTaken):
            async with crediting(world, database_url, clock):
                pass
        async with index.pool.connection() as connection:
            await connection.execute("update signers set beat_at = beat_at - %s", (timedelta(seconds=61),))
        with pytest.raises(LeaseTaken):
            async with crediting(world, database_url, clock):
                pass
        async with crediting(world, database_url, clock) as signer:
            assert isinstance(await signer.step(), Credited)
            with pytest.raises(psycopg.OperationalError):
                await hung.step()


async def test_a_key_that_was_changed_waits_for_what_the_old_one_signed(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """A credit whose nonce is another account's is left alone, and told of."""
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await get_under_way(world, index, signer)
    await world.opbnb.ask("anvil_dropAllTransactions")
    other = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"  # anvil's second account, also public
    async with crediting(world, database_url, clock, key=other) as signer:
        await begin(world, index, signer)
        waits = await complaint(signer)
    async with crediting(world, database_url, clock, key=OWNER_KEY) as signer:
        clock.pass_(6)
        await round_trip(world, index, signer, clock)

    assert show_bytes(world.opbnb.accounts[0]) in waits.lower()
    assert await credited_on_chain(world) == 1

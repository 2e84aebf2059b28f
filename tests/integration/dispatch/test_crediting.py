"""Finished jobs are credited on a real chain, each exactly once."""

import asyncio

import pytest

import migrations
from dispatch.credit_lease_store import LeaseTaken
from dispatch.crediting import Credited, Held
from runtime.database import open_pool
from runtime.embedded_postgres import EmbeddedPostgres
from tests.integration.dispatch.signing import FINAL, Clock, begin, credited_on_chain, crediting, finish, round_trip
from tests.integration.indexer.conftest import Indexing, indexing
from tests.integration.indexer.tables import one
from tests.integration.local_chain import World


async def test_each_final_confirmation_is_credited_once(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """Three finished jobs of one provider and one of another: the counts on chain say so, and stay."""
    await finish(world, 3, provider=5)
    await finish(world, 1, provider=6)
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await round_trip(world, index, signer, clock, rounds=8)

        assert (await index.settle(), await signer.step())[1] == Credited(decided=0, adopted=0, sent=0, complaint="")
    assert (await credited_on_chain(world, 5), await credited_on_chain(world, 6)) == (3, 1)


async def test_what_is_not_final_is_not_credited(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """A confirmation in the newest block decides nothing yet."""
    await world.create_job(bytes(32))
    await world.bsc.mine()
    await world.confirm(bytes(32))
    await world.bsc.mine()
    await world.opbnb.mine(FINAL)
    await index.settle()
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        outcome = await signer.step()

    assert Credited(decided=0, adopted=0, sent=0, complaint="") == outcome


async def test_an_empty_database_beside_a_credited_chain_credits_nothing_twice(
    world: World, index: Indexing, database_url: str, clock: Clock, postgres: EmbeddedPostgres
) -> None:
    """After the database was lost and indexed anew, credits on chain count as given, and only the rest is sent."""
    await finish(world, 3)
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await round_trip(world, index, signer, clock)
    await finish(world, 2, tag=1)
    fresh = await postgres.create_database("fresh_credits")
    await asyncio.to_thread(migrations.upgrade, fresh)
    async with open_pool(fresh, program="test", size=4) as pool, indexing(world, pool) as anew:
        async with crediting(world, fresh, clock) as signer:
            await begin(world, anew, signer)
            await round_trip(world, anew, signer, clock, rounds=8)
        adopted = await one(pool, "select count(*) filter (where adopted), count(*) from credits")
    await postgres.drop_database("fresh_credits")

    assert adopted == (3, 5)
    assert await credited_on_chain(world) == 5


async def test_nothing_is_signed_while_a_transaction_of_ours_is_unknown_to_the_database(
    world: World, index: Indexing, database_url: str, clock: Clock, postgres: EmbeddedPostgres
) -> None:
    """A credit that waits in the pool when the database is lost holds the signer until it is final and indexed."""
    await finish(world, 2)
    await index.settle()
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await signer.step()
        await signer.step()
    fresh = await postgres.create_database("fresh_held")
    await asyncio.to_thread(migrations.upgrade, fresh)
    async with (
        open_pool(fresh, program="test", size=4) as pool,
        indexing(world, pool) as anew,
        crediting(world, fresh, clock) as signer,
    ):
        await anew.settle()
        held = await signer.step()
        await world.opbnb.mine(2 * FINAL)
        await round_trip(world, anew, signer, clock)
    await postgres.drop_database("fresh_held")

    assert isinstance(held, Held)
    assert await credited_on_chain(world) == 2


@pytest.mark.parametrize("chain", ["bsc", "opbnb"])
async def test_nothing_is_signed_while_a_chain_is_paused(
    world: World, index: Indexing, database_url: str, clock: Clock, chain: str
) -> None:
    """What a paused chain says is final may not be: a person decides first."""
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
    await finish(world, 1)
    await index.settle()
    async with index.pool.connection() as connection:
        await connection.execute("update checkpoints set paused_reason = 'too deep' where chain = %s", (chain,))
    async with crediting(world, database_url, clock) as signer:
        await signer.step()
        await signer.step()

    assert await one(index.pool, "select count(*) from credit_attempts") == (0,)


async def test_an_intent_whose_confirmation_is_gone_is_not_signed(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """BSC was reorganised below finality after it was decided: nothing while a person looks, and nothing after that."""
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await finish(world, 1)
        await index.settle()
        await signer.step()
        async with index.pool.connection() as connection:
            await connection.execute("update checkpoints set paused_reason = 'too deep' where chain = 'bsc'")
        await signer.step()
        while_paused = await one(index.pool, "select count(*) from credit_attempts")
        async with index.pool.connection() as connection:
            await connection.execute("delete from job_confirmed")
            await connection.execute("update checkpoints set paused_reason = null")
        await signer.step()
        await signer.step()

    assert await one(index.pool, "select count(*) from credits") == (1,)
    assert while_paused == (0,)
    assert await one(index.pool, "select count(*) from credit_attempts") == (0,)


async def test_bytes_lost_by_the_endpoint_are_sent_again(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """A pool that forgets our transaction gets the same bytes again, not another nonce."""
    await finish(world, 1)
    await index.settle()
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await signer.step()
        await signer.step()
        await world.opbnb.ask("anvil_dropAllTransactions")
        clock.pass_(6)
        await round_trip(world, index, signer, clock)

    assert await one(index.pool, "select count(distinct transaction_hash) from credit_attempts") == (1,)
    assert await credited_on_chain(world) == 1


async def test_a_stuck_transaction_is_replaced_on_its_nonce_with_higher_fees(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """After half a minute without a block both fees rise by a tenth at least, and one credit comes of it."""
    await finish(world, 1)
    await index.settle()
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await signer.step()
        await signer.step()
        clock.pass_(31)
        assert Credited(decided=0, adopted=0, sent=1, complaint="") == await signer.step()
        await round_trip(world, index, signer, clock)

    row = await one(
        index.pool,
        """
        select count(distinct nonce), count(*), max(max_fee_per_gas) >= 1.1 * min(max_fee_per_gas),
            max(max_priority_fee_per_gas) >= 1.1 * min(max_priority_fee_per_gas) from credit_attempts
        """,
    )
    assert row == (1, 2, True, True)
    assert await credited_on_chain(world) == 1


async def test_who_is_not_the_owner_burns_no_nonce(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """The dry run says why, and nothing is signed."""
    await finish(world, 1)
    await index.settle()
    key = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"  # anvil's second account, also public
    async with crediting(world, database_url, clock, key=key) as signer:
        await begin(world, index, signer)
        await signer.step()
        outcome = await signer.step()

    assert isinstance(outcome, Credited)
    assert "118cdaa7" in outcome.complaint or "OwnableUnauthorizedAccount" in outcome.complaint
    assert await one(index.pool, "select count(*) from credit_attempts") == (0,)


async def test_only_one_signer_at_a_time(world: World, index: Indexing, database_url: str, clock: Clock) -> None:
    """A second reactor is refused the lease while the first lives, and has it at once afterwards."""
    async with crediting(world, database_url, clock):
        with pytest.raises(LeaseTaken):
            async with crediting(world, database_url, clock):
                pass

    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await index.settle()
        assert await signer.step()

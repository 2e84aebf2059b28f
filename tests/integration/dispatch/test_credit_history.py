"""What a signer makes of transactions of its account that its database does not know."""

import asyncio

import pytest

import migrations
from dispatch.crediting import Held
from indexer.outcomes import Reached
from models.values import show_bytes
from runtime.database import open_pool
from runtime.embedded_postgres import EmbeddedPostgres
from tests.integration.dispatch.signing import (
    FINAL,
    Clock,
    begin,
    credited_on_chain,
    crediting,
    execute,
    finish,
    get_under_way,
    lose_transactions,
    round_trip,
)
from tests.integration.indexer.conftest import Indexing, indexing
from tests.integration.indexer.tables import one
from tests.integration.local_chain import World, call_data

HEIR_KEY = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"  # anvil's second account, also public


async def transfer(world: World, **more: str) -> None:
    """Have somebody else use the signer's key."""
    owner = "0x" + world.opbnb.accounts[0].hex()
    await world.opbnb.ask("eth_sendTransaction", {"from": owner, "to": owner, "value": "0x0", "gas": "0x5208", **more})


async def test_a_stranger_with_our_key_halts_the_signer(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """First nothing is signed, then it is written down, and a restart changes nothing; a person's word does."""
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await transfer(world)
        waiting = await signer.step()
        await world.opbnb.mine(2 * FINAL)
        await index.settle()
        await signer.step()
        await world.opbnb.mine(2 * FINAL)
        await index.settle()
        halted = await signer.step()
    await finish(world, 1)
    async with crediting(world, database_url, clock) as signer:
        await round_trip(world, index, signer, clock)
        still = await signer.step()
        assert await credited_on_chain(world) == 0
        await execute(index, "update signers set adopts = true")
        await round_trip(world, index, signer, clock)

    assert isinstance(waiting, Held)
    assert "nothing is signed until that is final" in waiting.reason
    assert isinstance(halted, Held)
    assert "lamda credits adopt" in halted.reason
    assert still == halted
    assert await credited_on_chain(world) == 1


async def test_a_persons_word_does_not_outlive_what_it_was_given_for(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """What had halted the signer is gone by itself: the next stranger is not adopted unseen."""
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await execute(index, "update signers set halted_reason = 'nonce 1 was spent', adopts = true")
        await signer.step()
        before = await one(index.pool, "select halted_reason, adopts from signers")
        await transfer(world)
        for _ in range(3):
            await world.opbnb.mine(2 * FINAL)
            await index.settle()
            await signer.step()

    assert before == (None, False)
    assert await one(index.pool, "select halted_reason is not null from signers") == (True,)


async def test_a_stranger_on_a_nonce_of_ours_halts_the_signer(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """Our transaction was forgotten and another took its nonce: the job is credited once a person has looked."""
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await get_under_way(world, index, signer)
        await world.opbnb.ask("anvil_dropAllTransactions")
        await transfer(world, nonce="0x1")
        for _ in range(3):
            await world.opbnb.mine(FINAL)
            await index.settle()
            outcome = await signer.step()
        assert await one(index.pool, "select halted_reason is not null from signers") == (True,)
        await execute(index, "update signers set adopts = true")
        await round_trip(world, index, signer, clock, rounds=6)

    assert isinstance(outcome, Held)
    assert await credited_on_chain(world) == 1


async def test_a_database_restored_from_before_the_signing_credits_nothing_twice(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """Intents came back from the backup, their transactions did not: what the chain has counts as theirs."""
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await finish(world, 2)
        await round_trip(world, index, signer, clock)
    await lose_transactions(index)
    await finish(world, 1, tag=1)
    async with crediting(world, database_url, clock) as signer:
        await round_trip(world, index, signer, clock, rounds=9)

    assert await one(index.pool, "select count(*) filter (where adopted), count(*) from credits") == (2, 3)
    assert await one(index.pool, "select count(*) filter (where unswept), count(*) from credit_adoptions") == (1, 3)
    assert await credited_on_chain(world) == 3


async def test_a_replacement_that_was_lost_counts_as_the_credit_it_was(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """The backup has the first transaction of a nonce, and the chain mined a dearer one."""
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await get_under_way(world, index, signer)
        clock.pass_(31)
        await signer.step()
        await round_trip(world, index, signer, clock)
    await execute(index, "delete from credit_attempts where id = (select max(id) from credit_attempts)")
    await execute(index, "update credits set settled_at = null")
    async with crediting(world, database_url, clock) as signer:
        await round_trip(world, index, signer, clock, rounds=6)

    assert await one(index.pool, "select adopted from credits") == (True,)
    assert await one(index.pool, "select halted_reason from signers") == (None,)
    assert await credited_on_chain(world) == 1


async def test_a_restored_database_does_not_take_a_stranger_for_history(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """Of the nonces it has lost, one credited nobody."""
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await finish(world, 1)
        await round_trip(world, index, signer, clock)
    await transfer(world)
    await world.opbnb.mine(FINAL)
    await lose_transactions(index)
    async with crediting(world, database_url, clock) as signer:
        await round_trip(world, index, signer, clock)

    (halted,) = await one(index.pool, "select halted_reason from signers")
    assert "nonce 2 was spent" in halted


@pytest.mark.parametrize(("given", "expected"), [(1, 3), (3, 3), (5, 5)], ids=["too few", "as many", "too many"])
async def test_credits_given_by_another_backend_count(
    world: World, index: Indexing, database_url: str, clock: Clock, given: int, expected: int
) -> None:
    """Three jobs are done: what was given before is not given again, and what is missing is."""
    for _ in range(given):
        await world.credit(5)
    await finish(world, 3)
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await round_trip(world, index, signer, clock, rounds=8)

    assert await one(index.pool, "select count(*) filter (where adopted) from credits") == (min(given, 3),)
    assert await credited_on_chain(world) == expected


async def test_a_credit_that_another_backend_had_under_way_counts(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """It comes into a block after the signer began, which has signed nothing yet: it is no stranger's."""
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await world.credit(5)
        await finish(world, 2)
        await round_trip(world, index, signer, clock, rounds=9)

    assert await one(index.pool, "select halted_reason from signers") == (None,)
    assert await one(index.pool, "select count(*) filter (where adopted), count(*) from credits") == (1, 2)
    assert await credited_on_chain(world) == 2


async def test_what_was_given_too_much_counts_for_the_jobs_to_come(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """Two too many: of the next three jobs one is credited."""
    for _ in range(3):
        await world.credit(5)
    await finish(world, 1)
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await round_trip(world, index, signer, clock)
        await finish(world, 3, tag=1)
        await round_trip(world, index, signer, clock)

    assert await credited_on_chain(world) == 4


async def test_credits_of_an_earlier_account_are_not_given_again_by_an_index_on_its_way(
    world: World, clock: Clock, postgres: EmbeddedPostgres
) -> None:
    """The contract changed hands; a new database, whose opBNB is indexed halfway, waits for the rest."""
    await finish(world, 2)
    halfway = await world.opbnb.head()
    owner, heir = (show_bytes(world.opbnb.accounts[number]) for number in (0, 1))
    await world.credit(5)
    await world.credit(5)
    await world.opbnb.mine()
    data = show_bytes(call_data("transferOwnership(address)", heir))
    contract = show_bytes(world.node_reputation.contract)
    await world.opbnb.ask("eth_sendTransaction", {"from": owner, "to": contract, "data": data, "gas": hex(100_000)})
    await world.opbnb.mine(FINAL)
    fresh = await postgres.create_database("halfway")
    await asyncio.to_thread(migrations.upgrade, fresh)
    async with open_pool(fresh, program="test", size=4) as pool, crediting(world, fresh, clock, key=HEIR_KEY) as signer:
        async with indexing(world, pool, to_block=halfway) as behind:
            for follower in behind.followers.values():
                while not isinstance(await follower.step(), Reached):
                    pass
        held = await signer.step()
        async with indexing(world, pool) as complete:
            await round_trip(world, complete, signer, clock)
        adopted = await one(pool, "select count(*) filter (where adopted), count(*) from credits")
    await postgres.drop_database("halfway")

    assert isinstance(held, Held)
    assert "the first credit waits until opBNB is indexed" in held.reason
    assert adopted == (2, 2)
    assert await credited_on_chain(world) == 2

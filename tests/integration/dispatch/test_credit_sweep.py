"""Credits that were lost with a database may wait in a pool where nobody sees them: their nonces are swept."""

from dispatch.crediting import Crediting
from models.values import show_bytes
from tests.integration.dispatch.refusing import refuse, relent
from tests.integration.dispatch.signing import (
    Clock,
    begin,
    complaint,
    credited_on_chain,
    crediting,
    execute,
    finish,
    lose_transactions,
    round_trip,
)
from tests.integration.indexer.conftest import Indexing
from tests.integration.indexer.tables import one
from tests.integration.local_chain import World


async def wait_behind_a_gap(world: World, index: Indexing, signer: Crediting) -> None:
    """Sign a credit of provider 5 and one of provider 6, and have every pool forget the first."""
    for provider in (5, 6):
        await finish(world, 1, provider=provider, tag=1)
    await index.settle()
    for _ in range(2):
        await signer.step()
    (second,) = await one(index.pool, "select signed from credit_attempts order by nonce desc limit 1")
    await world.opbnb.ask("anvil_dropAllTransactions")
    await world.opbnb.ask("eth_sendRawTransaction", show_bytes(second))


async def test_a_lost_credit_that_waits_behind_a_missing_nonce_is_not_given_again(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """No endpoint shows it. All nonces that it may have are spent on transfers before its provider is credited."""
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await finish(world, 1)
        await round_trip(world, index, signer, clock)
        await wait_behind_a_gap(world, index, signer)
    await lose_transactions(index)
    await refuse(world, 5)
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        waits = await complaint(signer)
        await round_trip(world, index, signer, clock, rounds=6)
        refused = await credited_on_chain(world, 5)
        await relent(world)
        clock.pass_(3600)
        await round_trip(world, index, signer, clock)

    assert "nonces 2 to 17 are spent on transfers first" in waits
    assert refused == 1
    assert (await credited_on_chain(world, 5), await credited_on_chain(world, 6)) == (2, 1)
    assert await one(index.pool, "select halted_reason from signers") == (None,)
    assert await one(index.pool, "select count(*) from credit_adoptions where unswept") == (1,)


async def test_a_persons_word_that_the_database_was_restored_sweeps_too(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """Nothing that was lost is on chain, so nothing else tells of it."""
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await wait_behind_a_gap(world, index, signer)
    await lose_transactions(index)
    await refuse(world, 5)
    await execute(index, "update signers set adopts = true")
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await round_trip(world, index, signer, clock, rounds=6)

    assert (await credited_on_chain(world, 5), await credited_on_chain(world, 6)) == (0, 1)
    assert await one(index.pool, "select adopts, halted_reason from signers") == (False, None)

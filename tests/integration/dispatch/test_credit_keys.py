"""The contract gets another owner while credits of the old one's key are under way."""

import pytest

from models.values import show_bytes
from tests.integration.dispatch.signing import (
    FINAL,
    OWNER_KEY,
    Clock,
    begin,
    credited_on_chain,
    crediting,
    execute,
    finish,
    round_trip,
)
from tests.integration.indexer.conftest import Indexing
from tests.integration.indexer.tables import one
from tests.integration.local_chain import World

HEIR_KEY = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"  # anvil's second account, public too
OWNER_SLOT = "0x" + "00" * 32


async def hand_over(world: World, *, to: int = 1) -> None:
    """Make another account the owner, without a transaction."""
    contract, owner = show_bytes(world.node_reputation.contract), show_bytes(world.opbnb.accounts[to].rjust(32, b"\0"))
    await world.opbnb.ask("anvil_setStorageAt", contract, OWNER_SLOT, owner)


async def leave_unmined(world: World, index: Indexing, url: str, clock: Clock, jobs: int) -> None:
    """Sign so many credits with the old key, have the pool forget them, and make the heir the owner."""
    async with crediting(world, url, clock) as signer:
        await begin(world, index, signer)
        await finish(world, jobs)
        await index.settle()
        await signer.step()
        await signer.step()
    await world.opbnb.ask("anvil_dropAllTransactions")
    await hand_over(world)


async def test_what_another_key_left_takes_no_room_from_a_new_one(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """Sixteen transactions of the old account wait: the new account has a pool of its own."""
    await leave_unmined(world, index, database_url, clock, 16)
    await finish(world, 1, provider=6)
    async with crediting(world, database_url, clock, key=HEIR_KEY) as signer:
        await begin(world, index, signer)
        await round_trip(world, index, signer, clock)

    assert await credited_on_chain(world, 6) == 1


async def test_a_key_that_is_not_the_owners_any_more_frees_its_nonces(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """Nothing that it signed can credit: its nonce is freed by a transfer, and the new key credits the job."""
    await leave_unmined(world, index, database_url, clock, 1)
    clock.pass_(31)
    async with crediting(world, database_url, clock, key=OWNER_KEY) as signer:
        await round_trip(world, index, signer, clock)
    freed = await one(index.pool, "select failure from credit_nonces where freed_at is not null")
    async with crediting(world, database_url, clock, key=HEIR_KEY) as signer:
        await begin(world, index, signer)
        await round_trip(world, index, signer, clock)

    assert "freed by a transfer" in freed[0]
    assert await credited_on_chain(world) == 1


async def test_a_stolen_key_frees_what_it_left_though_credits_are_paused(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """
    A thief spent two nonces, one of them for a credit, which a person says is history. Another reverted, for the
    contract is the heir's by then, and so does a fourth that the pool had forgotten.
    """
    async with crediting(world, database_url, clock) as signer:
        await begin(world, index, signer)
        await finish(world, 4)
        await index.settle()
        await signer.step()
        await signer.step()
        signed = await one(index.pool, "select signed from credit_attempts where nonce = 3")
        await world.opbnb.ask("anvil_dropAllTransactions")
        await world.credit(6)
        await world.opbnb.send(world.opbnb.accounts[0], world.opbnb.accounts[0], b"")
        await world.opbnb.mine()
        await hand_over(world)
        await world.opbnb.ask("eth_sendRawTransaction", show_bytes(signed[0]))
        await round_trip(world, index, signer, clock)
    halted = await one(index.pool, "select halted_reason is not null from signers")
    await execute(index, "update signers set adopts = true, paused_reason = 'key'")
    clock.pass_(6)
    async with crediting(world, database_url, clock) as signer:
        await round_trip(world, index, signer, clock)

    assert halted == (True,)
    assert await one(index.pool, "select halted_reason from signers") == (None,)
    assert await one(index.pool, "select count(*) from credit_nonces where freed_at is not null") == (4,)


async def test_a_pause_holds_for_a_new_key_as_well(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """Who paused the credits meant all of them, whoever signs."""
    async with crediting(world, database_url, clock):
        pass
    async with index.pool.connection() as connection:
        await connection.execute("update signers set paused_reason = 'new key'")
    async with crediting(world, database_url, clock, key=HEIR_KEY):
        pass

    assert await one(index.pool, "select count(*) from signers where paused_reason = 'new key'") == (2,)


@pytest.mark.parametrize("indexed", [True, False], ids=["indexed", "beyond our newest block"])
async def test_what_the_owner_before_us_credited_last_is_not_credited_again(
    world: World, index: Indexing, database_url: str, clock: Clock, indexed: bool
) -> None:
    """Another backend hands the contract over right after it credited a job: that is not final for minutes."""
    async with crediting(world, database_url, clock, key=HEIR_KEY) as signer:
        await begin(world, index, signer)
        await finish(world, 1)
        await index.settle()
        await signer.step()
        await world.credit(5)
        await world.opbnb.mine()
        await hand_over(world)
        await world.opbnb.mine()
        if indexed:
            await index.settle()
        await signer.step()
        await signer.step()
        await world.opbnb.mine(FINAL)
        await round_trip(world, index, signer, clock)

    assert await one(index.pool, "select adopted from credits") == (True,)
    assert await credited_on_chain(world) == 1

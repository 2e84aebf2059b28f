"""Finished jobs are credited on a real chain, each exactly once, whatever dies in between."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import migrations
from chain.rpc import Rpc
from chain.signer import Signer
from dispatch.chain_writer import ChainWriter
from dispatch.credit_store import LeaseTaken, lease
from dispatch.crediting import Credited, Crediting, Held
from runtime.database import open_pool
from runtime.embedded_postgres import EmbeddedPostgres
from tests.integration.indexer.conftest import Indexing, indexing
from tests.integration.indexer.tables import one
from tests.integration.local_chain import World, call_data

# The key of anvil's first account, public in its documentation: the owner of NodeReputation here.
OWNER_KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
ETHER = 10**18
FINAL = 12  # More blocks than finality needs on the chains of these tests.


class Clock:
    """Time that moves when a test says so."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@asynccontextmanager
async def crediting(world: World, url: str, clock: Clock, *, key: str = OWNER_KEY) -> AsyncIterator[Crediting]:
    followed = world.node_reputation
    async with Rpc([world.opbnb.url]) as rpc, lease(url) as store:
        writer = ChainWriter(rpc, Signer(key), chain_id=followed.chain_id, contract=followed.contract)
        yield Crediting(store, writer, clock=clock, fee_max_wei=ETHER)


async def finish(world: World, count: int, *, provider: int = 5, tag: int = 0) -> None:
    """Create and confirm so many jobs of one provider, and let both chains make final what they have."""
    for number in range(count):
        job_id = bytes([tag, provider, number]).rjust(32, b"\1")
        await world.create_job(job_id, provider=world.opbnb.accounts[provider])
        await world.bsc.mine()
        await world.confirm(job_id)
        await world.bsc.mine()
    for chain in (world.bsc, world.opbnb):
        await chain.mine(FINAL)


async def credited_on_chain(world: World, provider: int = 5) -> int:
    """Return the contract's own count."""
    data = call_data("successfulJobsCount(address)", "0x" + world.opbnb.accounts[provider].hex())
    call = {"to": "0x" + world.node_reputation.contract.hex(), "data": "0x" + data.hex()}
    return int(await world.opbnb.ask("eth_call", call, "latest"), 16)


async def round_trip(world: World, index: Indexing, signer: Crediting, clock: Clock, *, rounds: int = 4) -> None:
    """Let index and signer work in turn while opBNB makes blocks."""
    for _ in range(rounds):
        await index.settle()
        await signer.step()
        await world.opbnb.mine(FINAL)
        clock.pass_(1)
    await index.settle()


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_each_final_confirmation_is_credited_once(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """Three finished jobs of one provider and one of another: the counts on chain say so, and stay."""
    await finish(world, 3, provider=5)
    await finish(world, 1, provider=6)
    async with crediting(world, database_url, clock) as signer:
        await round_trip(world, index, signer, clock, rounds=8)

        assert (await index.settle(), await signer.step())[1] == Credited(decided=0, adopted=0, sent=0, refusal="")
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
        outcome = await signer.step()

    assert Credited(decided=0, adopted=0, sent=0, refusal="") == outcome


async def test_an_empty_database_beside_a_credited_chain_credits_nothing_twice(
    world: World, index: Indexing, database_url: str, clock: Clock, postgres: EmbeddedPostgres
) -> None:
    """After the database was lost and indexed anew, credits on chain count as given, and only the rest is sent."""
    await finish(world, 3)
    async with crediting(world, database_url, clock) as signer:
        await round_trip(world, index, signer, clock)
    await finish(world, 2, tag=1)
    fresh = await postgres.create_database("fresh_credits")
    await asyncio.to_thread(migrations.upgrade, fresh)
    async with open_pool(fresh, program="test", size=4) as pool, indexing(world, pool) as anew:
        async with crediting(world, fresh, clock) as signer:
            await round_trip(world, anew, signer, clock)
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


async def test_bytes_lost_by_the_endpoint_are_sent_again(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """A pool that forgets our transaction gets the same bytes again, not another nonce."""
    await finish(world, 1)
    await index.settle()
    async with crediting(world, database_url, clock) as signer:
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
        await signer.step()
        await signer.step()
        clock.pass_(31)
        assert Credited(decided=0, adopted=0, sent=1, refusal="") == await signer.step()
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
        await signer.step()
        outcome = await signer.step()

    assert isinstance(outcome, Credited)
    assert "118cdaa7" in outcome.refusal or "OwnableUnauthorizedAccount" in outcome.refusal
    assert await one(index.pool, "select count(*) from credit_attempts") == (0,)


async def test_a_signer_that_dies_at_any_point_doubles_and_loses_nothing(
    world: World, index: Indexing, database_url: str, clock: Clock
) -> None:
    """Ended before or after each touch of the database and the chain, and started again: each job is credited once."""
    finished = 0
    for point in range(40):
        await finish(world, 1, tag=point)
        finished += 1
        await index.settle()
        outlived = await live_until(point, world, database_url, clock)
        clock.pass_(6)
        async with crediting(world, database_url, clock) as signer:
            await round_trip(world, index, signer, clock, rounds=3)
        if outlived:
            break
    else:
        pytest.fail("two steps touch more than was tried")

    assert finished > 10
    assert finished == await credited_on_chain(world)


async def live_until(point: int, world: World, url: str, clock: Clock) -> bool:
    """Take two steps, dying at the given touch; return whether there are not so many touches."""
    async with crediting(world, url, clock) as signer:
        fuse = Fuse(point)
        signer._store = Mortal(signer._store, fuse)  # type: ignore[assignment]
        signer._writer = Mortal(signer._writer, fuse)  # type: ignore[assignment]
        try:
            for _ in range(2):
                await signer.step()
        except Died:
            return False
    return True


async def test_only_one_signer_at_a_time(world: World, index: Indexing, database_url: str, clock: Clock) -> None:
    """A second reactor is refused the lease while the first lives, and has it at once afterwards."""
    async with crediting(world, database_url, clock):
        with pytest.raises(LeaseTaken):
            async with crediting(world, database_url, clock):
                pass

    async with crediting(world, database_url, clock) as signer:
        await index.settle()
        assert await signer.step()


class Died(Exception):
    """The process ends here."""


class Fuse:
    """Counts touches down and burns out at the last."""

    def __init__(self, left: int) -> None:
        self._left = left

    def touch(self) -> None:
        if self._left == 0:
            raise Died
        self._left -= 1


class Mortal:
    """Passes every call on, and may die right before it or right after it."""

    def __init__(self, inner: Any, fuse: Fuse) -> None:
        self._inner, self._fuse = inner, fuse

    def __getattr__(self, name: str) -> Any:
        async def call(*arguments: Any, **named: Any) -> Any:
            self._fuse.touch()
            result = await getattr(self._inner, name)(*arguments, **named)
            self._fuse.touch()
            return result

        return call

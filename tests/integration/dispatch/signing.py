"""A signer on the chains of a test: finished jobs, time that moves when told, and what the chain has counted."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from chain.rpc import Rpc
from chain.signer import KeySigner
from dispatch.chain_writer import ChainWriter
from dispatch.credit_lease_store import connected, lease
from dispatch.credit_values import Limits
from dispatch.crediting import Credited, Crediting
from dispatch.witness import Witness
from tests.integration.indexer.conftest import Indexing
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
async def crediting(
    world: World,
    url: str,
    clock: Clock,
    *,
    key: str = OWNER_KEY,
    fee_max_wei: int = ETHER,
    before: Sequence[str] = (),
) -> AsyncIterator[Crediting]:
    """Yield a signer that takes a step when told to; opBNB's endpoints `before` the chain itself are asked first."""
    signer, followed = KeySigner(key), world.node_reputation
    async with (
        Rpc([*before, world.opbnb.url]) as opbnb,
        Rpc([world.bsc.url]) as bsc,
        lease(partial(connected, url), signer.address) as store,
    ):
        yield Crediting(
            store,
            ChainWriter(opbnb, signer, chain_id=followed.chain_id, contract=followed.contract),
            Witness(bsc, world.job_manager.contract),
            limits=Limits(fee_max_wei=fee_max_wei),
            clock=clock,
        )


async def begin(world: World, index: Indexing, signer: Crediting) -> None:
    """Let a signer's account have its history adopted: the deployment of the contract is one of its transactions."""
    for _ in range(4):
        await index.settle()
        if isinstance(await signer.step(), Credited):
            return
        await world.opbnb.mine(FINAL)
    pytest.fail("the signer does not begin")


async def complaint(signer: Crediting) -> str:
    """Return what a step complains of."""
    outcome = await signer.step()
    assert isinstance(outcome, Credited)
    return outcome.complaint


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


async def get_under_way(world: World, index: Indexing, signer: Crediting, *, provider: int = 5) -> None:
    """Finish a job, and have its credit signed and sent: it waits in the pool."""
    await finish(world, 1, provider=provider)
    await index.settle()
    await signer.step()
    await signer.step()


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


async def execute(index: Indexing, statement: str, *parameters: Any) -> None:
    """Change the database behind everybody's back."""
    async with index.pool.connection() as connection:
        await connection.execute(statement.encode(), parameters)


async def lose_transactions(index: Indexing) -> None:
    """Restore the books to before anything was signed."""
    for statement in (
        "delete from credit_attempts",
        "delete from credit_nonces",
        "update credits set settled_at = null",
    ):
        await execute(index, statement)


@pytest.fixture
def clock() -> Clock:
    """A clock of the test's own."""
    return Clock()

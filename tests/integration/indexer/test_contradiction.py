"""A log that contradicts its ABI stops its chain, loudly, and costs nothing but time."""

import pytest
from eth_hash.auto import keccak

from indexer.outcomes import Paused
from models.values import show_bytes
from runtime.embedded_postgres import EmbeddedPostgres
from tests.integration.indexer.conftest import Indexing, fresh_index
from tests.integration.indexer.emitter import emit, event_call, log_call, take_over
from tests.integration.indexer.tables import contents, one
from tests.integration.local_chain import World

JOB = bytes.fromhex("aa" * 32)
OTHER_JOB = bytes.fromhex("bb" * 32)
STRANGER = bytes.fromhex("5a" * 20)

CONTRADICTIONS = {
    "a topic too many": log_call([keccak(b"JobConfirmed(bytes32,uint256)"), JOB, JOB], bytes(32)),
    "a topic too few": log_call([keccak(b"JobConfirmed(bytes32,uint256)")], bytes(64)),
    "no data": log_call([keccak(b"JobConfirmed(bytes32,uint256)"), JOB]),
    "half a word": log_call([keccak(b"JobConfirmed(bytes32,uint256)"), JOB], bytes(16)),
    "an address of 32 bytes": log_call(
        [keccak(b"JobCreated(bytes32,address,address,uint256)"), JOB, b"\xff" * 32, STRANGER], bytes(32)
    ),
}


@pytest.mark.parametrize("contradiction", CONTRADICTIONS.values(), ids=CONTRADICTIONS.keys())
async def test_a_log_that_contradicts_its_abi_pauses_the_chain(
    world: World, index: Indexing, contradiction: bytes
) -> None:
    """The chain stops before that block and says which log it was; the other chain goes on."""
    await take_over(world.bsc, world.job_manager)
    await emit(world.bsc, world.job_manager, event_call("JobCreated", JOB, STRANGER, STRANGER, 7))
    await index.settle()
    stopped_at = await one(index.pool, "select number, hash from checkpoints where chain = 'bsc'")
    await emit(world.bsc, world.job_manager, contradiction)
    bad_block = await world.bsc.head()
    await world.bsc.mine(3)

    outcome = await index.followers[world.job_manager.chain].step()

    assert isinstance(outcome, Paused)
    assert f"in block {bad_block:#x}, transaction 0x" in outcome.reason
    assert (outcome.reason,) == await one(index.pool, "select paused_reason from checkpoints where chain = 'bsc'")
    assert stopped_at == await one(index.pool, "select number, hash from checkpoints where chain = 'bsc'")
    assert await one(index.pool, "select paused_reason from checkpoints where chain = 'opbnb'") == (None,)


async def test_a_paused_chain_has_lost_nothing_when_it_goes_on(
    world: World, index: Indexing, postgres: EmbeddedPostgres
) -> None:
    """Good logs before and after the bad one are read once the bad one is gone and a person resumed the chain."""
    await take_over(world.bsc, world.job_manager)
    await emit(world.bsc, world.job_manager, event_call("JobCreated", JOB, STRANGER, STRANGER, 7))
    await emit(world.bsc, world.job_manager, CONTRADICTIONS["no data"])
    await emit(world.bsc, world.job_manager, event_call("JobConfirmed", JOB, 1))
    paused = await index.followers[world.job_manager.chain].step()
    await world.bsc.reorg(2, [(emission(world, event_call("JobConfirmed", JOB, 2)), 1)])
    await resume(index)
    await index.settle()

    assert isinstance(paused, Paused)
    assert await one(index.pool, "select status, escrow from jobs") == ("COMPLETED", "CONFIRMED")
    assert await fresh_index(world, postgres) == await contents(index.pool)


async def test_a_reorg_that_brings_a_bad_log_pauses_too(world: World, index: Indexing) -> None:
    """The tables stay at the branch that is gone: nothing half-undone is shown while a person looks."""
    await take_over(world.bsc, world.job_manager)
    await emit(world.bsc, world.job_manager, event_call("JobCreated", JOB, STRANGER, STRANGER, 7))
    await index.settle()
    before = await contents(index.pool)
    await world.bsc.reorg(1, [(emission(world, CONTRADICTIONS["no data"]), 0)])
    await world.bsc.mine()

    outcome = await index.followers[world.job_manager.chain].step()

    assert isinstance(outcome, Paused)
    assert "a log contradicts its ABI: JobConfirmed in block" in outcome.reason
    assert before == await contents(index.pool)


def emission(world: World, call: bytes) -> dict[str, str]:
    """Return a call of the emitter as `anvil_reorg` takes it."""
    sender, contract = show_bytes(world.bsc.accounts[2]), show_bytes(world.job_manager.contract)
    return {"from": sender, "to": contract, "data": show_bytes(call), "gas": hex(1_000_000)}


async def resume(index: Indexing) -> None:
    """Do by hand what a person does who has looked."""
    async with index.pool.connection() as connection:
        await connection.execute("update checkpoints set paused_reason = null where chain = 'bsc'")

"""Reorgs that move jobs about leave the tables of a fresh index."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from chain.endpoint import Endpoint
from chain.errors import AskLess
from indexer.follower import Follower
from indexer.outcomes import Idle
from indexer.values import Piece
from indexer.verify import Doubtful
from models.values import BlockRange, Chain, checksum_address, show_bytes
from runtime.database import Pool
from runtime.embedded_postgres import EmbeddedPostgres
from tests.integration.indexer.conftest import Indexing, fresh_index, indexing
from tests.integration.indexer.tables import contents, one
from tests.integration.local_chain import World, call_data

JOB = bytes.fromhex("aa" * 32)
OTHER_JOB = bytes.fromhex("bb" * 32)
PROVEN_THROUGH = "select upper(range_agg(blocks)) - 1 from proofs where proofs.chain = checkpoints.chain"


async def test_a_reorg_may_give_a_job_id_to_another_renter(
    world: World, index: Indexing, postgres: EmbeddedPostgres
) -> None:
    """The job is the one that the surviving chain created, and nothing of the other remains."""
    await world.create_job(JOB, renter=1, wei=7)
    await world.bsc.mine()
    await index.settle()
    await world.bsc.reorg(1, [(create_job(world, JOB, renter=2, wei=9), 0)])
    await world.bsc.mine()
    await index.settle()

    row = await one(index.pool, "select renter, payment from jobs")

    assert row == (checksum_address(world.bsc.accounts[2]), Decimal(9))
    assert await fresh_index(world, postgres) == await contents(index.pool)


async def test_a_reorg_may_swap_two_jobs(world: World, index: Indexing, postgres: EmbeddedPostgres) -> None:
    """Each of the two jobs stands, after the reorg, where the other stood before."""
    for job, renter in ((JOB, 1), (OTHER_JOB, 2)):
        await world.create_job(job, renter=renter)
        await world.bsc.mine()
    await index.settle()
    swapped = [(create_job(world, OTHER_JOB, renter=2), 0), (create_job(world, JOB, renter=1), 1)]
    await world.bsc.reorg(2, swapped)
    await world.bsc.mine()
    await index.settle()

    places = await one(
        index.pool,
        "select (select source_block from jobs where job_id = %s) - (select source_block from jobs where job_id = %s)",
        *(OTHER_JOB, JOB),
    )
    assert places == (-1,)
    assert await fresh_index(world, postgres) == await contents(index.pool)


async def test_a_reorg_may_put_one_job_in_the_place_of_another(
    world: World, index: Indexing, postgres: EmbeddedPostgres
) -> None:
    """One job is gone and another moved to its very block and log index, in one commit."""
    for job, renter in ((JOB, 1), (OTHER_JOB, 2)):
        await world.create_job(job, renter=renter)
        await world.bsc.mine()
    await index.settle()
    await world.bsc.reorg(2, [(create_job(world, OTHER_JOB, renter=2), 0)])
    await world.bsc.mine()
    await index.settle()

    assert await one(index.pool, "select job_id from jobs") == (OTHER_JOB,)
    assert await fresh_index(world, postgres) == await contents(index.pool)


async def test_a_reorg_may_replace_every_block_we_followed(
    world: World, pool: Pool, postgres: EmbeddedPostgres
) -> None:
    """Up to the block before the start block: a contract deployed a moment ago is not yet final."""
    young = replace(world, job_manager=replace(world.job_manager, start_block=2))
    async with indexing(young, pool) as index:
        await world.create_job(JOB)
        await world.bsc.mine(2)
        await index.settle()
        await world.bsc.reorg(2, [(create_job(world, OTHER_JOB, renter=2), 1)])
        await world.bsc.mine()

        assert await index.undone() == 2
        assert await one(index.pool, "select job_id from jobs") == (OTHER_JOB,)
        assert await fresh_index(young, postgres) == await contents(index.pool)


async def test_a_reorg_takes_back_what_was_proven(world: World, index: Indexing) -> None:
    """Also of blocks whose successors come in later commits, because an endpoint tells so little at once."""
    for job in (JOB, OTHER_JOB, bytes(32)):
        await world.create_job(job)
        await world.bsc.mine()
    await index.settle()
    await world.bsc.reorg(3, [(create_job(world, JOB, renter=2), at) for at in range(3)])
    await world.bsc.mine()
    follower, ends = index.followers[Chain.BSC], []
    tells_little(follower)
    while not isinstance(await follower.step(), Idle):
        ends.append(await one(index.pool, f"select number, ({PROVEN_THROUGH}) from checkpoints where chain = 'bsc'"))

    assert ends == [(number, number) for number, _ in ends]
    assert len(ends) > 1


async def test_a_reorg_from_before_the_start_block_pauses_the_chain(world: World, pool: Pool) -> None:
    """As soon as it is final: what we follow is in question, and a person must look."""
    young = replace(world, job_manager=replace(world.job_manager, start_block=2))
    async with indexing(young, pool) as index:
        await world.bsc.mine(2)
        await index.settle()
        await world.bsc.reorg(3)
        await world.bsc.mine()
        with pytest.raises(Doubtful, match="another block 1 than the final one, and does not hold it final"):
            await index.followers[Chain.BSC].step()
        await world.bsc.mine(20)
        await index.followers[Chain.BSC].step()

        reason = await one(index.pool, "select paused_reason from checkpoints where chain = 'bsc'")

    assert "reorganised below block 1," in reason[0]


def tells_little(follower: Follower) -> None:
    """Let the endpoint of a follower refuse to tell two blocks at once."""
    asking = follower._reader._asking
    newest = asking.newest

    async def one_at_once(endpoint: Endpoint, blocks: BlockRange, *how: Any, **more: Any) -> Piece:
        if len(blocks) > 1:
            raise AskLess("response too large")
        return await newest(endpoint, blocks, *how, **more)

    asking.newest = one_at_once  # type: ignore[method-assign]  # It is another endpoint from now on.


def create_job(world: World, job_id: bytes, *, renter: int, wei: int = 10) -> dict[str, str]:
    """Return a `createJob` as `anvil_reorg` takes it."""
    data = call_data("createJob(bytes32,address)", job_id, show_bytes(world.opbnb.accounts[5]))
    sender, contract = show_bytes(world.bsc.accounts[renter]), show_bytes(world.job_manager.contract)
    return {"from": sender, "to": contract, "data": show_bytes(data), "value": hex(wei), "gas": hex(1_000_000)}

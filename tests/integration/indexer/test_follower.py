"""What a follower brings from a real chain into a real database."""

from models.values import checksum_address
from runtime.database import Pool
from runtime.embedded_postgres import EmbeddedPostgres
from tests.integration.indexer.conftest import Indexing, fresh_index, indexing
from tests.integration.indexer.tables import contents, one
from tests.integration.local_chain import World, call_data

JOB = bytes.fromhex("aa" * 32)
OTHER_JOB = bytes.fromhex("bb" * 32)


async def test_a_job_is_followed_from_creation_to_claim(world: World, index: Indexing) -> None:
    """Each event moves the job's row on, and the escrow with it."""
    seen = []
    for act in (world.create_job, world.confirm, world.claim):
        await act(JOB)
        await world.bsc.mine()
        await index.settle()
        seen.append(await one(index.pool, "select status, escrow from jobs where job_id = %s", JOB))

    assert seen == [("CREATED", "HELD"), ("COMPLETED", "CONFIRMED"), ("COMPLETED", "CLAIMED")]


async def test_a_provider_is_followed_from_registration_to_credit(world: World, index: Indexing) -> None:
    """Model, VRAM, heartbeat and the newest count on chain stand in one row."""
    await world.register(5, b"NVIDIA GeForce RTX 4090", 24564)
    await world.opbnb.mine()
    await world.beat(5)
    await world.credit(5)
    await world.opbnb.mine()
    await index.settle()

    row = await one(
        index.pool,
        "select wallet_address, gpu_model, vram, is_online, reputation_score, total_jobs_completed from providers",
    )

    assert (checksum_address(world.opbnb.accounts[5]), "NVIDIA GeForce RTX 4090", 24564, True, 1, 1) == row


async def test_history_and_head_give_the_same_tables(world: World, index: Indexing, postgres: EmbeddedPostgres) -> None:
    """What was followed block by block equals what a late indexer reads in wide ranges."""
    await world.create_job(JOB)
    await world.register(5, b"A100", 81920)
    for chain in (world.bsc, world.opbnb):
        await chain.mine(30)
    await index.settle()
    await world.confirm(JOB)
    await world.beat(5)
    for chain in (world.bsc, world.opbnb):
        await chain.mine(200)
    await index.settle()

    assert await fresh_index(world, postgres) == await contents(index.pool)


async def test_reorg_of_one_block_with_its_transaction_dropped(
    world: World, index: Indexing, postgres: EmbeddedPostgres
) -> None:
    """A job whose block is replaced by an empty one is gone, and the feed says a reorganisation took it."""
    await world.create_job(JOB)
    await world.bsc.mine()
    await index.settle()
    await world.bsc.reorg(1)

    assert await index.undone() == 1
    assert await fresh_index(world, postgres) == await contents(index.pool)
    assert await one(index.pool, "select count(*) from jobs") == (0,)
    assert await one(
        index.pool, "select kind, by_reorg from changes where entity = 'JOB' order by position desc limit 1"
    ) == ("REMOVED", True)


async def test_reorg_of_five_blocks_with_transactions_moved(
    world: World, index: Indexing, postgres: EmbeddedPostgres
) -> None:
    """After five blocks were replaced, one job moved and another new, the tables equal a fresh index."""
    await world.create_job(JOB)
    await world.bsc.mine(2)
    await world.confirm(JOB)
    await world.bsc.mine(4)
    await index.settle()
    create = {"from": "0x" + world.bsc.accounts[2].hex(), "to": "0x" + world.job_manager.contract.hex()}
    create |= {"data": "0x" + created_elsewhere(world).hex(), "value": "0x7", "gas": "0x2dc6c0"}
    await world.bsc.reorg(5, [(create, 3)])

    assert await index.undone() == 5
    assert await fresh_index(world, postgres) == await contents(index.pool)
    assert await one(index.pool, "select status from jobs where job_id = %s", JOB) == ("CREATED",)
    assert await one(index.pool, "select payment::integer from jobs where job_id = %s", OTHER_JOB) == (7,)


async def test_a_reorg_below_finality_pauses_the_chain(world: World, index: Indexing) -> None:
    """What was final is never rewritten silently: the chain pauses, with the reason for readers."""
    await world.create_job(JOB)
    await world.bsc.mine(20)
    await index.settle()
    before = await contents(index.pool)
    await world.bsc.reorg(15)
    await world.bsc.mine()

    outcome = await index.followers[world.job_manager.chain].step()

    reason = await one(index.pool, "select paused_reason from checkpoints where chain = 'bsc'")
    assert "which was final" in reason[0], outcome
    assert before == await contents(index.pool)


async def test_to_block_stops_there_with_state_in_line(world: World, pool: Pool) -> None:
    """An index up to block 3 holds what happened by then and nothing later."""
    await world.create_job(JOB)
    await world.bsc.mine(2)
    await world.confirm(JOB)
    await world.bsc.mine(90)
    await world.opbnb.mine(90)
    async with indexing(world, pool, to_block=3) as index:
        for follower in index.followers.values():
            while type(await follower.step()).__name__ != "Reached":
                pass

        assert await one(index.pool, "select number, state_through from checkpoints where chain = 'bsc'") == (3, 3)
        assert await one(index.pool, "select status from jobs") == ("CREATED",)


def created_elsewhere(world: World) -> bytes:
    """Return the call data of another job's creation."""
    return call_data("createJob(bytes32,address)", OTHER_JOB, "0x" + world.opbnb.accounts[6].hex())

"""A reorg deeper than finality is repaired on a person's word only: resume, or reindex."""

import pytest

from indexer.rereading_values import Counts
from models.requests import Request, RequestKind
from models.values import Chain
from runtime.database import Pool
from runtime.embedded_postgres import EmbeddedPostgres
from tests.integration.indexer.activity import Activity
from tests.integration.indexer.asking import answer, findings
from tests.integration.indexer.conftest import Indexing, fresh_index
from tests.integration.indexer.tables import contents, everything, gaps_in_feed, one
from tests.integration.indexer.test_reorg import create_job
from tests.integration.local_chain import World

SEED = 5
DEPTH = 25
JOB = bytes.fromhex("aa" * 32)
REINDEX, RESUME, VERIFY = RequestKind.REINDEX, RequestKind.RESUME, RequestKind.VERIFY
STANDING = "select number, final_through, paused_reason, paused_fork from checkpoints where chain = 'bsc'"


@pytest.fixture
async def fork(world: World, index: Indexing) -> int:
    """The block above which BSC went another way, below what was final; the chain is paused for it."""
    activity = Activity(world, SEED)
    for _ in range(40):
        await activity.step()
    await index.settle()
    head = await world.bsc.head()
    await world.bsc.reorg(DEPTH, [(create_job(world, JOB, renter=2), 3)])
    for _ in range(3):
        await activity.step()
    await index.followers[Chain.BSC].step()
    fork = head - DEPTH
    _, final_through, reason, paused_fork = await one(index.pool, STANDING)
    assert reason is not None
    assert fork == paused_fork < final_through
    return fork


async def test_resume_lets_the_follower_take_back_what_left_the_chain(
    world: World, index: Indexing, fork: int, postgres: EmbeddedPostgres
) -> None:
    """What was final above the fork is not any more; the rest is an ordinary reorg."""
    request = await answer(world, index.pool, RESUME)
    assert request.result is not None
    assert fork == request.result["fork"]
    assert (fork, None, None) == (await one(index.pool, STANDING))[1:]
    await index.settle()

    assert await fresh_index(world, postgres) == await contents(index.pool)
    assert await gaps_in_feed(index.pool) == 0


@pytest.mark.parametrize("below", [0, 7, None])
async def test_a_reindex_mends_it_in_one_transaction(
    world: World, index: Indexing, fork: int, postgres: EmbeddedPostgres, below: int | None
) -> None:
    """From the fork, from below it or from the start: our tables stand on the surviving branch, and go on."""
    request = await answer(world, index.pool, REINDEX, first=1 if below is None else fork - below)

    found = findings(request)
    number, final_through, reason, paused_fork = await one(index.pool, STANDING)
    assert (found.blocks.last, found.blocks.last, None, None) == (number, final_through, reason, paused_fork)
    assert found.taken_back
    assert found.total
    await index.settle()
    assert await fresh_index(world, postgres) == await contents(index.pool)
    assert await gaps_in_feed(index.pool) == 0
    assert await one(
        index.pool,
        "select count(*) from (select parent_hash, lag(hash) over (order by number) as before, "
        "number - lag(number) over (order by number) as step from blocks where chain = 'bsc') linked "
        "where step = 1 and parent_hash <> before",
    ) == (0,)


async def test_a_reindex_from_above_the_fork_is_refused(world: World, index: Indexing, fork: int) -> None:
    """It would leave blocks of the other branch below."""
    before = await contents(index.pool)
    request = await answer(world, index.pool, REINDEX, first=fork + 1)

    assert f"parted from ours at block {fork}: reindex from block {fork} or below" in error_of(request)
    assert before == await contents(index.pool)


async def test_a_verify_goes_no_further_than_the_fork(world: World, index: Indexing, fork: int) -> None:
    """What we have up to there is the chain's; above it nobody asks."""
    found = findings(await answer(world, index.pool, VERIFY))

    assert (fork, Counts()) == (found.blocks.last, found.total)
    assert f"block {fork} is the last" in error_of(await answer(world, index.pool, VERIFY, last=fork + 1))


async def test_a_reorg_that_nobody_noticed_yet_is_not_mended_in_silence(world: World, index: Indexing) -> None:
    """A reindex of a chain that is not paused refuses to replace a final block."""
    await world.create_job(JOB)
    await world.bsc.mine(30)
    await index.settle()
    await world.bsc.reorg(25)
    await world.bsc.mine(5)
    before = await everything(index.pool)
    request = await answer(world, index.pool, REINDEX, first=1)

    assert "a reorg deeper than finality" in error_of(request)
    after = await everything(index.pool)
    assert {"requests"} == {table for table in before if before[table] != after[table]}


async def test_a_fork_that_nobody_can_name_is_mended_from_the_start(
    world: World, index: Indexing, fork: int, pool: Pool, postgres: EmbeddedPostgres
) -> None:
    """Where our headers do not reach down to it, everything is read again."""
    async with pool.connection() as connection:
        await connection.execute("update checkpoints set paused_fork = null where chain = 'bsc'")
    assert "or from the start, block 1" in error_of(await answer(world, pool, REINDEX, first=2))

    assert findings(await answer(world, pool, REINDEX, first=1)).taken_back is not None
    await index.settle()
    assert fork > 1
    assert await fresh_index(world, postgres) == await contents(pool)


def error_of(request: Request) -> str:
    """Return why a request ended without a result."""
    assert request.error is not None
    return request.error

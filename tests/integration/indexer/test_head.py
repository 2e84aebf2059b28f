"""At the head: what nothing happened in costs next to nothing, and what is final is told."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from chain.errors import TryAgain
from chain.rpc import Rpc
from indexer import identity
from indexer.follower import EMPTY_COMMIT_SECONDS, Follower
from indexer.outcomes import Advanced, Finalized, Idle
from indexer.reader import Reader
from indexer.store import Store
from runtime.database import Pool
from runtime.embedded_postgres import EmbeddedPostgres
from tests.integration.indexer.conftest import OFFLINE_AFTER, fresh_index
from tests.integration.indexer.tables import contents, one
from tests.integration.local_chain import World
from tests.integration.meddler import Call, Meddle, Meddler, honest, meddling

OF_BSC = ("job_created", "job_confirmed", "payment_claimed", "jobs")
JOB = bytes.fromhex("aa" * 32)


class Clock:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Head:
    """BSC followed at its head, in the time of the test; `meddlers` are its endpoints."""

    def __init__(
        self, world: World, follower: Follower, rpc: Rpc, clock: Clock, meddlers: tuple[Meddler, Meddler]
    ) -> None:
        self.world = world
        self.rpc = rpc
        self.follower = follower
        self.clock = clock
        self.meddlers = meddlers

    async def block(self, seconds: float) -> list[object]:
        """Let a block come after so many seconds, and step until there is nothing to do."""
        self.clock.now += seconds
        await self.world.bsc.mine()
        return await self.settle()

    async def settle(self) -> list[object]:
        """Step until there is nothing to do; return what happened."""
        outcomes: list[object] = []
        while not outcomes or not isinstance(outcomes[-1], Idle) or outcomes[-1].lag > 0:
            outcomes.append(await self.follower.step())
        return outcomes


@pytest.fixture
async def head(world: World, pool: Pool) -> AsyncIterator[Head]:
    clock = Clock()
    async with (
        meddling(world.bsc.url) as first,
        meddling(world.bsc.url) as second,
        Rpc([first.url, second.url], clock=clock) as rpc,
    ):
        await identity.establish(pool, rpc, world.job_manager)
        for endpoint in rpc.endpoints:
            await endpoint.look()
        store = Store(pool, world.job_manager, offline_after=OFFLINE_AFTER)
        follower = Follower(Reader(rpc, world.job_manager), store, clock=clock)
        opened = Head(world, follower, rpc, clock, (first, second))
        await opened.settle()
        yield opened
        await follower.close()


async def commits(pool: Pool) -> int:
    """Return how many commits told the feed of BSC."""
    return int((await one(pool, "select count(*) from changes where entity = 'CHAIN'"))[0])


async def test_empty_blocks_are_committed_together_once_a_second(head: Head, pool: Pool) -> None:
    """Four a second for five seconds are five commits, or six where the first one comes at once."""
    before = await commits(pool)
    for _ in range(20):
        await head.block(0.25)

    assert await commits(pool) - before <= 20 * 0.25 / EMPTY_COMMIT_SECONDS + 1


async def test_what_is_held_is_not_read_again(head: Head) -> None:
    """Each header once, by the look that brought it."""
    await head.block(2.0)
    calls = len(head.meddlers[0].calls)
    for _ in range(3):
        await head.block(0.2)

    asked = [call["params"][0] for call in head.meddlers[0].calls[calls:] if call["method"] == "eth_getBlockByNumber"]
    assert {"latest", "finalized"} == set(asked)


async def test_a_block_with_a_log_of_ours_waits_for_nobody(head: Head, pool: Pool) -> None:
    """And brings with it what was held."""
    await head.block(2.0)
    await head.block(0.1)
    await head.world.create_job(JOB)
    outcomes = await head.block(0.1)

    assert isinstance(outcomes[0], Advanced)
    assert (len(outcomes[0].blocks), outcomes[0].events) == (2, 1)
    assert await one(pool, "select count(*) from jobs") == (1,)


async def test_a_block_that_makes_a_log_of_ours_final_waits_for_nobody(head: Head, pool: Pool) -> None:
    """Effects act on final rows, and a job should not wait for its agent because a block is empty."""
    await head.block(2.0)
    await head.world.create_job(JOB)
    await head.block(0.0)
    job_at = await head.world.bsc.head()
    seen, expected = [], []
    for _ in range(16):
        await head.world.bsc.mine()
        for endpoint in head.rpc.endpoints:
            await endpoint.look()
        await head.settle()
        finalized = await head.world.bsc.ask("eth_getBlockByNumber", "finalized", False)
        expected.append((job_at <= int(finalized["number"], 16),))
        seen.append(await one(pool, "select source_block <= final_through from jobs, checkpoints"))

    assert {(False,), (True,)} == set(expected)
    assert expected == seen
    assert await one_commit_more(head, pool) == 1


async def one_commit_more(head: Head, pool: Pool) -> int:
    """Return how many commits five more empty blocks bring within the second, and one that comes after it."""
    before = await commits(pool)
    for _ in range(5):
        await head.block(0.0)
    await head.block(EMPTY_COMMIT_SECONDS)
    return await commits(pool) - before


async def test_what_was_held_and_left_the_chain_was_never_told(
    head: Head, pool: Pool, postgres: EmbeddedPostgres
) -> None:
    """A reorg of blocks in hand takes nothing back, for nothing was there."""
    await head.block(2.0)
    for _ in range(3):
        await head.block(0.1)
    await head.world.bsc.reorg(2)
    outcomes = await head.block(0.1) + await head.block(2.0)

    assert sum(each.undone for each in outcomes if isinstance(each, Advanced)) == 0
    fresh, ours = await fresh_index(head.world, postgres), await contents(pool)
    assert [fresh[table] for table in OF_BSC] == [ours[table] for table in OF_BSC]


async def test_finality_that_advances_without_a_block_is_told(head: Head, pool: Pool) -> None:
    """The chain stands still, and what it ends in becomes final: the feed says so once."""
    await head.block(2.0)
    number = await head.world.bsc.head()
    for meddler in head.meddlers:
        meddler.meddle = as_final(await head.world.bsc.ask("eth_getBlockByNumber", hex(number), False))
    head.clock.now += 2
    outcomes = await head.settle()

    assert Finalized(through=number) == outcomes[0]
    assert await one(pool, "select final_through from checkpoints where chain = 'bsc'") == (number,)
    told = "select after ->> 'final_through' from changes where entity = 'CHAIN' order by position desc limit 1"
    assert await one(pool, told) == (str(number),)
    assert len(await head.settle()) == 1


def as_final(header: Any) -> Meddle:
    """Return a meddle that calls a block the newest final one."""

    def meddle(call: Call, result: Any) -> Any:
        return header if call["params"][:1] == ["finalized"] else result

    return meddle


async def test_the_slower_finality_of_two_endpoints_counts(head: Head, pool: Pool) -> None:
    """And never goes back."""
    await head.block(2.0)
    final = (await one(pool, "select final_through from checkpoints where chain = 'bsc'"))[0]
    genesis = await head.world.bsc.ask("eth_getBlockByNumber", "0x0", False)
    head.meddlers[1].meddle = as_final(genesis)
    for _ in range(10):
        await head.block(2.0)

    assert await one(pool, "select final_through from checkpoints where chain = 'bsc'") == (final,)


def left_at(fork: int) -> Meddle:
    """Return a meddle of a node that stands on a branch of its own, empty, from a fork on."""

    def meddle(call: Call, result: Any) -> Any:
        if call["method"] != "eth_getBlockByNumber" or result is None or int(result["number"], 16) <= fork:
            return result
        number = int(result["number"], 16)
        parent = result["parentHash"] if number == fork + 1 else own_hash(number - 1)
        return {**result, "hash": own_hash(number), "parentHash": parent, "logsBloom": "0x" + "0" * 512}

    return meddle


def own_hash(number: int) -> str:
    return "0x" + "bad0" * 12 + f"{number:016x}"


async def test_one_endpoint_alone_does_not_take_back_many_blocks(head: Head, pool: Pool) -> None:
    """Two disagree, so we wait for one word; nothing is taken back until then."""
    await head.world.create_job(JOB)
    for _ in range(6):
        await head.block(2.0)
    number = await head.world.bsc.head()
    head.meddlers[0].meddle = left_at(number - 5)
    with pytest.raises(TryAgain, match="two endpoints disagree about our last blocks"):
        await head.block(2.0)
    head.meddlers[0].meddle = honest
    await head.settle()

    assert await one(pool, "select number, paused_reason from checkpoints where chain = 'bsc'") == (number + 1, None)
    assert await one(pool, "select count(*) from changes where by_reorg") == (0,)


async def test_two_endpoints_that_agree_take_back_many_blocks(head: Head) -> None:
    """However many, above finality."""
    for _ in range(8):
        await head.block(2.0)
    await head.world.bsc.reorg(6)
    outcomes = await head.block(2.0)

    assert [each.undone for each in outcomes if isinstance(each, Advanced) and each.undone] == [6]

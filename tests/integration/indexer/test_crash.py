"""However the indexer ends, the next one finds the tables whole and brings them where no end would have."""

import asyncio
import signal
from collections.abc import Sequence
from random import Random
from typing import Any

from aiohttp import web

from indexer.values import Followed
from runtime.database import Pool
from runtime.embedded_postgres import EmbeddedPostgres
from tests.integration.indexer import indexer_process
from tests.integration.indexer.activity import Activity
from tests.integration.indexer.conftest import OFFLINE_AFTER, fresh_index
from tests.integration.indexer.tables import contents, gaps_in_feed, one
from tests.integration.local_chain import World
from tests.integration.meddler import Call, meddling

SEED = 20_260_101
HISTORY_BLOCKS = 200
KILLS_IN_HISTORY = 4
KILLS_AT_HEAD = 8
# A kill falls into one of the many commits of this time.
LIFE_SECONDS_MAX = 0.15


async def test_kill_9_at_any_moment_changes_nothing(
    world: World, pool: Pool, database_url: str, postgres: EmbeddedPostgres
) -> None:
    """Killed a dozen times in history and at the head, through reorgs, the tables equal a fresh index."""
    random, activity = Random(SEED), Activity(world, SEED)
    for _ in range(HISTORY_BLOCKS):
        await activity.step()
    async with meddling(world.bsc.url) as bsc, meddling(world.opbnb.url) as opbnb:
        bsc.meddle = opbnb.meddle = small_ranges
        lives = Lives(world, pool, database_url, [(world.job_manager, bsc.url), (world.node_reputation, opbnb.url)])
        for _ in range(KILLS_IN_HISTORY):
            await lives.die_in_history(random.random() * LIFE_SECONDS_MAX)
        in_history = await one(pool, "select count(*) from checkpoints where state_through < number")
        for _ in range(KILLS_AT_HEAD):
            await lives.die_at_head(random.random() * LIFE_SECONDS_MAX, activity)
        await lives.end()

    assert in_history == (2,), "both chains were killed while state was waiting"
    assert await gaps_in_feed(pool) == 0
    assert await fresh_index(world, postgres) == await contents(pool)


def small_ranges(call: Call, result: Any) -> Any:
    """Allow seven blocks a request, so that a short history takes many commits."""
    asked = call["params"][0] if call["method"] == "eth_getLogs" else {}
    if "fromBlock" in asked and int(asked["toBlock"], 16) - int(asked["fromBlock"], 16) >= 7:
        raise web.HTTPBadRequest(text='{"error": {"code": -32602, "message": "exceed maximum block range: 7"}}')
    return result


class Lives:
    """One indexer after another on the same chains and database."""

    def __init__(self, world: World, pool: Pool, database_url: str, sources: Sequence[tuple[Followed, str]]) -> None:
        self._world = world
        self._pool = pool
        self._database_url = database_url
        self._sources = sources

    async def die_in_history(self, after_seconds: float) -> None:
        """Live from the first commit on for a while."""
        process = await self._start()
        before = await self._commits()
        async with asyncio.timeout(30):
            while await self._commits() == before:
                await asyncio.sleep(0.001)
        await asyncio.sleep(after_seconds)
        await kill(process)

    async def die_at_head(self, after_seconds: float, activity: Activity) -> None:
        """Live from the head on for a while, with a reorg and a lively world."""
        process = await self._start()
        async with asyncio.timeout(30):
            while await self._lag() > 1:
                await asyncio.sleep(0.01)
        await activity.reorg()
        end = asyncio.get_running_loop().time() + after_seconds
        while asyncio.get_running_loop().time() < end:
            await activity.step()
        await kill(process)

    async def end(self) -> None:
        """Live until all of both chains is indexed."""
        process = await self._start(to_block=await same_height(self._world))
        assert await process.wait() == 0

    async def _start(self, to_block: int | None = None) -> asyncio.subprocess.Process:
        return await indexer_process.start(
            self._database_url, self._sources, offline_after=OFFLINE_AFTER, to_block=to_block
        )

    async def _commits(self) -> int:
        return int((await one(self._pool, "select position from feed"))[0])

    async def _lag(self) -> int:
        heads = [await chain.head() for chain in (self._world.bsc, self._world.opbnb)]
        reached = await one(self._pool, "select sum(number), count(*) from checkpoints where state_through = number")
        return sum(heads) - int(reached[0] or 0)


async def kill(process: asyncio.subprocess.Process) -> None:
    """Give it no chance to tidy up."""
    process.kill()
    assert await process.wait() == -signal.SIGKILL


async def same_height(world: World) -> int:
    """Bring both chains to one height, so that one block is the end of both, and return it."""
    heights = {chain: await chain.head() for chain in (world.bsc, world.opbnb)}
    for chain, height in heights.items():
        await chain.mine(max(heights.values()) - height + 1)
    return max(heights.values()) + 1

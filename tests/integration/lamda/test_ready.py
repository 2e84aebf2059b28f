"""Readiness is progress: programs and endpoints as processes, and a chain that stops."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from runtime.database import Pool
from runtime.ports import free_port
from tests.integration.indexer.conftest import pool, world
from tests.integration.lamda.commands import end_of, settings_of, start
from tests.integration.local_chain import LocalChain, World

__all__ = ["pool", "world"]

STALLED_SECONDS_MAX = 30.0
RECOVERY_SECONDS_MAX = 30.0
BLOCK_SECONDS = 0.5


class Place:
    """Where the programs of a system answer."""

    def __init__(self) -> None:
        self.api, self.indexer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))

    async def get(self, url: str) -> tuple[int, Any]:
        """Return the status and the JSON of an answer; 0 where nobody answers."""
        with suppress(aiohttp.ClientConnectionError):
            async with aiohttp.ClientSession() as session, session.get(url) as response:
                return response.status, await response.json()
        return 0, None

    async def until_ready(self, wanted: bool, *, within: float) -> Any:
        """Return what is said of each chain once the API says that it is ready, or that it is not."""
        return await self._until(f"{self.api}/ready", wanted, within=within)

    async def until_indexer(self, wanted: bool, *, within: float) -> Any:
        """Return what is said of each chain once the indexer says that it is ready, or that it is not."""
        return await self._until(f"{self.indexer}/ready", wanted, within=within)

    async def _until(self, url: str, wanted: bool, *, within: float) -> Any:
        began, answer = time.monotonic(), None
        while time.monotonic() - began < within:
            status, answer = await self.get(url)
            if answer is not None and (status == 200) is wanted:
                return answer["chains"]
            await asyncio.sleep(0.1)
        pytest.fail(f"not {'ready' if wanted else 'unready'} within {within:g} s: {answer}")


@pytest.fixture
async def place(world: World, pool: Pool) -> AsyncIterator[Place]:
    """An indexer and an API over both chains, with the settings that they have by default."""
    place, settings = Place(), settings_of(world, str(pool.conninfo))
    ports = {"METRICS_PORT": place.indexer.rpartition(":")[2], "API_PORT": place.api.rpartition(":")[2]}
    programs = [await start({**settings, **ports}, word) for word in ("index", "serve")]
    yield place
    for program in programs:
        program.send_signal(signal.SIGTERM)
        await end_of(program)


@asynccontextmanager
async def mining(chain: LocalChain) -> AsyncIterator[None]:
    """Have a chain make blocks for as long as the block lasts."""

    async def mine() -> None:
        while True:
            await chain.mine()
            await asyncio.sleep(BLOCK_SECONDS)

    task = asyncio.create_task(mine())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def process_of(chain: LocalChain) -> int:
    """Return the process id of the chain's only endpoint."""
    words = f"--port\0{chain.url.rpartition(':')[2]}\0"
    return next(int(each.name) for each in Path("/proc").glob("[0-9]*") if words in _command(each))


def _command(process: Path) -> str:
    with suppress(OSError):
        return (process / "cmdline").read_text()
    return ""


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_a_chain_that_stops_is_not_ready_though_everything_lives(world: World, place: Place) -> None:
    """
    One chain makes no more blocks; then the endpoint of the other hangs.

    Each is told of within 30 s, with its reason, and is ready again when it goes on.
    """
    async with AsyncExitStack() as opbnb:
        await opbnb.enter_async_context(mining(world.opbnb))
        async with mining(world.bsc):
            await place.until_ready(True, within=RECOVERY_SECONDS_MAX)
        stopped = await place.until_ready(False, within=STALLED_SECONDS_MAX)
        indexer = await place.until_indexer(False, within=STALLED_SECONDS_MAX)
        lives = [await place.get(f"{url}/health") for url in (place.api, place.indexer)]
        async with mining(world.bsc):
            await place.until_ready(True, within=RECOVERY_SECONDS_MAX)
            await place.until_indexer(True, within=RECOVERY_SECONDS_MAX)
            await opbnb.aclose()
            os.kill(process_of(world.opbnb), signal.SIGSTOP)
            hung = await place.until_ready(False, within=STALLED_SECONDS_MAX)
            indexer_hung = await place.until_indexer(False, within=STALLED_SECONDS_MAX)
            os.kill(process_of(world.opbnb), signal.SIGCONT)
            async with mining(world.opbnb):
                await place.until_ready(True, within=RECOVERY_SECONDS_MAX)

    assert "the chain stands still" in stopped["bsc"]["reason"]
    assert stopped["opbnb"]["ready"]
    assert "endpoints tell of no newer block" in indexer["bsc"]["reason"]
    assert indexer["opbnb"] == {"ready": True, "reason": None, "role": "leader"}
    assert [status for status, _ in lives] == [200, 200]
    assert "no endpoint answers" in hung["opbnb"]["reason"]
    assert hung["bsc"]["ready"]
    assert "no progress for" in indexer_hung["opbnb"]["reason"]


@pytest.mark.long
@pytest.mark.timeout(120)
async def test_a_standby_is_ready_and_says_so(world: World, pool: Pool, place: Place) -> None:
    """It waits for the leader to be gone, which is what it is there for."""
    async with mining(world.bsc), mining(world.opbnb):
        await place.until_indexer(True, within=RECOVERY_SECONDS_MAX)
        second = Place()
        settings = {**settings_of(world, str(pool.conninfo)), "METRICS_PORT": second.indexer.rpartition(":")[2]}
        program = await start(settings, "index")
        try:
            waiting = await second.until_indexer(True, within=RECOVERY_SECONDS_MAX)
        finally:
            program.send_signal(signal.SIGTERM)
            await end_of(program)

    assert {each["role"] for each in waiting.values()} == {"standby"}
    assert all("leads this chain" in each["reason"] for each in waiting.values())

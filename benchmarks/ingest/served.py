"""The server as a child of ours, and how fast it can be read by somebody who does nothing with it."""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
import msgspec

from benchmarks.ingest.chain_values import Counts, Order
from models.values import Chain

LOGS_RANGE = 1_000


class Served:
    """A server that runs."""

    def __init__(self, port: int, pid: int, session: aiohttp.ClientSession) -> None:
        self.pid = pid
        self._place = f"http://127.0.0.1:{port}"
        self._session = session

    def url(self, chain: Chain) -> str:
        """Return where a chain's endpoint is."""
        return f"{self._place}/{chain}"

    async def counts(self) -> dict[Chain, Counts]:
        """Return what was asked of each chain since this was last called."""
        return msgspec.json.decode(await self._ask("counts"), type=dict[Chain, Counts])

    async def grow(self) -> None:
        """Let both chains make blocks."""
        await self._ask("grow")

    async def made(self) -> dict[Chain, dict[int, float]]:
        """Return when each block was there that was made so far, by the machine's monotonic clock."""
        return msgspec.json.decode(await self._ask("made"), type=dict[Chain, dict[int, float]])

    async def drain(self, chain: Chain, blocks: int) -> float:
        """Return how many seconds it takes to read all logs of a chain and throw them away."""
        began = time.monotonic()
        for first in range(1, blocks + 1, LOGS_RANGE):
            span = {"fromBlock": hex(first), "toBlock": hex(min(blocks, first + LOGS_RANGE - 1))}
            call = {"id": 1, "method": "eth_getLogs", "params": [span]}
            async with self._session.post(self.url(chain), data=json.dumps([call])) as answer:
                await answer.read()
        return time.monotonic() - began

    async def _ask(self, what: str) -> bytes:
        async with self._session.get(f"{self._place}/{what}") as answer:
            return await answer.read()


@asynccontextmanager
async def served(orders: Mapping[Chain, Order], *, latency_ms: float = 0) -> AsyncIterator[Served]:
    """Run the server in a process of its own."""
    ordered = {"chains": {chain: msgspec.to_builtins(order) for chain, order in orders.items()}}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.ingest.server", json.dumps({**ordered, "latency_ms": latency_ms})),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        port = int(await process.stdout.readline())
        async with aiohttp.ClientSession() as session:
            yield Served(port, process.pid, session)
    finally:
        process.terminate()
        await process.wait()

"""
How soon and how fast does the reactor act?

    from header to dispatched   beside a bare loop that polls the block, reads its logs and publishes at once
    jobs dispatched a second    a backlog, beside the same messages published as fast as JetStream acknowledges them
    credits a second            a backlog, beside as many a block as opBNB lets one account have pending

    python -m benchmarks.effects --jobs 60 --backlog 2000 --credits 640
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from nats.js.api import StreamConfig
from rich.console import Console

from benchmarks import market_store
from benchmarks.market import OPBNB, PROVIDERS, Market, open_market, until
from chain.abi import EVENTS_BY_NAME
from chain.calls import LogFilter, header, logs_of
from chain.rpc import Rpc
from models.values import show_bytes

BARE = "bare"
POLL_SECONDS = 0.005
PUBLISHED_AT_ONCE = 100  # As many as the dispatcher has under way.
PENDING_MAX = 16
PAUSE_SECONDS = 1.5  # Blocks without a job lie between, as they would.
MESSAGE_BYTES = 620

say = Console(highlight=False, soft_wrap=True).print


class BareLoop:
    """Publishes the id of each new final job at once; `seen` is when each block was first final, by its number."""

    def __init__(self, market: Market, rpc: Rpc) -> None:
        self.seen: dict[int, float] = {}
        self.final_at: dict[bytes, float] = {}
        self.published: dict[bytes, float] = {}
        self._market = market
        self._rpc = rpc
        self._ours = LogFilter(
            address=market.contracts.job_manager.address, topics=(EVENTS_BY_NAME["JobCreated"].topic0,)
        )

    async def run(self) -> None:
        """Poll until cancelled."""
        done = await self._final()
        while True:
            final = await self._final()
            now = time.perf_counter()
            for number in range(done + 1, final + 1):
                await self._publish(number, now)
            done = final
            await asyncio.sleep(POLL_SECONDS)

    async def _final(self) -> int:
        found = await self._rpc.ask(header("finalized"))
        assert found is not None
        return int(found.number, 16)

    async def _publish(self, number: int, now: float) -> None:
        block = await self._rpc.ask(header(number))
        assert block is not None
        for log in await self._rpc.ask(logs_of(block.hash, self._ours)):
            job_id = bytes.fromhex(log.topics[1][2:])
            self.final_at[job_id] = now
            await self._market.bus.jetstream.publish(f"{BARE}.{job_id.hex()}", job_id)
            self.published[job_id] = time.perf_counter()


async def measure_delay(market: Market, jobs: int) -> None:
    """Print what lies between the header by which a job is final and its message in the stream."""
    await market.bus.jetstream.add_stream(StreamConfig(name="BARE", subjects=[f"{BARE}.>"]))
    job_ids = [number.to_bytes(32) for number in range(1, jobs + 1)]
    await market.hand_in(job_ids)
    async with Rpc([market.bsc.url]) as rpc, market.running("react"), arrivals(market) as arrived:
        await market.create(job_ids[0])
        await until(lambda: _has(arrived, job_ids[:1]))
        bare = BareLoop(market, rpc)
        polling = asyncio.create_task(bare.run())
        for job_id in job_ids[1:]:
            await market.create(job_id)
            await asyncio.sleep(PAUSE_SECONDS)
        await until(lambda: _has(arrived, job_ids))
        polling.cancel()
    counted = [job_id for job_id in job_ids if job_id in bare.published]
    ours = sorted(arrived[job_id] - bare.final_at[job_id] for job_id in counted)
    yardstick = sorted(bare.published[job_id] - bare.final_at[job_id] for job_id in counted)
    say(f"  header to dispatched, {len(counted)} jobs")
    for name, took in (("bare loop", yardstick), ("ours", ours)):
        say(f"    {name:9} p50 {1000 * _share(took, 0.5):6.1f} ms   p99 {1000 * _share(took, 0.99):6.1f} ms")
    say(f"    ratio     p50 {_share(ours, 0.5) / _share(yardstick, 0.5):.1f}, "
        f"p99 {_share(ours, 0.99) / _share(yardstick, 0.99):.1f}")  # fmt: skip


async def measure_dispatch(market: Market, job_ids: Sequence[bytes]) -> None:
    """Print how fast a backlog is dispatched."""
    for job_id in job_ids:
        await market.create(job_id)
    await market.hand_in(job_ids)
    created = job_ids[-1]
    await until(lambda: _is_final(market, "job_created", int.from_bytes(created)))
    bare = await _bare_rate(market, len(job_ids))
    async with arrivals(market) as arrived, market.running("react"):
        await until(lambda: _has(arrived, job_ids))
    # From the end of the first batch: what came before is the reactor's start.
    at = sorted(arrived[job_id] for job_id in job_ids)[PUBLISHED_AT_ONCE - 1 :]
    rate = (len(at) - 1) / (at[-1] - at[0])
    say(f"  {len(job_ids)} jobs dispatched: {rate:,.0f} a second; published bare: {bare:,.0f}; ratio {rate / bare:.2f}")


async def measure_credits(market: Market, job_ids: Sequence[bytes]) -> None:
    """Print how fast a backlog is credited."""
    for job_id in job_ids:
        await market.confirm(job_id)
    await until(lambda: _is_final(market, "job_confirmed", len(job_ids)))
    first = await market.opbnb.height()
    async with market.running("react"):
        await until(lambda: _are_credited(market, first, len(job_ids)), pause_seconds=0.5)
    blocks = sorted(int(log["blockNumber"], 16) for log in await _credits(market, first))
    assert OPBNB.block_seconds is not None
    rate = len(blocks) / ((blocks[-1] - blocks[0] + 1) * OPBNB.block_seconds)
    most = PENDING_MAX / OPBNB.block_seconds
    say(f"  {len(job_ids)} credits: {rate:,.1f} a second; {PENDING_MAX} a block would be {most:,.0f}; "
        f"ratio {rate / most:.2f}")  # fmt: skip


@asynccontextmanager
async def arrivals(market: Market) -> AsyncIterator[dict[bytes, float]]:
    """Yield when each job's message came into the stream, as it comes."""
    arrived: dict[bytes, float] = {}

    async def take(message: Any) -> None:
        job_id = bytes.fromhex(message.headers["Nats-Msg-Id"].partition(":")[0])
        arrived.setdefault(job_id, time.perf_counter())

    subscription = await market.bus.client.subscribe("jobs.dispatch.>", cb=take)
    try:
        yield arrived
    finally:
        await subscription.unsubscribe()


async def _bare_rate(market: Market, count: int) -> float:
    """Return how many messages like ours JetStream acknowledges a second, as many under way as we have."""
    began = time.perf_counter()
    for first in range(0, count, PUBLISHED_AT_ONCE):
        await asyncio.gather(
            *(
                market.bus.jetstream.publish(
                    f"{BARE}.{number % len(PROVIDERS)}", b"x" * MESSAGE_BYTES, headers={"Nats-Msg-Id": f"b{number}"}
                )
                for number in range(first, min(count, first + PUBLISHED_AT_ONCE))
            )
        )
    return count / (time.perf_counter() - began)


async def _has(arrived: dict[bytes, float], job_ids: Sequence[bytes]) -> bool:
    return all(job_id in arrived for job_id in job_ids)


async def _is_final(market: Market, table: str, least: int) -> bool:
    return await market_store.count_final(market.pool, table, "bsc") >= least


async def _are_credited(market: Market, after: int, least: int) -> bool:
    return len(await _credits(market, after)) >= least


async def _credits(market: Market, after: int) -> list[dict[str, Any]]:
    contract, topic = show_bytes(market.contracts.node_reputation.address), EVENTS_BY_NAME["JobCountIncremented"].topic0
    asked = {"address": contract, "topics": [topic], "fromBlock": hex(after)}
    return list(await market.opbnb.call("eth_getLogs", asked))


def _share(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


async def measure(jobs: int, backlog: int, credits_: int) -> None:
    """Print all three."""
    with tempfile.TemporaryDirectory(prefix="lamda-benchmark-") as folder:
        async with open_market(Path(folder)) as market:
            await measure_delay(market, jobs)
            later = [number.to_bytes(32) for number in range(jobs + 1, jobs + backlog + 1)]
            await measure_dispatch(market, later)
            await measure_credits(market, later[:credits_])


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description="Measure how soon and how fast the reactor acts.")
    parser.add_argument("--jobs", type=int, default=60)
    parser.add_argument("--backlog", type=int, default=2000)
    parser.add_argument("--credits", type=int, default=640)
    given = parser.parse_args(arguments)
    asyncio.run(measure(given.jobs, given.backlog, given.credits))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

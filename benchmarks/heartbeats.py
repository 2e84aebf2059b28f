"""
Is a database of ten million heartbeats as fast at the head as an empty one?

Two databases on one server, one with a long history. The same blocks are committed to both, in turn, through the real
`Store.commit`: so whatever else the machine does meanwhile meets both.

    fill → rebuild state → commits → fold every day → commits → drop old partitions → commits

    python -m benchmarks.heartbeats --heartbeats 10000000 --providers 10000 --days 30
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich.console import Console

import migrations
from benchmarks import history_store
from benchmarks.history_store import BEGAN_BLOCK, CONTRACT, History, block_hash, block_time, provider
from chain.wire import Header
from indexer.housekeeping import Retention, tidy
from indexer.store import Store
from indexer.values import Cursor, Facts, Followed, Segment, Tip
from models.values import BlockId, Chain, ProofLevel
from runtime.database import Pool, open_pool
from runtime.embedded_postgres import EmbeddedPostgres

OFFLINE_AFTER = timedelta(minutes=12)
FOLLOWED = Followed(chain=Chain.OPBNB, chain_id=204, contract=CONTRACT, start_block=BEGAN_BLOCK)
BEATS_A_BLOCK = 20
CREDITED_EVERY = 10
REGISTERED_EVERY = 20
RATIO_MAX = 1.2

say = Console(highlight=False, soft_wrap=True).print


class Head:
    """A database whose copy stands at the head, and what each commit to it took."""

    def __init__(self, name: str, pool: Pool, cursor: Cursor) -> None:
        self.name = name
        self.pool = pool
        self._store = Store(pool, FOLLOWED, offline_after=OFFLINE_AFTER)
        self._cursor = cursor
        self.took: list[float] = []

    async def rebuild(self) -> None:
        """Bring state in line with all facts."""
        await self._store.refresh_state(self._cursor)
        self._cursor = await self._store.cursor()

    async def commit(self, providers: int) -> None:
        """Commit the next block."""
        segment = next_segment(self._cursor, providers)
        began = time.perf_counter()
        await self._store.commit(self._cursor, segment)
        self.took.append(time.perf_counter() - began)
        self._cursor = await self._store.cursor()


def next_segment(cursor: Cursor, providers: int) -> Segment:
    """Return a block of heartbeats, with a credit or a registration now and then."""
    number = cursor.number + 1
    header = _header(number)
    where = (header.hash_bytes, header.time, block_hash(number))
    keys = [provider((number * 7919 + each * 104_729) % providers) for each in range(BEATS_A_BLOCK)]
    rows: dict[str, list[tuple[Any, ...]]] = {
        "node_heartbeat": [(number, index, *where, key, number) for index, key in enumerate(keys)]
    }
    if number % CREDITED_EVERY == 0:
        rows["job_count_incremented"] = [(number, BEATS_A_BLOCK, *where, keys[0], number)]
    if number % REGISTERED_EVERY == 0:
        rows["node_registered"] = [(number, BEATS_A_BLOCK + 1, *where, keys[1], b"RTX 5090", 32_607, "RTX 5090")]
    return Segment(
        fork=cursor.block,
        last=BlockId(number=number, hash=header.hash_bytes),
        last_time=header.time,
        headers=(header,),
        facts=Facts(rows=rows, keys=frozenset(keys), addresses=frozenset(keys)),
        tip=Tip(head=header, finalized=number, head_finalized=number),
        refresh=True,
        level=ProofLevel.BLOOM,
        final_through=number,
    )


def _header(number: int) -> Header:
    return Header(
        number=hex(number),
        hash="0x" + block_hash(number).hex(),
        parent_hash="0x" + block_hash(number - 1).hex(),
        timestamp=hex(int(block_time(number).timestamp())),
        milli_timestamp=hex(round(block_time(number).timestamp() * 1000)),
        logs_bloom="0x" + "0" * 512,
    )


async def measure(history: History, commits: int, keep_days: int) -> float:
    """Print what was measured, and return the worst ratio of medians."""
    ratios = []
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lamda-benchmark-")))
        postgres = EmbeddedPostgres(folder)
        await postgres.start()
        stack.push_async_callback(postgres.stop)
        empty = await _head(stack, postgres, "empty", History(heartbeats=0, providers=history.providers, days=0))
        full = await _head(stack, postgres, "full", history)
        ratios.append(await _compare(empty, full, history, commits, "with every heartbeat"))
        await _show_sizes(full)
        with _timed("every final day folded"):
            await _tidy(full, keep_days=None)
        ratios.append(await _compare(empty, full, history, commits, "with every day folded"))
        with _timed(f"partitions older than {keep_days} days dropped"):
            await _tidy(full, keep_days=keep_days)
        ratios.append(await _compare(empty, full, history, commits, f"with {keep_days} days kept"))
        await _show_sizes(full)
    return max(ratios)


async def _head(stack: AsyncExitStack, postgres: EmbeddedPostgres, name: str, history: History) -> Head:
    url = await postgres.create_database(name)
    await asyncio.to_thread(migrations.upgrade, url)
    pool = await stack.enter_async_context(open_pool(url, program="benchmark", size=2))
    with _timed(f"{name}: {history.heartbeats:,} heartbeats filled in"):
        head = Head(name, pool, await history_store.fill(pool, history))
        await history_store.settle(pool)
    with _timed(f"{name}: state rebuilt"):
        await head.rebuild()
    await history_store.settle(pool)
    return head


async def _compare(empty: Head, full: Head, history: History, commits: int, when: str) -> float:
    for head in (empty, full):
        head.took.clear()
    for _ in range(commits + commits // 5):
        for head in (empty, full):
            await head.commit(history.providers)
    say(f"  {commits} commits, {when}")
    medians = []
    for head in (empty, full):
        took = sorted(head.took[-commits:])
        medians.append(statistics.median(took))
        say(f"    {head.name:6} median {1000 * medians[-1]:6.2f} ms   p99 {1000 * took[commits * 99 // 100]:6.2f} ms")
    scans = await history_store.sequential_scans(full.pool, BEATS_A_BLOCK, block_time(history.last) - OFFLINE_AFTER)
    say(f"    ratio  {medians[1] / medians[0]:.2f}; sequential scans in its refresh: {', '.join(scans) or 'none'}")
    return medians[1] / medians[0]


async def _tidy(head: Head, *, keep_days: int | None) -> None:
    heartbeats = None if keep_days is None else timedelta(days=keep_days)
    retention = Retention(offline_after=OFFLINE_AFTER, heartbeats=heartbeats, changes=None, requests=None)
    await tidy(head.pool, asyncio.Event(), retention)


async def _show_sizes(head: Head) -> None:
    sizes = await history_store.sizes(head.pool)
    say("  sizes: " + ", ".join(f"{name} {size / 2**20:,.0f} MiB" for name, size in sizes.items()))


@contextmanager
def _timed(what: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    say(f"  {what}: {time.perf_counter() - began:.1f} s")


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark; fail where the long history makes the head slower."""
    parser = argparse.ArgumentParser(description="Compare commits at the head of a full and an empty database.")
    parser.add_argument("--heartbeats", type=int, default=10_000_000)
    parser.add_argument("--providers", type=int, default=10_000)
    parser.add_argument("--days", type=float, default=30)
    parser.add_argument("--keep-days", type=int, default=20)
    parser.add_argument("--commits", type=int, default=1000)
    given = parser.parse_args(arguments)
    history = History(heartbeats=given.heartbeats, providers=given.providers, days=given.days)
    say(f"{history.heartbeats:,} heartbeats of {history.providers:,} providers in {history.days:g} days")
    worst = asyncio.run(measure(history, given.commits, given.keep_days))
    return 0 if worst <= RATIO_MAX else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

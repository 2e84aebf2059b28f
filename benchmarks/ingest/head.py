"""
How soon is the row of a new block there, while both chains make blocks?

A listener on the change feed looks at each tick how far each chain is committed; a block's delay is from the moment
that the server had it to that look.
"""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from benchmarks.ingest import head_store, rows_store, usage
from benchmarks.ingest.chain_values import Counts, Made, Order
from benchmarks.ingest.head_store import Seen
from benchmarks.ingest.runs import Machine
from benchmarks.ingest.workload import Workload
from models.values import Chain
from runtime.processes import Child, Program

HISTORY_BLOCKS = 300
UNFINAL = {Chain.BSC: 2, Chain.OPBNB: 200}
SETTLE_SECONDS = 2.0
BLOCKS_AHEAD_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What happened while the chains grew: `cores` are shares of a core, of indexer, Postgres and server."""

    counts: Mapping[Chain, Counts]
    made: Mapping[Chain, Mapping[int, float]]
    cores: tuple[float, ...]
    transactions_per_second: float


def orders(given: argparse.Namespace) -> dict[Chain, Order]:
    """Return what the server is to make: a little history, and then blocks with logs or without."""
    return {
        chain: Order(
            made=Made(
                blocks=HISTORY_BLOCKS,
                growing=round((given.head_seconds + BLOCKS_AHEAD_SECONDS) / seconds),
                seconds=seconds,
                grows_empty=given.head_empty,
            ),
            tells_time=given.block_timestamps,
            unfinal_blocks=UNFINAL[chain],
        )
        for chain, seconds in zip(Chain, given.block_seconds, strict=True)
    }


async def measure(here: Machine, given: argparse.Namespace, console: Console) -> int:
    """Print delays, requests a block and processor time; return 1 where a row is wrong."""
    url = await here.database("head")
    seen = Seen()
    async with _indexing(here, url) as child:
        listening = asyncio.create_task(head_store.listen(url, seen))
        while min(seen.through.values()) < HISTORY_BLOCKS:
            await asyncio.wait([listening], timeout=0.1)
            if child.exit_code is not None:
                raise SystemExit(child.describe_end())
        await asyncio.sleep(SETTLE_SECONDS)
        stretch = await _grow(here, child, url, given.head_seconds)
        await asyncio.sleep(SETTLE_SECONDS)
        listening.cancel()
    show(stretch, seen, given, console)
    # The listener left before the indexer did.
    through = await head_store.committed(url)
    workloads = [
        Workload(chain=chain, blocks=HISTORY_BLOCKS if given.head_empty else through[chain]) for chain in Chain
    ]
    wrong = await asyncio.to_thread(rows_store.differences, url, workloads)
    for each in wrong:
        console.print(f"[red]wrong[/]: {each}")
    return 1 if wrong else 0


def show(stretch: Stretch, seen: Seen, given: argparse.Namespace, console: Console) -> None:
    """Print what was measured."""
    table = Table(title=f"new block to row visible, {given.head_seconds:g} s")
    for column in ("", "blocks", "p50", "p99", "most", "requests a block", "calls a block"):
        table.add_column(column, justify="right" if column else "left")
    for chain, seconds in zip(Chain, given.block_seconds, strict=True):
        made, counts = stretch.made[chain], stretch.counts[chain]
        took = sorted(seen.at[chain][number] - at for number, at in made.items() if number in seen.at[chain])
        table.add_row(
            f"{chain}, a block each {seconds:g} s",
            f"{len(took)} of {len(made)}",
            *(f"{1000 * took[min(len(took) - 1, int(len(took) * share))]:.1f} ms" for share in (0.5, 0.99, 1)),
            f"{counts.requests / len(made):.2f}",
            f"{sum(counts.calls.values()) / len(made):.2f}",
        )
    console.print(table)
    indexer, postgres, server = (f"{100 * share:.1f} %" for share in stretch.cores)
    console.print(
        f"of one core: indexer {indexer}, Postgres {postgres}, server {server}; "
        f"{stretch.transactions_per_second:.1f} transactions a second that wrote"
    )


@asynccontextmanager
async def _indexing(here: Machine, url: str) -> AsyncIterator[Child]:
    command = (sys.executable, "-m", "lamda", "index")
    log = here.folder / "index.log"
    child = Child(Program(name="index", command=command, log=log, environment=here.settings(url)))
    await child.start()
    try:
        yield child
    finally:
        await child.stop()


async def _grow(here: Machine, child: Child, url: str, seconds: float) -> Stretch:
    pids = [pid for pid in (child.pid, here.postgres.pid, here.server.pid) if pid is not None]
    await here.server.counts()
    before, transactions = [usage.seconds_of(pid) for pid in pids], await head_store.transactions(url)
    await here.server.grow()
    await asyncio.sleep(seconds)
    after, made = [usage.seconds_of(pid) for pid in pids], await here.server.made()
    return Stretch(
        counts=await here.server.counts(),
        made=made,
        cores=tuple((last - first) / seconds for first, last in zip(before, after, strict=True)),
        transactions_per_second=(await head_store.transactions(url) - transactions) / seconds,
    )

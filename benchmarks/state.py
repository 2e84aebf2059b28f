"""
What do state and indexes cost, in time and room?

    small    100,000 events backfilled → every table and index by size → the same read again, nothing changed
    large    a million events backfilled, beside a plain COPY of the same rows → state computed anew, of nothing and
             of what is there, beside a plain copy of its rows

Facts go in through the real `Store.commit` and `Store.refresh_state`, as often as `plan` asks for state. Reading a
chain is no part of it.

    python -m benchmarks.state --events 1000000
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

import migrations
from benchmarks import state_store
from benchmarks.state_history import FOLLOWED, History
from benchmarks.state_store import OFFLINE_AFTER, Relation
from indexer import rereading_store
from indexer.plan import PENDING_FACTS_MAX
from indexer.store import Store
from indexer.values import Segment
from models.values import BlockRange, Chain
from runtime.database import Pool, lone_session, open_pool
from runtime.embedded_postgres import EmbeddedPostgres

SMALL = 100_000
REBUILD_SECONDS_MAX = 15.0
"""For a million events."""
REREAD_RATIO_MAX = 1.5
SIZE_MAX = 60_000_000
"""For `SMALL` events, in bytes."""
SHOWN_FROM = 50_000
"""How many bytes a table or index has at least to be shown by itself."""

say = Console(highlight=False, soft_wrap=True).print


@dataclass(slots=True)
class Clock:
    """How many seconds each kind of work took."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def running(self, kind: str) -> Iterator[None]:
        """Count the time of a block as one kind of work."""
        began = time.perf_counter()
        yield
        self.seconds[kind] = self.seconds.get(kind, 0.0) + time.perf_counter() - began


@asynccontextmanager
async def database(postgres: EmbeddedPostgres, name: str) -> AsyncIterator[Pool]:
    """Yield a pool of a migrated database, and drop it."""
    url = await postgres.create_database(name)
    await asyncio.to_thread(migrations.upgrade, url)
    async with open_pool(url, program="benchmark", size=2) as pool:
        yield pool
    await postgres.drop_database(name)


async def backfill(pool: Pool, history: History, clock: Clock, *, bare: Pool | None = None) -> None:
    """Bring a history in, chain by chain, and state in line with it; each commit beside a bare one where asked."""
    for chain in Chain:
        await state_store.begin(pool, chain)
        store = Store(pool, FOLLOWED[chain], offline_after=OFFLINE_AFTER)
        pending = 0
        for segment in history.segments(chain, await store.cursor()):
            with clock.running("copy"):
                await store.commit(await store.cursor(), segment)
            if bare is not None:
                with clock.running("bare copy"):
                    await state_store.copy_bare(bare, segment.facts)
            pending += len(segment.facts)
            if pending >= PENDING_FACTS_MAX or segment.last.number == history.last(chain).height:
                with clock.running("refresh"):
                    await store.refresh_state(await store.cursor())
                pending = 0


async def read_again(pool: Pool, history: History, clock: Clock) -> None:
    """Compare the tables with the same history, as a reindex does that finds nothing."""
    for chain in Chain:
        followed = FOLLOWED[chain]
        blocks = BlockRange(first=followed.start_block, last=history.last(chain).height)
        segments = _segments(pool, history, chain)
        async with lone_session(pool) as connection:
            await rereading_store.prepare(connection, followed)
            async for segment in segments:
                with clock.running("read again"):
                    await rereading_store.stage(connection, followed, segment.facts, segment.headers)
            with clock.running("read again"):
                await rereading_store.compare(connection, followed, blocks)
                differing = await rereading_store.counts(connection)
        assert differing == {}, "the same history was read again"


async def _segments(pool: Pool, history: History, chain: Chain) -> AsyncIterator[Segment]:
    cursor = await Store(pool, FOLLOWED[chain], offline_after=OFFLINE_AFTER).cursor()
    for segment in history.segments(chain, cursor):
        yield segment


async def measure_small(postgres: EmbeddedPostgres) -> bool:
    """Print sizes, and what reading again costs; say whether both are within bounds."""
    history, clock = History(events=SMALL), Clock()
    async with database(postgres, "small") as pool:
        empty = await state_store.database_size(pool)
        await backfill(pool, history, clock)
        size = await state_store.database_size(pool)
        say(f"{SMALL:,} events: {size / 1e6:.1f} MB, of which an empty database is {empty / 1e6:.1f}")
        _show_sizes(await state_store.relations(pool))
        await read_again(pool, history, clock)
    brought_in = clock.seconds["copy"] + clock.seconds["refresh"]
    ratio = clock.seconds["read again"] / brought_in
    say(f"  brought in in {brought_in:.2f} s, read again in {clock.seconds['read again']:.2f} s: {ratio:.2f} times")
    return size <= SIZE_MAX and ratio <= REREAD_RATIO_MAX


def _show_sizes(relations: Sequence[Relation]) -> None:
    large = [relation for relation in relations if relation.size >= SHOWN_FROM]
    rest = sum(relation.size for relation in relations) - sum(relation.size for relation in large)
    for relation in [*large, Relation(table="others", name="others", size=rest)]:
        of = "" if relation.name == relation.table else f", of {relation.table}"
        say(f"  {relation.size / 1e6:6.2f} MB {relation.size / SMALL:6.1f} B an event  {relation.name}{of}")


async def measure_large(postgres: EmbeddedPostgres, events: int) -> bool:
    """Print what a backfill and a rebuild cost; say whether the rebuild is within its bound."""
    history, clock = History(events=events), Clock()
    async with database(postgres, "large") as pool, database(postgres, "bare") as bare:
        await state_store.make_bare(bare)
        await backfill(pool, history, clock, bare=bare)
        await state_store.make_bare(pool)
        for chain in Chain:
            with clock.running("bare state"):
                await state_store.copy_state_bare(pool, chain)
            for kind, emptied in (("rebuild of nothing", True), ("rebuild of what is there", False)):
                with clock.running(kind):
                    await state_store.rebuild(pool, history, chain, empty=emptied)
    seconds = clock.seconds
    seconds["copy and refresh"] = seconds["copy"] + seconds["refresh"]
    say(f"{events:,} events")
    for kind, yardstick in YARDSTICKS.items():
        beside = f"{yardstick} {seconds[yardstick]:6.2f} s   ratio {seconds[kind] / seconds[yardstick]:5.2f}"
        say(f"  {kind:25} {seconds[kind]:6.2f} s {events / seconds[kind]:10,.0f} events/s   {beside}")
    return max(seconds[kind] for kind in seconds if "rebuild" in kind) <= REBUILD_SECONDS_MAX * events / 1_000_000


YARDSTICKS = {
    "copy": "bare copy",
    "refresh": "bare state",
    "copy and refresh": "bare copy",
    "rebuild of nothing": "bare state",
    "rebuild of what is there": "bare state",
}
"""What is measured, and what it stands beside."""


async def measure(events: int) -> bool:
    """Print what was measured, and say whether all of it is within bounds."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lamda-benchmark-")))
        postgres = EmbeddedPostgres(folder)
        await postgres.start()
        stack.push_async_callback(postgres.stop)
        small = await measure_small(postgres)
        return await measure_large(postgres, events) and small


def main(arguments: Sequence[str]) -> int:
    """Run the benchmark; fail where a bound is passed."""
    parser = argparse.ArgumentParser(description="Measure state, indexes and rebuilds in time and room.")
    parser.add_argument("--events", type=int, default=1_000_000)
    return 0 if asyncio.run(measure(parser.parse_args(arguments).events)) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

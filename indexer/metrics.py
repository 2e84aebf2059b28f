"""
The metrics of the indexer: what it commits, how long that takes, what reorgs took back, and where its time goes.

The follower knows nothing of it. `MeasuredStore` looks at what is committed, `Figures.timed` at what is waited for.
"""

import math
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

from chain.errors import RpcError
from chain.metrics import EndpointMetrics
from chain.outcome_values import outcome_of
from indexer import event_log
from indexer.readiness import IndexerReadiness
from indexer.store import Fenced, Store
from indexer.values import Cursor, Followed, Segment, Tip
from models.values import Chain
from runtime import progress_store
from runtime.database import Pool
from runtime.database_figures import DatabaseFigures
from runtime.metrics import Labels, Metrics, Spread

Result = TypeVar("Result")

DEPTHS = (1, 2, 3, 5, 10, 20, 50, 100)


class IndexerMetrics:
    """What one indexer counts, of all its chains."""

    def __init__(
        self,
        metrics: Metrics,
        pool: Pool | None,
        readiness: IndexerReadiness | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self.readiness = readiness or IndexerReadiness(Chain, idle_seconds_max=math.inf)
        self.endpoints = EndpointMetrics(metrics)
        self.blocks: Counter[Labels] = Counter()
        self.events: Counter[Labels] = Counter()
        self.commits = Spread()
        self.reorgs = Spread(DEPTHS)
        self.seconds: defaultdict[Labels, float] = defaultdict(float)
        self.troubles: Counter[Labels] = Counter()
        progress_store.declare(metrics, DatabaseFigures(metrics, lambda: pool, progress_store.read))
        declare = metrics.counter
        declare("lamda_indexer_blocks_total", "Blocks committed.", ("chain",), lambda: self.blocks)
        declare(
            "lamda_indexer_logs_total", "Logs committed, by the table that they are in as events.",
            ("chain", "event"), lambda: self.events,
        )  # fmt: skip
        metrics.histogram(
            "lamda_indexer_commit_seconds", "Time that one commit of blocks took.", ("chain",), self.commits.read
        )
        metrics.histogram(
            "lamda_indexer_reorg_depth_blocks", "Blocks of ours that a reorg took back.", ("chain",), self.reorgs.read
        )
        declare(
            "lamda_indexer_seconds_total",
            "Where time goes: read (endpoints, proving, decoding), commit, refresh (state after a backfill), "
            "rest (nothing to do), trouble (waiting for it to pass).",
            ("chain", "doing"), lambda: self.seconds,
        )  # fmt: skip
        declare(
            "lamda_indexer_troubles_total",
            "Steps that failed and are tried again, by cause: an outcome of an endpoint, fenced, or database.",
            ("chain", "cause"), lambda: self.troubles,
        )  # fmt: skip

    def of(self, chain: Chain) -> "Figures":
        """Return the figures of one chain, told from now on."""
        self.commits.begin((chain.value,))
        self.reorgs.begin((chain.value,))
        return Figures(self, chain)


class Figures:
    """What is counted of one chain while it is led."""

    def __init__(self, all_chains: IndexerMetrics, chain: Chain) -> None:
        self._all = all_chains
        self._chain = chain.value
        self.progress = all_chains.readiness.of(chain)
        self._counted_seconds = 0.0

    async def timed(self, doing: str, work: Awaitable[Result]) -> Result:
        """Return what some work comes to, and count its time, without that of timed work inside of it."""
        began, before, outside = self._all.clock(), self._counted_seconds, self.progress.doing
        self.progress.doing = doing
        try:
            return await work
        finally:
            self.progress.doing = outside
            inside = self._counted_seconds - before
            took = self._all.clock() - began
            self._all.seconds[self._chain, doing] += took - inside
            self._counted_seconds = before + took

    def committed(self, expected: Cursor, segment: Segment, *, seconds: float) -> None:
        """Count what was committed after a cursor."""
        chain = self._chain
        self._all.commits.note((chain,), seconds)
        self._all.blocks[(chain,)] += len(segment.blocks)
        for table, rows in segment.facts.rows.items():
            self._all.events[chain, table] += len(rows)
        if undone := expected.number - segment.fork.number:
            self._all.reorgs.note((chain,), undone)

    def stumbled(self, error: Exception) -> None:
        """Count a step that failed, and tell of it."""
        self.progress.stumble(f"{type(error).__name__}: {error}")
        self._all.troubles[self._chain, _cause(error)] += 1


class MeasuredStore(Store):
    """A store that counts what is committed to it, and tells of each event near the head."""

    def __init__(
        self, pool: Pool, followed: Followed, figures: Figures, *, offline_after: timedelta, epoch: int | None
    ) -> None:
        super().__init__(pool, followed, offline_after=offline_after, epoch=epoch)
        self._figures = figures

    async def commit(self, expected: Cursor, segment: Segment) -> None:
        """Commit a segment, and count it."""
        began = time.monotonic()
        await self._figures.timed("commit", super().commit(expected, segment))
        self._figures.committed(expected, segment, seconds=time.monotonic() - began)
        if segment.refresh:
            event_log.tell(self._followed.chain, segment.facts)

    async def finalize(self, expected: Cursor, tip: Tip, *, final_through: int) -> None:
        """Note how far our blocks are final, and count the time."""
        await self._figures.timed("commit", super().finalize(expected, tip, final_through=final_through))

    async def refresh_state(self, expected: Cursor) -> None:
        """Bring state in line with all facts, and count the time."""
        await self._figures.timed("refresh", super().refresh_state(expected))


def _cause(error: Exception) -> str:
    if isinstance(error, RpcError):
        return outcome_of(error)
    return "fenced" if isinstance(error, Fenced) else "database"

"""
What is the same for whoever asks: all jobs and all providers in numbers, and where the chains stand.

    newest()    at most a second old, computed once for all who ask; nothing is computed while nobody does
    follow()    at once, and then whenever it is another, once a second at most

Both are there for each of `jobs`, `providers` and `chains`; `activity` is as young, and not followed. Each computation
reads one snapshot, ended with it, and keeps which blocks that held. What is told to all must not depend on who asks.
"""

from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self, TypeVar

from graphql_api import activity_queries, chain_queries, provider_queries
from graphql_api.activity import Interval, bounds_of
from graphql_api.broadcast import Broadcast
from graphql_api.computed import Computed
from graphql_api.job_totals import JobFigures, JobTotals
from graphql_api.keeping import Kept
from graphql_api.readiness import Patience, reason_not_ready
from graphql_api.rows import ActivityRow, CheckpointRow, GpuModelRow, ProviderTotalsRow
from graphql_api.snapshot import Snapshot
from graphql_api.watched import Watched
from models.feed import Entity
from runtime.database import Pool

Value = TypeVar("Value")

CHARTS_KEPT = 50
"""Intervals and lengths for which activity is kept, those asked for last."""


@dataclass(frozen=True, slots=True)
class ProviderFigures:
    """All providers in numbers, and those of each GPU model that most of them have."""

    totals: ProviderTotalsRow
    gpu_models: tuple[GpuModelRow, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the chains stand: it is another when one moved, paused, or became ready or unready."""

    checkpoints: tuple[CheckpointRow, ...] = field(compare=False)
    seen: tuple[object, ...]

    @classmethod
    def of(cls, checkpoints: list[CheckpointRow], patience: Patience) -> Self:
        """Return what the checkpoints say."""
        return cls(tuple(checkpoints), tuple(_seen(row, patience) for row in checkpoints))


class Statistics:
    """The numbers of one process."""

    def __init__(self, pool: Pool, broadcast: Broadcast, patience: Patience) -> None:
        self._pool = pool
        self._patience = patience
        jobs = Kept(self._read(partial(_computed, JobTotals().figures)))
        providers = Kept(self._read(partial(_computed, _provider_figures)))
        chains = Kept(self._read(self._standing))
        self._kept: list[Kept[Any]] = [jobs, providers, chains]
        self.jobs: Watched[Computed[JobFigures]] = Watched(jobs, broadcast, Entity.JOB)
        self.providers: Watched[Computed[ProviderFigures]] = Watched(providers, broadcast, Entity.PROVIDER)
        self.chains: Watched[Standing] = Watched(chains, broadcast, Entity.CHAIN, ages=True)
        self._activity: OrderedDict[tuple[Interval, int], Kept[Computed[list[ActivityRow]]]] = OrderedDict()

    @classmethod
    @asynccontextmanager
    async def over(cls, pool: Pool, broadcast: Broadcast, patience: Patience) -> AsyncIterator[Self]:
        """Yield the numbers of a database; what is still being computed in the end is given up."""
        statistics = cls(pool, broadcast, patience)
        try:
            yield statistics
        finally:
            for kept in (*statistics._kept, *statistics._activity.values()):
                await kept.close()

    async def activity(self, interval: Interval, last: int) -> Computed[list[ActivityRow]]:
        """Return what happened in the last intervals, oldest first; none before anything is indexed."""
        key = (interval, last)
        kept = self._activity.setdefault(key, Kept(self._read(partial(_activity, interval, last))))
        self._activity.move_to_end(key)
        if len(self._activity) > CHARTS_KEPT:
            self._activity.popitem(last=False)
        return (await kept.newest()).value

    def _read(self, compute: Callable[[Snapshot], Awaitable[Value]]) -> Callable[[], Awaitable[Value]]:
        async def read() -> Value:
            snapshot = Snapshot(self._pool)
            try:
                return await compute(snapshot)
            finally:
                await snapshot.close()

        return read

    async def _standing(self, snapshot: Snapshot) -> Standing:
        return Standing.of(await chain_queries.checkpoints(snapshot), self._patience)


def _seen(row: CheckpointRow, patience: Patience) -> tuple[object, ...]:
    stands = (row.chain, row.hash, row.state_through, row.finalized, row.final_through, row.head)
    return (*stands, row.paused_reason, reason_not_ready(row, patience) is None)


async def _computed(compute: Callable[[Snapshot], Awaitable[Value]], snapshot: Snapshot) -> Computed[Value]:
    return Computed(await compute(snapshot), await chain_queries.checkpoints(snapshot))


async def _activity(interval: Interval, last: int, snapshot: Snapshot) -> Computed[list[ActivityRow]]:
    checkpoints = await chain_queries.checkpoints(snapshot)
    if not checkpoints:
        return Computed([], ())
    bounds = bounds_of(interval, last, max(row.block_time for row in checkpoints))
    return Computed(await activity_queries.activity(snapshot, interval, bounds), checkpoints)


async def _provider_figures(snapshot: Snapshot) -> ProviderFigures:
    totals = await provider_queries.provider_totals(snapshot)
    return ProviderFigures(totals=totals, gpu_models=tuple(await provider_queries.gpu_models(snapshot)))

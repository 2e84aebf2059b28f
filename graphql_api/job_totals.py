"""
Count all jobs without reading them all: what was counted once is carried forward by the change feed.

    counted at position 40 ──+ what changes 41 to 57 took away and brought──► as of position 57

A full count of a million jobs is half a second of work for the database, a step like this a millisecond. What the feed
does not tell one by one (RESYNC, a feed of another lineage) is counted in full, and so is everything once a minute: a
repair of old facts that changes no job is seen by then.

What providers took is a sum over facts that only grow at their end: those that were final when we counted are not
read again.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from graphql_api import feed_queries, job_queries, total_queries
from graphql_api.rows import FeedRow, JobMoveRow, JobTotalsRow
from graphql_api.snapshot import Snapshot

FULL_SECONDS = 60.0
STEP_MAX = 20_000
"""Changes that are added up; where there are more, counting all jobs costs no more."""

Kind = tuple[str, str]
"""A status and a state of escrow."""


@dataclass(frozen=True, slots=True)
class JobFigures:
    """All jobs in numbers: how many and for how much, by status and escrow, and what providers took."""

    counts: Mapping[Kind, int]
    payments: Mapping[Kind, int]
    paid_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """What was counted as of a position of the feed; facts in blocks up to `paid_through` made `paid`."""

    epoch: UUID
    position: int
    counts: Counter[Kind]
    payments: Counter[Kind]
    paid_through: int
    paid: int
    full_at: float


class JobTotals:
    """The numbers of all jobs, each time a step further."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counted: _Counted | None = None

    async def figures(self, snapshot: Snapshot) -> JobFigures:
        """Return the numbers as of a snapshot. Raises `Declined`."""
        feed = await feed_queries.feed_extent(snapshot)
        counted = await self._step(snapshot, feed) or await self._count(snapshot, feed)
        recent = await total_queries.paid_above(snapshot, counted.paid_through)
        self._counted = counted
        return JobFigures(counts=+counted.counts, payments=+counted.payments, paid_out=counted.paid + recent)

    async def _step(self, snapshot: Snapshot, feed: FeedRow) -> _Counted | None:
        """Return what was counted last, carried forward; None where that cannot be."""
        last = self._counted
        if last is None or not self._can_step(last, feed):
            return None
        moves = await total_queries.job_moves(snapshot, after=last.position)
        if any(move.status is None for move in moves):
            return None
        return _Counted(
            epoch=feed.epoch,
            position=feed.position,
            counts=_moved(last.counts, {_kind(move): move.count for move in moves}),
            payments=_moved(last.payments, {_kind(move): int(move.payment) for move in moves}),
            paid_through=last.paid_through,
            paid=last.paid,
            full_at=last.full_at,
        )

    def _can_step(self, last: _Counted, feed: FeedRow) -> bool:
        return (
            last.epoch == feed.epoch
            and 0 <= feed.position - last.position <= STEP_MAX
            and self._clock() - last.full_at < FULL_SECONDS
        )

    async def _count(self, snapshot: Snapshot, feed: FeedRow) -> _Counted:
        full_at = self._clock()
        rows = await job_queries.job_totals(snapshot)
        final = await total_queries.paid_when_final(snapshot)
        return _Counted(
            epoch=feed.epoch,
            position=feed.position,
            counts=Counter({_kind(row): row.count for row in rows}),
            payments=Counter({_kind(row): int(row.payment) for row in rows}),
            paid_through=final.through,
            paid=int(final.amount),
            full_at=full_at,
        )


def _kind(row: JobTotalsRow | JobMoveRow) -> Kind:
    return str(row.status), str(row.escrow)


def _moved(before: Counter[Kind], moves: Mapping[Kind, int]) -> Counter[Kind]:
    after = before.copy()
    after.update(moves)
    return after

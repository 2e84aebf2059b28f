"""
All that the simulation knows of the indexer: how it is run, what may be tuned, and what operators can ask of it.
"""

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from types import ModuleType
from typing import cast

import structlog

from chain.rpc import Rpc
from indexer import plan, program, store
from indexer.follower import Follower
from indexer.program import Source
from indexer.reader import Reader
from indexer.store import Store
from indexer.values import Followed
from models.requests import RequestKind
from models.values import Chain, ProofLevel
from runtime.database import Connection, Pool
from tests.simulation.database import SimulatedPool
from tests.simulation.endpoint import SimulatedTransport

LEVEL = ProofLevel.HASH
RECORDS_PROOFS = False
CAN_RESUME = False
CAN_REINDEX = False

TUNINGS: Sequence[tuple[ModuleType, str, tuple[int, ...]]] = (
    (plan, "NEAR_BLOCKS", (2, 8, 64)),
    (plan, "HEADERS_MAX", (3, 16, 128)),
    (plan, "RANGE_FIRST", (1, 7, 2000)),
    (plan, "PENDING_FACTS_MAX", (10, 250_000)),
    (store, "HEADERS_KEPT", (4, 512)),
)
"""Sizes that a small world must have smaller, to see what happens at their edges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the operator of a simulated process set."""

    sources: tuple[Source, ...]
    offline_after: timedelta
    level: ProofLevel


def tune(dice: Random, set_attribute: Callable[[ModuleType, str, int], None]) -> None:
    """Draw the sizes of a run."""
    for module, name, choices in TUNINGS:
        assert hasattr(module, name), f"{module.__name__} has no {name} any more"
        set_attribute(module, name, dice.choice(choices))


async def run_indexer(
    pool: SimulatedPool,
    transport: SimulatedTransport,
    settings: Settings,
    *,
    clock: Callable[[], float],
    stop: asyncio.Event,
) -> None:
    """Be an indexer until told to stop."""
    async with asyncio.TaskGroup() as group:
        for source in settings.sources:
            group.create_task(_follow(cast("Pool", pool), transport, source, settings, clock, stop))


async def _follow(
    pool: Pool,
    transport: SimulatedTransport,
    source: Source,
    settings: Settings,
    clock: Callable[[], float],
    stop: asyncio.Event,
) -> None:
    kept = Store(pool, source.followed, offline_after=settings.offline_after)
    async with Rpc(source.urls, transport=transport, clock=clock) as rpc:
        await program._establish(pool, rpc, source, stop, wait_seconds=math.inf)
        follower = Follower(Reader(rpc, source.followed), kept, clock=clock)
        await program._repeat(follower, source, stop, structlog.get_logger())


def source(followed: Followed, urls: Sequence[str], poll_seconds: float) -> Source:
    """Return how a chain is followed."""
    return Source(followed=followed, urls=tuple(urls), poll_seconds=poll_seconds)


async def request(connection: Connection, kind: RequestKind, chain: Chain, first_block: int | None = None) -> None:
    """Ask something of whoever indexes, as `lamda reindex` and `lamda resume` do."""
    await connection.execute(
        """
        insert into requests (kind, chain, first_block, repairs, requested_by) values (%s, %s, %s, %s, 'simulation')
        """,
        (kind, chain, first_block, kind is RequestKind.REINDEX),
    )


async def unfinished(connection: Connection) -> int:
    """Return how many requests nobody has answered."""
    row = await (await connection.execute("select count(*) from requests where finished_at is null")).fetchone()
    return int(row[0]) if row else 0

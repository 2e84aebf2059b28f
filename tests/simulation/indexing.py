"""
All that the simulation knows of the indexer: how it is run, what may be tuned, and what operators can ask of it.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, cast

from indexer import comparing, plan, program, request_store, rereading, store, window
from indexer.program import Outside, Source
from indexer.rereading import LEVEL
from indexer.values import Followed
from models.requests import RequestKind
from models.values import Chain, ProofLevel
from runtime import asking_store
from runtime.asking_store import NewRequest
from runtime.database import Connection, Pool
from tests.simulation.database import SimulatedPool
from tests.simulation.endpoint import SimulatedTransport
from tests.simulation.tuning import Tunings

CAN_ANSWER_REQUESTS: Final = True
PATIENCE_SECONDS: Final = 20.0

TUNINGS: Final[Tunings] = (
    (plan, "NEAR_BLOCKS", (2, 8, 64)),
    (plan, "HEADERS_MAX", (3, 16, 128)),
    (plan, "PENDING_FACTS_MAX", (10, 250_000)),
    (store, "HEADERS_KEPT", (4, 512)),
    (comparing, "COMPARED_FIRST", (1, 16)),
    (window, "READS_MAX", (1, 6)),
    (rereading, "PART_BLOCKS", (5, 2_000)),
)
"""Sizes that a small world must have smaller, to see what happens at their edges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the operator of a simulated process set."""

    sources: tuple[Source, ...]
    offline_after: timedelta


async def run_indexer(
    pool: SimulatedPool,
    transport: SimulatedTransport,
    settings: Settings,
    *,
    clock: Callable[[], float],
    stop: asyncio.Event,
) -> None:
    """Be an indexer until told to stop."""
    await program.index(
        cast("Pool", pool),
        settings.sources,
        stop,
        offline_after=settings.offline_after,
        wait_seconds=PATIENCE_SECONDS,
        outside=Outside(transport=transport, clock=clock),
    )


def source(
    followed: Followed, urls: Sequence[str], *, poll_seconds: float, history_proof: ProofLevel, head_proof: ProofLevel
) -> Source:
    """Return how a chain is followed."""
    return Source(
        followed=followed,
        urls=tuple(urls),
        poll_seconds=poll_seconds,
        history_proof=history_proof,
        head_proof=head_proof,
    )


def reindex(chain: Chain, first_block: int | None, level: ProofLevel) -> NewRequest:
    """Return what `lamda reindex` asks for; at a level that notices what befalls its chain."""
    kind, asked = RequestKind.REINDEX, max(level, LEVEL, key=list(ProofLevel).index)
    return NewRequest(
        kind=kind, chain=chain, first_block=first_block, level=asked, repairs=True, requested_by="simulation"
    )


def resume(chain: Chain) -> NewRequest:
    """Return what `lamda resume` asks for."""
    return NewRequest(kind=RequestKind.RESUME, chain=chain, requested_by="simulation")


async def ask(connection: Connection, request: NewRequest) -> None:
    """Ask something of whoever indexes."""
    await asking_store.insert(connection, request)


async def are_open(connection: Connection) -> bool:
    """Say whether there are requests that nobody has answered."""
    return bool(await request_store.all_open(connection))

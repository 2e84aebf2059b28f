"""
All that the simulation knows of the indexer: how it is run, what may be tuned, and what operators can ask of it.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from types import ModuleType
from typing import Final, cast

from psycopg import sql

from indexer import comparing, plan, program, store, window
from indexer.program import Outside, Source
from indexer.values import Followed
from models.requests import RequestKind
from models.state import JOBS, PROVIDERS
from models.values import Chain, ProofLevel
from runtime.database import Connection, Pool
from tests.simulation.database import SimulatedPool
from tests.simulation.endpoint import SimulatedTransport

PATIENCE_SECONDS: Final = 20.0

TUNINGS: Final[Sequence[tuple[ModuleType, str, tuple[int, ...]]]] = (
    (plan, "NEAR_BLOCKS", (2, 8, 64)),
    (plan, "HEADERS_MAX", (3, 16, 128)),
    (plan, "PENDING_FACTS_MAX", (10, 250_000)),
    (store, "HEADERS_KEPT", (4, 512)),
    (comparing, "COMPARED_FIRST", (1, 16)),
    (window, "READS_MAX", (1, 6)),
)
"""Sizes that a small world must have smaller, to see what happens at their edges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the operator of a simulated process set."""

    sources: tuple[Source, ...]
    offline_after: timedelta


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


async def request(connection: Connection, kind: RequestKind, chain: Chain, first_block: int | None = None) -> None:
    """Ask something of whoever indexes, as `lamda reindex` and `lamda resume` do."""
    await connection.execute(
        """
        insert into requests (kind, chain, first_block, repairs, requested_by) values (%s, %s, %s, %s, 'simulation')
        """,
        (kind, chain, first_block, kind is RequestKind.REINDEX),
    )


async def lose_facts(connection: Connection, chain: Chain, part: int) -> None:
    """Delete the final facts of every third block, as nobody should."""
    derivation = JOBS if chain is Chain.BSC else PROVIDERS
    for table, _ in derivation.facts:
        await connection.execute(
            sql.SQL(
                """
                delete from {} where mod(block_number, 3) = %s
                    and block_number <= (select final_through from checkpoints where chain = %s)
                """
            ).format(sql.Identifier(table)),
            (part, chain),
        )


async def final_through(connection: Connection, chain: Chain) -> int:
    """Return how far our blocks of a chain are final; -1 where we have none."""
    query = "select final_through from checkpoints where chain = %s"
    row = await (await connection.execute(query, (chain,))).fetchone()
    return int(row[0]) if row else -1


async def paused(connection: Connection) -> list[tuple[Chain, int | None]]:
    """Return the chains that wait for a person's word nobody has said yet, each with the fork where one is known."""
    rows = await connection.execute(
        """
        select chain, paused_fork from checkpoints
        where paused_reason is not null and not exists (
            select from requests where requests.chain = checkpoints.chain and finished_at is null
        ) order by chain
        """
    )
    return [(Chain(row[0]), row[1]) async for row in rows]


async def unfinished(connection: Connection) -> int:
    """Return how many requests nobody has answered."""
    row = await (await connection.execute("select count(*) from requests where finished_at is null")).fetchone()
    return int(row[0]) if row else 0

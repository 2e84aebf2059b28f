"""What a listener on the change feed sees of the checkpoints, and how many transactions a database had."""

import time
from dataclasses import dataclass, field
from typing import Any

import psycopg

from models.values import Chain
from runtime import feed

TICK_SECONDS = 0.2
"""A notification may be missed before the listener listens; no delay is measured by this."""


@dataclass
class Seen:
    """When each block of each chain was committed, as a listener saw it."""

    through: dict[Chain, int] = field(default_factory=lambda: dict.fromkeys(Chain, 0))
    at: dict[Chain, dict[int, float]] = field(default_factory=lambda: {chain: {} for chain in Chain})

    def note(self, numbers: dict[Chain, int]) -> None:
        """Take in how far the chains are committed now."""
        now = time.monotonic()
        for chain, number in numbers.items():
            self.at[chain] |= dict.fromkeys(range(self.through[chain] + 1, number + 1), now)
            self.through[chain] = max(self.through[chain], number)


async def listen(url: str, seen: Seen) -> None:
    """Look at the checkpoints whenever something was committed, until cancelled."""
    async with (
        await psycopg.AsyncConnection.connect(url, autocommit=True) as connection,
        feed.ticks(url, seconds=TICK_SECONDS) as ticks,
    ):
        async for _ in ticks:
            seen.note(await _checkpoints(connection))


async def committed(url: str) -> dict[Chain, int]:
    """Return how far each chain is committed."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        return await _checkpoints(connection)


async def transactions(url: str) -> int:
    """Return how many transactions that wrote the cluster has had: reading takes no number."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        row = await (
            await connection.execute("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        ).fetchone()
    assert row is not None
    return int(row[0])


async def _checkpoints(connection: psycopg.AsyncConnection[Any]) -> dict[Chain, int]:
    rows = await connection.execute("select chain, number from checkpoints")
    return {Chain(row[0]): row[1] async for row in rows}

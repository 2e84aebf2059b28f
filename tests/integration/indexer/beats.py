"""Heartbeats put where the test wants them: opBNB as our tables hold it, a block every quarter of a second."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from indexer.heartbeat_store import ensure_partitions
from models.onchain import HEARTBEAT_PARTITION_BLOCKS
from models.state import PROVIDERS
from models.values import checksum_address
from runtime import state_store
from runtime.database import Connection

DAWN = datetime(2026, 1, 1, tzinfo=UTC)
OFFLINE_AFTER = timedelta(minutes=12)
PARTITION = timedelta(seconds=HEARTBEAT_PARTITION_BLOCKS / 4)
LOG_INDEX = count()


def at(days: float = 0, seconds: float = 0) -> datetime:
    """Return a moment so long after the dawn."""
    return DAWN + timedelta(days=days, seconds=seconds)


def block_at(moment: datetime) -> int:
    """Return the number of the block of a moment."""
    return int((moment - DAWN).total_seconds() * 4)


def somebody(number: int) -> bytes:
    """Return a provider's address."""
    return number.to_bytes(20, "big")


async def beat(connection: Connection, who: int, *moments: datetime) -> None:
    """Let a provider beat."""
    blocks = [block_at(moment) for moment in moments]
    await ensure_partitions(connection, blocks)
    await connection.execute(
        "insert into addresses values (%s, %s) on conflict do nothing", (somebody(who), checksum_address(somebody(who)))
    )
    async with connection.cursor() as cursor:
        await cursor.executemany(
            """
            insert into node_heartbeat (
                block_number, log_index, block_hash, block_time, transaction_hash, provider, timestamp
            )
            values (%s, %s, '', %s, '', %s, 0)
            """,
            [(block, next(LOG_INDEX), moment, somebody(who)) for block, moment in zip(blocks, moments, strict=True)],
        )


async def stand_at(connection: Connection, moment: datetime, *, state_at: datetime | None = None) -> None:
    """Let our copy, all of it final, end at a moment; state may trail it."""
    number = block_at(moment)
    await connection.execute("delete from blocks")
    await connection.execute("insert into blocks values ('opbnb', %s, '', '', %s)", (number, moment))
    await connection.execute(
        """
        insert into checkpoints (
            chain, number, hash, block_time, state_through, finalized, final_through, head, updated_at,
            chain_id, genesis, contract_address, start_block
        )
        values ('opbnb', %(number)s, '', %(at)s, %(state)s, %(number)s, %(number)s, %(number)s, now(), 204, '', '', 0)
        on conflict (chain) do update set (number, block_time, state_through, finalized, final_through, head) =
            row(excluded.number, excluded.block_time, excluded.state_through, excluded.finalized,
                excluded.final_through, excluded.head)
        """,
        {"number": number, "at": moment, "state": number if state_at is None else block_at(state_at)},
    )


async def rebuild(connection: Connection, moment: datetime) -> None:
    """Refresh every provider, as of the copy's end."""
    await state_store.refresh_in_bulk(connection, PROVIDERS, PROVIDERS.every_key(), as_of(moment))


async def refresh(connection: Connection, moment: datetime, who: Sequence[int]) -> None:
    """Refresh some providers, as of the copy's end."""
    await state_store.refresh(connection, PROVIDERS, map(somebody, who), as_of(moment))


def as_of(moment: datetime) -> dict[str, Any]:
    """Return the parameters of a refresh at a moment."""
    return {"online_since": moment - OFFLINE_AFTER, "since": 0}


async def rows(connection: Connection, table: str) -> list[Any]:
    """Return every row of a table, `id` aside."""
    cursor = await connection.execute(f"select to_jsonb(it) - 'id' from {table} it order by 1")
    return [row[0] for row in await cursor.fetchall()]


async def days(connection: Connection) -> list[tuple[int, int, int, int]]:
    """Return who beat on which day after the dawn, how often, and for how many seconds that meant online."""
    cursor = await connection.execute(
        "select provider, day, beats, online_seconds from provider_days order by day, provider"
    )
    return [
        (int.from_bytes(row[0], "big"), (row[1] - DAWN.date()).days, row[2], row[3]) for row in await cursor.fetchall()
    ]

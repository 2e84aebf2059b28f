"""
Keep the heartbeats' partitions, `HEARTBEAT_PARTITION_BLOCKS` blocks each.

    made and attached before their first row comes ──► detached ──► dropped, once `retention_store` says so

A partition is known by its number: the first block of it, divided by that size.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import sql

from models.onchain import HEARTBEAT_PARTITION_BLOCKS
from runtime.database import Connection

TABLE = "node_heartbeat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """A partition: `attached` is whether the table has it, `leaving` whether somebody began to detach it."""

    number: int
    attached: bool
    leaving: bool

    @property
    def end(self) -> int:
        """Return the first block that is not in it any more."""
        return (self.number + 1) * HEARTBEAT_PARTITION_BLOCKS


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """Where a heartbeat stands."""

    block: int
    at: datetime


async def ensure_partitions(connection: Connection, block_numbers: Iterable[int]) -> None:
    """Make the partitions that these blocks' heartbeats go to, where they are missing."""
    for number in sorted({each // HEARTBEAT_PARTITION_BLOCKS for each in block_numbers}):
        if not await _exists(connection, number):
            # What attaching locks, before reading the table locks less: so nobody waits for us whom we wait for.
            await connection.execute(
                sql.SQL("lock table only {} in share update exclusive mode").format(sql.Identifier(TABLE))
            )
            if not await _exists(connection, number):
                await _create(connection, number)


def partition_name(number: int) -> str:
    """Return the name of a partition's table."""
    return f"{TABLE}_{number}"


async def partitions(connection: Connection) -> list[Partition]:
    """Return all partitions, oldest first, those too that were detached and not dropped."""
    rows = await connection.execute(
        """
        select substr(relname, length(%(table)s) + 2)::bigint, inhrelid is not null, coalesce(inhdetachpending, false)
        from pg_class left join pg_inherits on inhrelid = pg_class.oid
        where relnamespace = (select relnamespace from pg_class where oid = to_regclass(%(table)s))
            and relkind = 'r' and relname ~ ('^' || %(table)s || '_[0-9]+$')
        order by 1
        """,
        {"table": TABLE},
    )
    return [Partition(number=row[0], attached=row[1], leaving=row[2]) async for row in rows]


async def drop(connection: Connection, partition: Partition) -> None:
    """Drop a partition; outside of a transaction, so that readers and writers of others never wait for it."""
    table, name = sql.Identifier(TABLE), sql.Identifier(partition_name(partition.number))
    if partition.attached:
        how = sql.SQL("finalize" if partition.leaving else "concurrently")
        await connection.execute(sql.SQL("alter table {} detach partition {} {}").format(table, name, how))
    await connection.execute(sql.SQL("drop table {}").format(name))


async def first_beat_since(connection: Connection, moment: datetime, *, through: int) -> Beat | None:
    """
    Return the first heartbeat at or after a moment in the blocks up to `through`.

    Found by halving, over the primary key: block times never go back, and have no index of their own.
    """
    low, high = await _bounds(connection, through)
    found = None
    while low <= high:
        middle = (low + high) // 2
        beat = await _first_from(connection, middle)
        if beat is None or beat.at >= moment:
            found, high = beat, middle - 1
        else:
            low = beat.block + 1
    return found


async def _bounds(connection: Connection, through: int) -> tuple[int, int]:
    row = await _one(
        connection,
        "select coalesce(min(block_number), 0), coalesce(max(block_number), -1) from node_heartbeat"
        " where block_number <= %s",
        through,
    )
    return row[0], row[1]


async def _first_from(connection: Connection, block: int) -> Beat | None:
    rows = await connection.execute(
        """
        select block_number, block_time from node_heartbeat
        where block_number >= %s order by block_number, log_index limit 1
        """,
        (block,),
    )
    row = await rows.fetchone()
    return None if row is None else Beat(block=row[0], at=row[1])


async def _exists(connection: Connection, number: int) -> bool:
    return bool((await _one(connection, "select to_regclass(%s) is not null", partition_name(number)))[0])


async def _create(connection: Connection, number: int) -> None:
    name = sql.Identifier(partition_name(number))
    # Made first and attached then: `create … partition of` would lock out every reader of the whole table.
    await connection.execute(sql.SQL("create table {} (like {} including all)").format(name, sql.Identifier(TABLE)))
    await connection.execute(
        sql.SQL("alter table {} attach partition {} for values from ({}) to ({})").format(
            sql.Identifier(TABLE),
            name,
            sql.Literal(number * HEARTBEAT_PARTITION_BLOCKS),
            sql.Literal((number + 1) * HEARTBEAT_PARTITION_BLOCKS),
        )
    )


async def _one(connection: Connection, query: str, *parameters: Any) -> tuple[Any, ...]:
    """Return the row of a query that always has one."""
    (row,) = await (await connection.execute(query, parameters)).fetchall()
    return tuple(row)

"""Keep the heartbeats' partitions, `HEARTBEAT_PARTITION_BLOCKS` blocks each, made before their first row comes."""

from collections.abc import Iterable

from psycopg import sql

from models.onchain import HEARTBEAT_PARTITION_BLOCKS
from runtime.database import Connection

TABLE = "node_heartbeat"


async def ensure_partitions(connection: Connection, block_numbers: Iterable[int]) -> None:
    """Make the partitions that these blocks' heartbeats go to, where they are missing."""
    for part in sorted({number // HEARTBEAT_PARTITION_BLOCKS for number in block_numbers}):
        name = partition_name(part)
        row = await (await connection.execute("select to_regclass(%s)", (name,))).fetchone()
        if row is None or row[0] is None:
            await _create(connection, name, part)


def partition_name(part: int) -> str:
    """Return the name of the partition that begins at block `part` × `HEARTBEAT_PARTITION_BLOCKS`."""
    return f"{TABLE}_{part}"


async def _create(connection: Connection, name: str, part: int) -> None:
    # Made first and attached then: `create … partition of` would lock out every reader of the whole table.
    await connection.execute(
        sql.SQL("create table {} (like {} including all)").format(sql.Identifier(name), sql.Identifier(TABLE))
    )
    await connection.execute(
        sql.SQL("alter table {} attach partition {} for values from ({}) to ({})").format(
            sql.Identifier(TABLE),
            sql.Identifier(name),
            sql.Literal(part * HEARTBEAT_PARTITION_BLOCKS),
            sql.Literal((part + 1) * HEARTBEAT_PARTITION_BLOCKS),
        )
    )

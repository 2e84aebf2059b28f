"""What `lamda doctor` asks Postgres about itself, and about what the database was made for."""

from dataclasses import dataclass

import psycopg

from models.values import BlockId, Chain
from runtime.database import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Postgres about itself; `version` as it counts, `epoch_seconds` its clock."""

    version: int
    is_standby: bool
    epoch_seconds: float
    connections: int
    connections_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeFor:
    """What a chain's part of the database was made for, how far it is, and the newest of its blocks that is final."""

    genesis: bytes
    indexed: int
    final: BlockId | None


async def server(connection: Connection) -> Server:
    """Return what Postgres says of itself."""
    row = await (
        await connection.execute(
            """
            select current_setting('server_version_num')::int, pg_is_in_recovery(),
                extract(epoch from clock_timestamp())::float,
                (select count(*) from pg_stat_activity where backend_type = 'client backend')::int,
                current_setting('max_connections')::int
            """
        )
    ).fetchone()
    assert row is not None, "a query without a table returns a row"
    version, is_standby, epoch_seconds, connections, connections_max = row
    return Server(
        version=version,
        is_standby=is_standby,
        epoch_seconds=epoch_seconds,
        connections=connections,
        connections_max=connections_max,
    )


async def made_for(connection: Connection) -> dict[Chain, MadeFor]:
    """Return what each chain's part of the database was made for; nothing where there are no tables of ours yet."""
    try:
        rows = await (
            await connection.execute(
                """
                select checkpoints.chain, genesis, checkpoints.number, final_through, blocks.hash
                from checkpoints
                left join blocks on blocks.chain = checkpoints.chain and blocks.number = final_through
                """
            )
        ).fetchall()
    except psycopg.errors.UndefinedTable:
        await connection.rollback()
        return {}
    return {
        Chain(chain): MadeFor(
            genesis=genesis,
            indexed=number,
            final=None if block_hash is None else BlockId(number=final, hash=block_hash),
        )
        for chain, genesis, number, final, block_hash in rows
    }

"""What `lamda doctor` asks Postgres about itself, and about what the database was made for."""

from dataclasses import dataclass

import psycopg

from models.values import Chain
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
    """What a chain's part of the database was made for, and how far it is."""

    genesis: bytes
    indexed: int


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
        rows = await (await connection.execute("select chain, genesis, number from checkpoints")).fetchall()
    except psycopg.errors.UndefinedTable:
        await connection.rollback()
        return {}
    return {Chain(chain): MadeFor(genesis=bytes(genesis), indexed=number) for chain, genesis, number in rows}

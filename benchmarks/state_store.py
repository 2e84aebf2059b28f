"""Begin a chain, copy rows the plainest way, empty state and compute it anew, and ask how large everything is."""

from dataclasses import dataclass
from datetime import timedelta

from psycopg import sql

from benchmarks.state_history import BEGAN_BLOCK, FOLLOWED, History, header
from indexer.bulk_store import COLUMNS, copy_in
from indexer.identity_store import MadeFor, Start, claim
from indexer.values import Facts
from models.values import BlockId, Chain
from runtime import state_store
from runtime.database import Pool

OFFLINE_AFTER = timedelta(minutes=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A table or index and its size; `table` is the one it belongs to, a partition's the whole."""

    table: str
    name: str
    size: int


async def begin(pool: Pool, chain: Chain) -> None:
    """Let a chain's copy stand before its first block."""
    followed, before = FOLLOWED[chain], header(chain, BEGAN_BLOCK)
    made = MadeFor(
        chain_id=followed.chain_id,
        genesis=bytes(32),
        contract_address=followed.contract,
        start_block=followed.start_block,
    )
    block = BlockId(number=before.height, hash=before.hash_bytes)
    start = Start(before=block, parent_hash=before.parent_hash_bytes, time=before.time)
    async with pool.connection() as connection:
        await claim(connection, chain, made, start)


async def make_bare(pool: Pool) -> None:
    """Make tables of facts and state that have a primary key and nothing else."""
    keys = {**dict.fromkeys(COLUMNS, "block_number, log_index"), "jobs": "job_id", "providers": "wallet_address"}
    async with pool.connection() as connection:
        for table, key in keys.items():
            await connection.execute(
                sql.SQL("create table {} (like {}, primary key ({}))").format(
                    sql.Identifier(f"bare_{table}"), sql.Identifier(table), sql.SQL(key)
                )
            )


async def copy_bare(pool: Pool, facts: Facts) -> None:
    """Copy facts into bare tables, in one transaction."""
    async with pool.connection() as connection:
        for table, rows in facts.rows.items():
            await copy_in(connection, f"bare_{table}", COLUMNS[table], rows)


async def copy_state_bare(pool: Pool, chain: Chain) -> None:
    """Write the rows of state, as they are, into a bare table."""
    table = FOLLOWED[chain].derivation.table
    async with pool.connection() as connection:
        await connection.execute(
            sql.SQL("insert into {} select * from {}").format(sql.Identifier(f"bare_{table}"), sql.Identifier(table))
        )


async def rebuild(pool: Pool, history: History, chain: Chain, *, empty: bool) -> None:
    """Refresh all keys of a chain as its indexer does, of state that is there or was emptied before."""
    derivation = FOLLOWED[chain].derivation
    parameters = {"online_since": history.last(chain).time - OFFLINE_AFTER, "since": 0}
    async with pool.connection() as connection:
        await state_store.lock(connection, derivation, None)
        if empty:
            await connection.execute(sql.SQL("truncate {}").format(sql.Identifier(derivation.table)))
        await state_store.refresh_in_bulk(connection, derivation, derivation.every_key(), parameters)


async def settle(pool: Pool) -> None:
    """Do what autovacuum and the checkpointer would have done by and by."""
    async with pool.connection() as connection:
        await connection.set_autocommit(True)
        await connection.execute("vacuum analyze")
        await connection.execute("checkpoint")
        await connection.set_autocommit(False)


async def database_size(pool: Pool) -> int:
    """Return how many bytes the whole database takes, Postgres's own catalogs too."""
    async with pool.connection() as connection:
        (row,) = await (await connection.execute("select pg_database_size(current_database())")).fetchall()
    return int(row[0])


async def relations(pool: Pool) -> list[Relation]:
    """Return our tables and indexes, the largest first; those of partitions count as their table's."""
    async with pool.connection() as connection:
        rows = await connection.execute(
            """
            select whole.relname, coalesce(parent_index.relname, part_index.relname, whole.relname),
                sum(pg_relation_size(coalesce(part_index.oid, part.oid)))::bigint
            from pg_class part
            join pg_class whole on whole.oid = coalesce(pg_partition_root(part.oid), part.oid)
            cross join lateral (
                select null::oid as oid union all select indexrelid from pg_index where indrelid = part.oid
            ) its
            left join pg_class part_index on part_index.oid = its.oid
            left join pg_class parent_index on parent_index.oid = pg_partition_root(its.oid)
            where part.relkind = 'r' and part.relnamespace = 'public'::regnamespace
            group by 1, 2 having sum(pg_relation_size(coalesce(part_index.oid, part.oid))) > 0 order by 3 desc
            """
        )
        return [Relation(table=row[0], name=row[1], size=row[2]) async for row in rows]

"""Read whole tables, to compare one index with another."""

from typing import Any

from psycopg import sql

from indexer.decode import TABLES
from models import SQLModel
from runtime.database import Pool

Contents = dict[str, list[tuple[Any, ...]]]
STATE = {"jobs": "job_id", "providers": "wallet_address"}


async def contents(pool: Pool) -> Contents:
    """Return every row of facts and state, `id` aside, in a fixed order."""
    tables: Contents = {}
    async with pool.connection() as connection:
        for table in TABLES.values():
            rows = await connection.execute(
                sql.SQL("select * from {} order by block_number, log_index").format(sql.Identifier(table))
            )
            tables[table] = await rows.fetchall()
        for table, key in STATE.items():
            rows = await connection.execute(
                sql.SQL("select to_jsonb({}) - 'id' from {} order by {}").format(
                    sql.Identifier(table), sql.Identifier(table), sql.Identifier(key)
                )
            )
            tables[table] = await rows.fetchall()
    return tables


async def everything(pool: Pool) -> Contents:
    """Return every row of every table, as it is."""
    tables: Contents = {}
    async with pool.connection() as connection:
        for table in SQLModel.metadata.tables:
            rows = await connection.execute(
                sql.SQL("select to_jsonb({}) from {} order by 1").format(sql.Identifier(table), sql.Identifier(table))
            )
            tables[table] = await rows.fetchall()
    return tables


async def one(pool: Pool, query: str, *parameters: Any) -> tuple[Any, ...]:
    """Return the only row of a query."""
    async with pool.connection() as connection:
        rows = await (await connection.execute(query, parameters)).fetchall()
    assert len(rows) == 1, rows
    return tuple(rows[0])


async def gaps_in_feed(pool: Pool) -> int:
    """Return how many positions that were handed out are not there."""
    row = await one(
        pool, "select position - (select count(*) from changes), (select max(position) from changes) from feed"
    )
    assert row[1] is not None, "nothing was ever committed"
    return int(row[0])

"""
Hold blocks that were read again beside the live tables, and find where the two differ.

    staged_<fact table>, staged_addresses, staged_blocks    what the chain says now
    differing                                               one row for each fact that is missing, surplus or changed

All are temporary tables of one connection: they vanish with its session, however that ends. The blocks are final, so
nobody writes to their facts meanwhile, and they are compared before any lock is taken; what follows from it is
`rereading_commit_store`'s business.
"""

from collections.abc import Iterable, Sequence

from psycopg import sql

from chain.wire import Header
from indexer.bulk_store import COLUMNS, columns_of, copy_in
from indexer.decode import KEYLESS, TABLES
from indexer.rereading_values import Counts, Difference, DifferenceKind
from indexer.values import Facts, Followed
from models.values import BlockRange, checksum_address
from runtime.database import Connection

EXAMPLES = 5
"""How many differences of each table are told one by one."""

PLACE = ("block_number", "log_index")


async def prepare(connection: Connection, followed: Followed) -> None:
    """Make the tables to read into."""
    for table in [*tables_of(followed), "addresses", "blocks"]:
        await connection.execute(
            sql.SQL("create temporary table {} (like {} including defaults)").format(
                _staged(table), sql.Identifier(table)
            )
        )
    await connection.execute(
        """
        create temporary table differing (
            fact_table text, kind text, block_number bigint, log_index integer, our_key bytea, their_key bytea
        )
        """
    )


async def stage(connection: Connection, followed: Followed, facts: Facts, headers: Iterable[Header]) -> None:
    """Put facts and headers beside the live tables."""
    for table, rows in facts.rows.items():
        await copy_in(connection, f"staged_{table}", COLUMNS[table], rows)
    addresses = [(address, checksum_address(address)) for address in facts.addresses]
    await copy_in(connection, "staged_addresses", columns_of("addresses"), addresses)
    rows = [
        (followed.chain.value, header.height, header.hash_bytes, header.parent_hash_bytes, header.time)
        for header in headers
    ]
    await copy_in(connection, "staged_blocks", columns_of("blocks"), rows)


async def compare(connection: Connection, followed: Followed, blocks: BlockRange) -> None:
    """Note each fact of the blocks that differs between the live tables and those beside them."""
    for table in tables_of(followed):
        await connection.execute(sql.SQL("analyze {}").format(_staged(table)))
        await connection.execute(_comparison(table), {"table": table, "first": blocks.first, "last": blocks.last})
    await connection.execute("analyze differing")


async def counts(connection: Connection) -> dict[str, Counts]:
    """Return how many facts of each table differ, in each way."""
    rows = await connection.execute(
        """
        select fact_table, count(*) filter (where kind = 'MISSING'), count(*) filter (where kind = 'SURPLUS'),
            count(*) filter (where kind = 'CHANGED')
        from differing group by fact_table order by fact_table
        """
    )
    return {row[0]: Counts(missing=row[1], surplus=row[2], changed=row[3]) async for row in rows}


async def examples(connection: Connection) -> tuple[Difference, ...]:
    """Return the first few differences of each table, in the order of the chain."""
    rows = await connection.execute(
        """
        select fact_table, kind, block_number, log_index, '0x' || encode(coalesce(their_key, our_key), 'hex')
        from (
            select *, row_number() over (partition by fact_table order by block_number, log_index) as place
            from differing
        ) ranked
        where place <= %s order by fact_table, place
        """,
        (EXAMPLES,),
    )
    return tuple(
        [
            Difference(table=row[0], kind=DifferenceKind(row[1]), block_number=row[2], log_index=row[3], key=row[4])
            async for row in rows
        ]
    )


async def leave_out_heartbeats_below(connection: Connection, number: int) -> None:
    """Drop the differences of heartbeats that were folded into days: our tables do not have them any more."""
    await connection.execute(
        "delete from differing where fact_table = %s and block_number < %s", (TABLES["NodeHeartbeat"], number)
    )


def tables_of(followed: Followed) -> Sequence[str]:
    """Return the fact tables that a chain feeds."""
    keyless = [TABLES[event] for event in KEYLESS] if followed.contract_name == "NodeReputation" else []
    return [*(table for table, _ in followed.derivation.facts), *keyless]


def _staged(table: str) -> sql.Identifier:
    return sql.Identifier(f"staged_{table}")


def _comparison(table: str) -> sql.Composed:
    names = [name for name, _ in COLUMNS[table]]
    values = [name for name in names if name not in PLACE]

    def row(of: str) -> sql.Composed:
        return sql.SQL(", ").join(sql.Identifier(of, name) for name in values)

    return sql.SQL(
        """
        insert into differing
        select %(table)s,
            case when ours.block_hash is null then 'MISSING' when theirs.block_hash is null then 'SURPLUS'
                else 'CHANGED' end,
            block_number, log_index, {our_key}, {their_key}
        from (select * from {table} where block_number between %(first)s and %(last)s) ours
        full join {staged} theirs using (block_number, log_index)
        where row({our_row}) is distinct from row({their_row})
        """
    ).format(
        our_key=_key("ours", table),
        their_key=_key("theirs", table),
        table=sql.Identifier(table),
        staged=_staged(table),
        our_row=row("ours"),
        their_row=row("theirs"),
    )


def _key(of: str, table: str) -> sql.Composable:
    """Return what a fact is about: its first decoded column, but for those whose state nobody keeps."""
    if table in {TABLES[event] for event in KEYLESS}:
        return sql.SQL("null")
    return sql.Identifier(of, COLUMNS[table][5][0])

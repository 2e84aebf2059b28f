"""
Commit blocks, and read back where we are.

    one transaction:  checkpoint, fenced by its own number and hash
                      → facts above the fork deleted
                      → facts and headers copied in
                      → keys locked, state refreshed
                      → change feed appended, its counter last

Two writers can never interleave: whoever finds the checkpoint moved touches no row and is told `Fenced`.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from psycopg import sql
from sqlalchemy import BigInteger, DateTime, Integer, LargeBinary, Numeric, Text

from indexer.decode import KEYLESS, TABLES
from indexer.heartbeat_store import ensure_partitions
from indexer.values import Cursor, Facts, Followed, Segment
from models import SQLModel
from models.feed import ChangeKind, Entity
from models.values import BlockId, checksum_address
from runtime import feed, state_store
from runtime.database import Connection, Pool
from runtime.feed import Change

HEADERS_KEPT = 512
"""How many headers below the cursor stay, whatever is final."""

_WIRE_TYPES: Final = {
    BigInteger: "int8",
    Integer: "int4",
    LargeBinary: "bytea",
    DateTime: "timestamptz",
    Numeric: "numeric",
    Text: "text",
}


def _columns(table: str) -> tuple[tuple[str, str], ...]:
    return tuple(
        (column.name, next(name for kind, name in _WIRE_TYPES.items() if isinstance(column.type, kind)))
        for column in SQLModel.metadata.tables[table].columns
    )


COLUMNS: Final = {table: _columns(table) for table in TABLES.values()}
"""The columns of each fact table with their binary types, in the order that rows have."""


class Fenced(Exception):
    """Another writer moved the checkpoint: what we read is no longer what stands there."""


class Store:
    """One chain's part of the database."""

    def __init__(self, pool: Pool, followed: Followed, *, offline_after: timedelta) -> None:
        self._pool = pool
        self._followed = followed
        self._offline_after = offline_after

    async def cursor(self) -> Cursor:
        """Return where our copy stands."""
        async with self._pool.connection() as connection:
            row = await (
                await connection.execute(
                    """
                    select number, hash, state_through, final_through, paused_reason from checkpoints where chain = %s
                    """,
                    (self._followed.chain,),
                )
            ).fetchone()
        assert row is not None, "indexer.identity creates the checkpoint before anyone follows"
        return Cursor(
            block=BlockId(number=row[0], hash=row[1]), state_through=row[2], final_through=row[3], paused_reason=row[4]
        )

    async def blocks_since(self, number: int) -> list[BlockId]:
        """Return the blocks we hold from `number` on, oldest first."""
        async with self._pool.connection() as connection:
            rows = await connection.execute(
                "select number, hash from blocks where chain = %s and number >= %s order by number",
                (self._followed.chain, number),
            )
            return [BlockId(number=row[0], hash=row[1]) async for row in rows]

    async def commit(self, expected: Cursor, segment: Segment) -> None:
        """Commit a segment in one transaction. Raises `Fenced` if the checkpoint is not where `expected` says."""
        async with self._pool.connection() as connection, connection.transaction():
            await self._move_checkpoint(connection, expected, segment)
            undone = await self._delete_above(connection, segment.fork.number, expected.number)
            await self._copy_facts(connection, segment.facts)
            await self._copy_headers(connection, segment)
            changes = [_progress(self._followed, segment)]
            if segment.refresh:
                changes = await self._refresh(connection, segment, undone) + changes
            await feed.append(connection, changes)

    async def refresh_state(self, expected: Cursor) -> None:
        """Bring state in line with all facts up to the cursor, in one transaction. Raises `Fenced` like `commit`."""
        derivation = self._followed.derivation
        async with self._pool.connection() as connection, connection.transaction():
            row = await (
                await connection.execute(
                    """
                    update checkpoints set state_through = number, updated_at = now()
                    where chain = %s and number = %s and hash = %s returning block_time
                    """,
                    (self._followed.chain, expected.number, expected.block.hash),
                )
            ).fetchone()
            if row is None:
                raise Fenced(self._followed.chain)
            parameters = self._parameters(row[0], since=expected.state_through)
            first_time = expected.state_through < self._followed.start_block
            scope = derivation.every_key() if first_time else derivation.keys_since()
            if derivation.stale and not first_time:
                scope = f"{scope} union {derivation.stale}"
            await state_store.lock(connection, derivation, None)
            changes = await state_store.refresh_in_bulk(connection, derivation, scope, parameters)
            await feed.append(connection, changes)

    async def pause(self, reason: str) -> None:
        """Stop this chain until a person decides; readers see the reason."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(
                "update checkpoints set paused_reason = %s where chain = %s", (reason, self._followed.chain)
            )
            after = {"paused_reason": reason}
            key = self._followed.chain.value
            await feed.append(connection, [Change(entity=Entity.CHAIN, kind=ChangeKind.UPDATED, key=key, after=after)])

    async def _move_checkpoint(self, connection: Connection, expected: Cursor, segment: Segment) -> None:
        moved = await connection.execute(
            """
            update checkpoints set
                number = %(number)s, hash = %(hash)s, block_time = %(time)s,
                finalized = greatest(finalized, %(finalized)s),
                final_through = greatest(final_through, least(%(finalized)s, %(number)s)),
                head = %(head)s, updated_at = now(),
                state_through = case when %(refresh)s then %(number)s else least(state_through, %(fork)s) end
            where chain = %(chain)s and number = %(expected)s and hash = %(expected_hash)s
            """,
            {
                "chain": self._followed.chain,
                "expected": expected.number,
                "expected_hash": expected.block.hash,
                "number": segment.last.number,
                "hash": segment.last.hash,
                "time": segment.last_time,
                "finalized": segment.tip.finalized,
                "head": segment.tip.number,
                "refresh": segment.refresh,
                "fork": segment.fork.number,
            },
        )
        if moved.rowcount != 1:
            raise Fenced(self._followed.chain)

    async def _delete_above(self, connection: Connection, fork: int, cursor: int) -> frozenset[bytes]:
        if fork == cursor:
            return frozenset()
        await connection.execute("delete from blocks where chain = %s and number > %s", (self._followed.chain, fork))
        undone: set[bytes] = set()
        for table, key in self._tables():
            deleted = await connection.execute(
                sql.SQL("delete from {} where block_number > %s returning {}").format(
                    sql.Identifier(table), sql.Identifier(key)
                ),
                (fork,),
            )
            if TABLES["OwnershipTransferred"] != table:
                undone.update([row[0] async for row in deleted])
        return frozenset(undone)

    def _tables(self) -> list[tuple[str, str]]:
        facts = list(self._followed.derivation.facts)
        if self._followed.contract_name == "NodeReputation":
            facts += [(TABLES[event], "new_owner") for event in KEYLESS]
        return facts

    async def _copy_facts(self, connection: Connection, facts: Facts) -> None:
        if facts.addresses:
            await connection.execute(
                """
                insert into addresses (address, checksum)
                select * from unnest(%s::bytea[], %s::text[]) on conflict do nothing
                """,
                (ordered := sorted(facts.addresses), [checksum_address(address) for address in ordered]),
            )
        if beats := facts.rows.get(TABLES["NodeHeartbeat"]):
            await ensure_partitions(connection, {row[0] for row in beats})
        for table, rows in facts.rows.items():
            await _copy(connection, table, COLUMNS[table], rows)

    async def _copy_headers(self, connection: Connection, segment: Segment) -> None:
        rows = [
            (self._followed.chain.value, header.height, header.hash_bytes, header.parent_hash_bytes, header.time)
            for header in segment.headers
        ]
        await _copy(connection, "blocks", _columns("blocks"), rows)
        await connection.execute(
            """
            delete from blocks where chain = %(chain)s and number < (
                select least(final_through, number - %(kept)s) from checkpoints where chain = %(chain)s
            )
            """,
            {"chain": self._followed.chain, "kept": HEADERS_KEPT},
        )

    async def _refresh(self, connection: Connection, segment: Segment, undone: frozenset[bytes]) -> list[Change]:
        derivation = self._followed.derivation
        parameters = self._parameters(segment.last_time)
        keys = segment.facts.keys | await self._stale(connection, parameters)
        await state_store.lock(connection, derivation, keys | undone)
        retracted = await state_store.refresh(connection, derivation, undone, parameters, by_reorg=True)
        return retracted + await state_store.refresh(connection, derivation, keys - undone, parameters)

    async def _stale(self, connection: Connection, parameters: dict[str, Any]) -> frozenset[bytes]:
        stale = self._followed.derivation.stale
        if stale is None:
            return frozenset()
        return frozenset([row[0] async for row in await connection.execute(stale, parameters)])

    def _parameters(self, block_time: datetime, *, since: int = 0) -> dict[str, Any]:
        return {"online_since": block_time - self._offline_after, "since": since}


async def _copy(
    connection: Connection, table: str, columns: Sequence[tuple[str, str]], rows: Iterable[tuple[Any, ...]]
) -> None:
    statement = sql.SQL("copy {} ({}) from stdin (format binary)").format(
        sql.Identifier(table), sql.SQL(", ").join(sql.Identifier(name) for name, _ in columns)
    )
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types([kind for _, kind in columns])
        for row in rows:
            await copy.write_row(row)


def _progress(followed: Followed, segment: Segment) -> Change:
    return Change(
        entity=Entity.CHAIN,
        kind=ChangeKind.UPDATED,
        key=followed.chain.value,
        after={"number": segment.last.number, "finalized": segment.tip.finalized, "head": segment.tip.number},
    )

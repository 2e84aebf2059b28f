"""
Commit blocks, and read back where we are.

    one transaction:  checkpoint, fenced by its own number and hash
                      → facts above the fork deleted
                      → facts and headers copied in
                      → keys locked, state refreshed
                      → change feed appended, its counter last

Two writers can never interleave: whoever finds the checkpoint moved touches no row and is told `Fenced`; whoever
no longer leads the chain is told `Superseded`.
"""

from datetime import datetime, timedelta
from typing import Any

from psycopg import sql

from indexer import index_store, proof_store
from indexer.bulk_store import COLUMNS, columns_of, copy_in
from indexer.decode import KEYLESS, TABLES
from indexer.heartbeat_store import ensure_partitions
from indexer.values import Cursor, Facts, Followed, Segment, Tip
from models.feed import ChangeKind, Entity
from models.values import BlockId, checksum_address
from runtime import feed, state_store
from runtime.database import Connection, Pool
from runtime.feed import Change

ADDRESSES_KNOWN_MAX = 50_000
"""Of how many addresses we remember that they are in the dictionary."""

HEADERS_KEPT = 512
"""How many headers below the cursor stay, whatever is final."""


class Fenced(Exception):
    """Another writer moved the checkpoint: what we read is no longer what stands there."""


class Superseded(Fenced):
    """Another indexer leads this chain now: this one may not write any more."""


class Store:
    """One chain's part of the database, written under the lease of an `epoch` where one is given."""

    def __init__(self, pool: Pool, followed: Followed, *, offline_after: timedelta, epoch: int | None = None) -> None:
        self._pool = pool
        self._followed = followed
        self._offline_after = offline_after
        self._epoch = epoch
        # What was committed before the checkpoint that fences us is there, for the dictionary only grows.
        self._addresses: set[bytes] = set()

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
            if not segment.refresh and expected.number < self._followed.start_block:
                await index_store.set_aside(connection, [*self._fact_tables(), self._followed.derivation.table])
            undone = await self._delete_above(connection, segment.fork.number, expected.number)
            await self._copy_facts(connection, segment.facts)
            await self._copy_headers(connection, segment)
            await proof_store.record(connection, self._followed.chain, segment.blocks, segment.level)
            changes = [self._progress(segment.last.number, segment.final_through, segment.tip)]
            if segment.refresh:
                reorged = segment.fork != expected.block
                changes = await self._refresh(connection, segment, undone, reorged=reorged) + changes
            await feed.append(connection, changes)
        if len(self._addresses) > ADDRESSES_KNOWN_MAX:
            self._addresses.clear()
        self._addresses |= segment.facts.addresses

    async def finalize(self, expected: Cursor, tip: Tip, *, final_through: int) -> None:
        """Note how far our blocks are final by the word of `tip`, whose head is our last block. Raises `Fenced`."""
        async with self._pool.connection() as connection, connection.transaction():
            moved = await connection.execute(
                """
                update checkpoints set
                    finalized = greatest(finalized, %(finalized)s), head = %(head)s, updated_at = now(),
                    final_through = greatest(final_through, %(final_through)s)
                where chain = %(chain)s and number = %(expected)s and hash = %(expected_hash)s
                    and leader_epoch = coalesce(%(epoch)s, leader_epoch)
                """,
                {
                    **self._fence(expected),
                    "finalized": tip.finalized,
                    "head": tip.number,
                    "final_through": final_through,
                },
            )
            if moved.rowcount != 1:
                raise await self._fenced(connection)
            await feed.append(connection, [self._progress(expected.number, final_through, tip)])

    async def refresh_state(self, expected: Cursor) -> None:
        """Bring state in line with all facts up to the cursor, in one transaction. Raises `Fenced` like `commit`."""
        derivation = self._followed.derivation
        async with self._pool.connection() as connection, connection.transaction():
            row = await (
                await connection.execute(
                    """
                    update checkpoints set state_through = number, updated_at = now()
                    where chain = %(chain)s and number = %(expected)s and hash = %(expected_hash)s
                        and leader_epoch = coalesce(%(epoch)s, leader_epoch)
                    returning block_time
                    """,
                    self._fence(expected),
                )
            ).fetchone()
            if row is None:
                raise await self._fenced(connection)
            parameters = self._parameters(row[0], since=expected.state_through)
            first_time = expected.state_through < self._followed.start_block
            scope = derivation.every_key() if first_time else derivation.keys_since()
            if derivation.stale and not first_time:
                scope = f"{scope} union {derivation.stale}"
            await index_store.make(connection, self._fact_tables())
            await state_store.lock(connection, derivation, None)
            changes = await state_store.refresh_in_bulk(connection, derivation, scope, parameters)
            await index_store.make(connection, [derivation.table])
            await feed.append(connection, changes)

    async def pause(self, expected: Cursor, reason: str, *, fork: int | None = None) -> None:
        """
        Stop this chain until a person decides; readers see the reason. Raises `Fenced` like `commit`.

        `fork` is the newest block that the chain still has, where it left ours below finality.
        """
        async with self._pool.connection() as connection, connection.transaction():
            paused = await connection.execute(
                """
                update checkpoints set paused_reason = %(reason)s, paused_fork = %(fork)s
                where chain = %(chain)s and number = %(expected)s and hash = %(expected_hash)s
                    and leader_epoch = coalesce(%(epoch)s, leader_epoch)
                """,
                {**self._fence(expected), "reason": reason, "fork": fork},
            )
            if paused.rowcount != 1:
                raise await self._fenced(connection)
            after = {"paused_reason": reason}
            key = self._followed.chain.value
            await feed.append(connection, [Change(entity=Entity.CHAIN, kind=ChangeKind.UPDATED, key=key, after=after)])

    async def _move_checkpoint(self, connection: Connection, expected: Cursor, segment: Segment) -> None:
        moved = await connection.execute(
            """
            update checkpoints set
                number = %(number)s, hash = %(hash)s, block_time = %(time)s,
                finalized = greatest(finalized, %(finalized)s),
                final_through = greatest(final_through, %(final_through)s),
                head = %(head)s, updated_at = now(),
                state_through = case when %(refresh)s then %(number)s else least(state_through, %(fork)s) end
            where chain = %(chain)s and number = %(expected)s and hash = %(expected_hash)s
                and leader_epoch = coalesce(%(epoch)s, leader_epoch)
            """,
            {
                **self._fence(expected),
                "number": segment.last.number,
                "hash": segment.last.hash,
                "time": segment.last_time,
                "finalized": segment.tip.finalized,
                "final_through": segment.final_through,
                "head": segment.tip.number,
                "refresh": segment.refresh,
                "fork": segment.fork.number,
            },
        )
        if moved.rowcount != 1:
            raise await self._fenced(connection)

    def _fence(self, expected: Cursor) -> dict[str, Any]:
        return {
            "chain": self._followed.chain,
            "expected": expected.number,
            "expected_hash": expected.block.hash,
            "epoch": self._epoch,
        }

    async def _fenced(self, connection: Connection) -> Fenced:
        """Return why a write found the checkpoint elsewhere."""
        query = "select leader_epoch, leader from checkpoints left join leases using (chain) where chain = %s"
        row = await (await connection.execute(query, (self._followed.chain,))).fetchone()
        if row is not None and self._epoch is not None and row[0] != self._epoch:
            return Superseded(f"{row[1]} leads {self._followed.chain} now")
        return Fenced(f"the checkpoint of {self._followed.chain} was moved by another writer")

    async def _delete_above(self, connection: Connection, fork: int, cursor: int) -> frozenset[bytes]:
        if fork == cursor:
            return frozenset()
        await connection.execute("delete from blocks where chain = %s and number > %s", (self._followed.chain, fork))
        # What comes in their place now may be less than what goes.
        await proof_store.forget_above(connection, self._followed.chain, fork)
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

    def _fact_tables(self) -> list[str]:
        return [table for table, _ in self._tables()]

    async def _copy_facts(self, connection: Connection, facts: Facts) -> None:
        if ordered := sorted(facts.addresses - self._addresses):
            await connection.execute(
                """
                insert into addresses (address, checksum)
                select * from unnest(%s::bytea[], %s::text[]) on conflict do nothing
                """,
                (ordered, [checksum_address(address) for address in ordered]),
            )
        if beats := facts.rows.get(TABLES["NodeHeartbeat"]):
            await ensure_partitions(connection, {row[0] for row in beats})
        for table, rows in facts.rows.items():
            await copy_in(connection, table, COLUMNS[table], rows)

    async def _copy_headers(self, connection: Connection, segment: Segment) -> None:
        rows = [
            (self._followed.chain.value, header.height, header.hash_bytes, header.parent_hash_bytes, header.time)
            for header in segment.headers
        ]
        await copy_in(connection, "blocks", columns_of("blocks"), rows)
        await connection.execute(
            """
            delete from blocks where chain = %(chain)s and number < (
                select least(final_through, number - %(kept)s) from checkpoints where chain = %(chain)s
            )
            """,
            {"chain": self._followed.chain, "kept": HEADERS_KEPT},
        )

    async def _refresh(
        self, connection: Connection, segment: Segment, undone: frozenset[bytes], *, reorged: bool
    ) -> list[Change]:
        derivation = self._followed.derivation
        parameters = self._parameters(segment.last_time)
        stale = await self._stale(connection, parameters)
        # Where a reorg moved block time, it is the reorg that brings providers back or takes them away.
        retracted, keys = (undone | stale, segment.facts.keys) if reorged else (undone, segment.facts.keys | stale)
        await state_store.lock(connection, derivation, keys | retracted)
        changes = await state_store.refresh(connection, derivation, retracted, parameters, by_reorg=True)
        return changes + await state_store.refresh(connection, derivation, keys - retracted, parameters)

    def _progress(self, number: int, final_through: int, tip: Tip) -> Change:
        after = {"number": number, "final_through": final_through, "finalized": tip.finalized, "head": tip.number}
        return Change(entity=Entity.CHAIN, kind=ChangeKind.UPDATED, key=self._followed.chain.value, after=after)

    async def _stale(self, connection: Connection, parameters: dict[str, Any]) -> frozenset[bytes]:
        stale = self._followed.derivation.stale
        if stale is None:
            return frozenset()
        return frozenset([row[0] async for row in await connection.execute(stale, parameters)])

    def _parameters(self, block_time: datetime, *, since: int = 0) -> dict[str, Any]:
        return {"online_since": block_time - self._offline_after, "since": since}

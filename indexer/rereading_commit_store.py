"""
Apply what differs, in one transaction.

    the checkpoint's row locked           nobody else writes this chain
    → surplus facts deleted, changed and missing ones written
    → on the word to follow another branch: all above the blocks deleted, the checkpoint moved down to them
    → keys locked in order, state refreshed: exactly those that differed
    → proofs and the request noted, the change feed appended, its counter last

Readers see all of it or nothing. Where nothing differed, no state is written. Effects (dispatches, credits) are never
written here: what follows from other facts is up to those who act on them.
"""

from datetime import timedelta
from typing import Any

from psycopg import sql

from indexer import index_store, proof_store, uptime_store
from indexer.bulk_store import COLUMNS
from indexer.decode import TABLES
from indexer.heartbeat_store import ensure_partitions
from indexer.rereading_store import PLACE, tables_of
from indexer.values import Followed
from models.feed import ChangeKind, Entity
from models.onchain import HEARTBEAT_PARTITION_BLOCKS
from models.values import BlockRange, ProofLevel
from runtime import feed, state_store
from runtime.database import Connection
from runtime.feed import Change

BULK_KEYS = 5_000
"""With more keys than these to refresh, the feed says RESYNC once and not one by one what changed."""


async def our_hash(connection: Connection, followed: Followed, number: int) -> bytes | None:
    """Return the hash of a block of ours, or None where we hold no header of it."""
    row = await (
        await connection.execute(
            """
            select hash from blocks where chain = %(chain)s and number = %(number)s
            union all select hash from checkpoints where chain = %(chain)s and number = %(number)s limit 1
            """,
            {"chain": followed.chain, "number": number},
        )
    ).fetchone()
    return None if row is None else bytes(row[0])


async def unfold_days(connection: Connection, *, taken_back_above: int | None) -> None:
    """Let days be folded anew that heartbeats count into which come, go or change; before they do."""
    row = await (
        await connection.execute(
            "select min(block_number) - 1 from differing where fact_table = %s", (TABLES["NodeHeartbeat"],)
        )
    ).fetchone()
    above = [number for number in (row and row[0], taken_back_above) if number is not None]
    if above:
        await uptime_store.unfold(connection, min(above))


async def apply_differences(connection: Connection, followed: Followed) -> None:
    """Make the facts of the live tables equal to those beside them."""
    await connection.execute("create temporary table touched (key bytea) on commit drop")
    await connection.execute(
        """
        insert into touched
        select our_key from differing where our_key is not null
        union select their_key from differing where their_key is not null
        """
    )
    await connection.execute(
        "insert into addresses select distinct * from staged_addresses order by address on conflict do nothing"
    )
    await _make_partitions(connection)
    for table in tables_of(followed):
        await connection.execute(
            sql.SQL(
                """
                delete from {table} fact using differing
                where differing.fact_table = {name} and kind = 'SURPLUS'
                    and (fact.block_number, fact.log_index) = (differing.block_number, differing.log_index)
                """
            ).format(table=sql.Identifier(table), name=sql.Literal(table))
        )
        await connection.execute(_write_staged(table))


async def take_back_above(connection: Connection, followed: Followed, number: int) -> int:
    """Delete the facts above a block, as a reorg does, and return how many there were."""
    undone = 0
    keys = dict(followed.derivation.facts)
    for table in tables_of(followed):
        deleted = sql.SQL("delete from {} where block_number > %s").format(sql.Identifier(table))
        if table in keys:
            deleted = sql.SQL("with gone as ({} returning {}) insert into touched select * from gone").format(
                deleted, sql.Identifier(keys[table])
            )
        undone += (await connection.execute(deleted, (number,))).rowcount
    return undone


async def follow_branch(connection: Connection, followed: Followed, *, fork: int, last: int, finalized: int) -> None:
    """Stand on the last block read, and hold the headers that were read above the fork instead of ours."""
    await connection.execute(
        """
        update checkpoints set
            number = theirs.number, hash = theirs.hash, block_time = theirs.time, finalized = %(finalized)s,
            final_through = theirs.number, state_through = least(state_through, theirs.number)
        from staged_blocks theirs where checkpoints.chain = %(chain)s and theirs.number = %(last)s
        """,
        {"chain": followed.chain, "last": last, "finalized": finalized},
    )
    await connection.execute("delete from blocks where chain = %s and number > %s", (followed.chain, fork))
    await connection.execute(
        "insert into blocks select * from staged_blocks where number > %s on conflict do nothing", (fork,)
    )
    await proof_store.forget_above(connection, followed.chain, last)


async def end_pause(connection: Connection, followed: Followed, *, final_through: int) -> Change:
    """Let the chain go on, with our blocks final as far as the chain holds them so; return the change to tell."""
    row = await (
        await connection.execute(
            """
            update checkpoints set final_through = %s, paused_reason = null, paused_fork = null, updated_at = now()
            where chain = %s returning number, final_through, finalized, head
            """,
            (final_through, followed.chain),
        )
    ).fetchone()
    assert row is not None, "the row is locked"
    after = dict(zip(("number", "final_through", "finalized", "head"), row, strict=True))
    return Change(
        entity=Entity.CHAIN,
        kind=ChangeKind.UPDATED,
        key=followed.chain.value,
        after={**after, "paused_reason": None},
    )


async def refresh(
    connection: Connection, followed: Followed, *, offline_after: timedelta, by_reorg: bool
) -> list[Change]:
    """Refresh the state of the keys whose facts differed, and of no others; return what changed."""
    derivation = followed.derivation
    parameters = await _parameters(connection, followed, offline_after)
    await index_store.make(connection, tables_of(followed))
    if by_reorg and derivation.stale is not None:
        # Block time went back with the checkpoint: some are online again.
        await connection.execute(
            sql.SQL("insert into touched select key from ({}) stale").format(sql.SQL(derivation.stale)),
            parameters,
        )
    row = await (await connection.execute("select count(distinct key) from touched")).fetchone()
    if row is not None and row[0] > BULK_KEYS:
        await state_store.lock(connection, derivation, None)
        return await state_store.refresh_in_bulk(connection, derivation, "select distinct key from touched", parameters)
    keys = [row[0] async for row in await connection.execute("select distinct key from touched")]
    await state_store.lock(connection, derivation, keys)
    return await state_store.refresh(connection, derivation, keys, parameters, by_reorg=by_reorg)


async def note_proof(
    connection: Connection, followed: Followed, blocks: BlockRange, level: ProofLevel, *, differed: bool
) -> None:
    """Note that what our tables hold of the blocks now is what was read."""
    note = proof_store.record if differed else proof_store.strengthen
    await note(connection, followed.chain, blocks, level)


async def tell(connection: Connection, changes: list[Change]) -> None:
    """Append to the feed; the last statement of the transaction."""
    await feed.append(connection, changes)


async def _make_partitions(connection: Connection) -> None:
    rows = await connection.execute(
        """
        select distinct block_number / %(size)s * %(size)s from differing
        where fact_table = %(table)s and kind <> 'SURPLUS'
        """,
        {"size": HEARTBEAT_PARTITION_BLOCKS, "table": TABLES["NodeHeartbeat"]},
    )
    await ensure_partitions(connection, [row[0] async for row in rows])


def _write_staged(table: str) -> sql.Composed:
    names = [name for name, _ in COLUMNS[table]]
    values = [name for name in names if name not in PLACE]
    return sql.SQL(
        """
        insert into {table} ({columns}) select {staged_columns} from {staged} staged
        join differing on differing.fact_table = {name} and kind <> 'SURPLUS'
            and (staged.block_number, staged.log_index) = (differing.block_number, differing.log_index)
        on conflict (block_number, log_index) do update set ({values}) = row({excluded})
        """
    ).format(
        table=sql.Identifier(table),
        columns=sql.SQL(", ").join(map(sql.Identifier, names)),
        staged_columns=sql.SQL(", ").join(sql.Identifier("staged", name) for name in names),
        staged=sql.Identifier(f"staged_{table}"),
        name=sql.Literal(table),
        values=sql.SQL(", ").join(map(sql.Identifier, values)),
        excluded=sql.SQL(", ").join(sql.Identifier("excluded", name) for name in values),
    )


async def _parameters(connection: Connection, followed: Followed, offline_after: timedelta) -> dict[str, Any]:
    row = await (
        await connection.execute("select block_time from checkpoints where chain = %s", (followed.chain,))
    ).fetchone()
    assert row is not None, "the row is locked"
    return {"online_since": row[0] - offline_after, "since": 0}

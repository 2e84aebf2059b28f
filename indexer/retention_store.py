"""Let go of what has been kept long enough: partitions of heartbeats, changes of the feed, finished requests."""

from datetime import timedelta

from indexer import heartbeat_store, uptime_store
from indexer.heartbeat_store import Partition
from models.values import Chain
from runtime.database import Connection

BATCH = 10_000
"""Changes deleted in one transaction."""


HOUSEKEEPING_LOCK = 7_041_204_705

PATIENCE = "5s"
"""How long a statement waits for others before it gives up, to be tried again later."""


async def begin(connection: Connection) -> bool:
    """Say whether this session may tidy: one at a time may. It then waits for nobody for long."""
    rows = await connection.execute(
        "select pg_try_advisory_lock(%s), set_config('lock_timeout', %s, false)", (HOUSEKEEPING_LOCK, PATIENCE)
    )
    (row,) = await rows.fetchall()
    return bool(row[0])


async def end(connection: Connection) -> None:
    """Let another session tidy, and be as patient as before."""
    await connection.execute("reset lock_timeout")
    await connection.execute("select pg_advisory_unlock_all()")


async def drop_heartbeats(connection: Connection, *, age: timedelta, offline_after: timedelta) -> Partition | None:
    """Drop the oldest partition if its heartbeats are all older than `age` and not needed; return it, or None."""
    # Never the newest: it is where the next heartbeat goes.
    candidates = (await heartbeat_store.partitions(connection))[:-1]
    if not candidates or not await _may_go(connection, candidates[0], age, offline_after):
        return None
    oldest = candidates[0]
    async with connection.transaction():
        # Who puts final heartbeats in or takes them out holds this row, and does not wait long for us.
        await connection.execute("select from checkpoints where chain = %s for update", (Chain.OPBNB,))
        if not await _may_go(connection, oldest, age, offline_after):
            return None
        # Said before it is done: a crash in between leaves more heartbeats than promised, never less.
        await connection.execute(
            "update checkpoints set heartbeats_from = greatest(heartbeats_from, %s) where chain = %s",
            (oldest.end, Chain.OPBNB),
        )
    await heartbeat_store.drop(connection, oldest)
    return oldest


async def forget_changes(connection: Connection, age: timedelta) -> int:
    """
    Delete a batch of the oldest changes, those before the first that is younger than `age`; return how many.

    The newest stays at any age: a reader behind it sees the gap, where an empty table would tell it nothing.
    """
    deleted = await connection.execute(
        """
        delete from changes where position in (
            select position from changes
            where position < coalesce(
                -- By position, not by time: a long transaction commits late what it began early, and only a feed
                -- that is cut at one place has no hole.
                (select position from changes where committed_at >= now() - %(age)s order by position limit 1),
                (select max(position) from changes)
            )
            order by position limit %(batch)s
        )
        """,
        {"age": age, "batch": BATCH},
    )
    return deleted.rowcount


async def forget_requests(connection: Connection, age: timedelta) -> int:
    """Delete the requests that finished longer ago than `age`; return how many."""
    deleted = await connection.execute("delete from requests where finished_at < now() - %s", (age,))
    return deleted.rowcount


async def _may_go(connection: Connection, partition: Partition, age: timedelta, offline_after: timedelta) -> bool:
    final = await uptime_store.ground(connection)
    if final is None or partition.end > min(final.final_through, final.state_through) + 1:
        return False
    # The next day to be folded takes in the last heartbeats before it.
    unfolded_from = await uptime_store.folded_until(connection) - offline_after
    kept_from = min(final.final_at - age, unfolded_from)
    kept = await heartbeat_store.first_beat_since(connection, kept_from, through=final.final_through)
    return kept is None or partition.end <= kept.block

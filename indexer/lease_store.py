"""
Keep who may write a chain: one leader at a time, by a lease that it renews.

    leader until 12:00:06, epoch 3 ──renews──► until 12:00:08 …
    standby: takes over when the time is up, as epoch 4; whatever still comes under epoch 3 is refused

A leader that dies is replaced at once, for its session with Postgres ends with it; one that is stopped keeps its
session, and its time runs out. The time is the database's, so clocks need not agree. The lease stands in the row that
every commit moves: a leader that was stopped and wakes up finds its epoch gone in the very statement that would have
let it write.
"""

from datetime import timedelta

from models.values import Chain
from runtime.database import Connection

LEASE = timedelta(seconds=6)


async def acquire(connection: Connection, chain: Chain, holder: str) -> int | None:
    """Return the epoch of a new lease, which lives by this connection, or None while another leads."""
    row = await (
        await connection.execute(
            """
            update checkpoints set
                leader = %(holder)s, leader_epoch = leader_epoch + 1, leader_session = pg_backend_pid(),
                leader_until = clock_timestamp() + %(lease)s
            where chain = %(chain)s and (
                leader_until is null or leader_until < clock_timestamp()
                or not exists (select from pg_stat_activity where pid = leader_session)
            )
            returning leader_epoch
            """,
            {"chain": chain, "holder": holder, "lease": LEASE},
        )
    ).fetchone()
    return None if row is None else int(row[0])


async def renew(
    connection: Connection, chain: Chain, epoch: int, *, blocks_per_second: float | None = None
) -> int | None:
    """Hold the lease longer by this connection; return the block we are at, or None when another has taken over."""
    row = await (
        await connection.execute(
            """
            update checkpoints set
                leader_until = clock_timestamp() + %(lease)s, leader_session = pg_backend_pid(),
                blocks_per_second = coalesce(%(rate)s, blocks_per_second)
            where chain = %(chain)s and leader_epoch = %(epoch)s and leader is not null
            returning number
            """,
            {"chain": chain, "epoch": epoch, "lease": LEASE, "rate": blocks_per_second},
        )
    ).fetchone()
    return None if row is None else int(row[0])


async def extend(connection: Connection, chain: Chain, epoch: int) -> None:
    """Hold the lease longer at the end of a long transaction, during which nobody could renew it."""
    await connection.execute(
        "update checkpoints set leader_until = clock_timestamp() + %s where chain = %s and leader_epoch = %s",
        (LEASE, chain, epoch),
    )


async def release(connection: Connection, chain: Chain, epoch: int) -> None:
    """Let the next one lead at once."""
    await connection.execute(
        """
        update checkpoints set leader = null, leader_session = null, leader_until = null
        where chain = %s and leader_epoch = %s
        """,
        (chain, epoch),
    )


async def leader(connection: Connection, chain: Chain) -> str | None:
    """Return who leads a chain now."""
    row = await (
        await connection.execute(
            "select leader from checkpoints where chain = %s and leader_until >= clock_timestamp()", (chain,)
        )
    ).fetchone()
    return None if row is None else row[0]

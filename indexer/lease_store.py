"""
Keep who may write a chain: one leader at a time, by a lease that it renews.

    leases       leader until 12:00:06, epoch 3 ──renews──► until 12:00:08 …
    checkpoints  leader_epoch 3: asked for by the statement that moves the checkpoint
    standby      takes over when the time is up, as epoch 4; whatever still comes under epoch 3 is refused

A leader that dies is replaced at once, for its session with Postgres ends with it; one that is stopped keeps its
session, and its time runs out. The time is the database's, so clocks need not agree. The lease is in a table of its
own, so that a long commit, which holds the checkpoint's row, keeps nobody from renewing it; and a leader that was
stopped in the middle of a commit holds that row for ever, until whoever takes over ends its session.
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
            insert into leases (chain, leader, epoch, session, until)
            values (%(chain)s, %(holder)s, 1, pg_backend_pid(), clock_timestamp() + %(lease)s)
            on conflict (chain) do update set
                leader = excluded.leader, epoch = leases.epoch + 1, session = excluded.session, until = excluded.until
            where leases.until is null or leases.until < clock_timestamp()
                or not exists (select from pg_stat_activity where pid = leases.session)
            returning epoch
            """,
            {"chain": chain, "holder": holder, "lease": LEASE},
        )
    ).fetchone()
    return None if row is None else int(row[0])


async def fence(connection: Connection, chain: Chain, epoch: int) -> None:
    """Refuse from now on what comes under an older epoch. Waits for the commit that holds the checkpoint's row."""
    await connection.execute(
        "update checkpoints set leader_epoch = %(epoch)s where chain = %(chain)s and leader_epoch < %(epoch)s",
        {"chain": chain, "epoch": epoch},
    )


async def end_those_before(connection: Connection, session: int) -> int:
    """End the sessions that a session waits for, and return how many: their owner's lease ran out."""
    row = await (
        await connection.execute(
            "select count(pg_terminate_backend(blocker)) from unnest(pg_blocking_pids(%s)) as blocker", (session,)
        )
    ).fetchone()
    return 0 if row is None else int(row[0])


async def renew(
    connection: Connection, chain: Chain, epoch: int, *, blocks_per_second: float | None = None
) -> int | None:
    """Hold the lease longer by this connection; return the block we are at, or None when another has taken over."""
    row = await (
        await connection.execute(
            """
            update leases set
                until = clock_timestamp() + %(lease)s, session = pg_backend_pid(),
                blocks_per_second = coalesce(%(rate)s, blocks_per_second)
            where chain = %(chain)s and epoch = %(epoch)s and leader is not null
            returning (select number from checkpoints where checkpoints.chain = leases.chain)
            """,
            {"chain": chain, "epoch": epoch, "lease": LEASE, "rate": blocks_per_second},
        )
    ).fetchone()
    return None if row is None else int(row[0])


async def release(connection: Connection, chain: Chain, epoch: int) -> None:
    """Let the next one lead at once."""
    await connection.execute(
        "update leases set leader = null, session = null, until = null where chain = %s and epoch = %s", (chain, epoch)
    )


async def leader(connection: Connection, chain: Chain) -> str | None:
    """Return who leads a chain now."""
    row = await (
        await connection.execute("select leader from leases where chain = %s and until >= clock_timestamp()", (chain,))
    ).fetchone()
    return None if row is None else row[0]

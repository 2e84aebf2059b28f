"""What totals are carried forward by: which jobs moved since, and what was paid out since."""

from psycopg import sql

from graphql_api.rows import AmountRow, JobMoveRow, PaidRow
from graphql_api.snapshot import Snapshot


async def job_moves(snapshot: Snapshot, *, after: int) -> list[JobMoveRow]:
    """Return how many jobs came to each status and escrow since a position, less those that left; see `JobMoveRow`."""
    query = sql.SQL(
        """
        with told as materialized (
            select kind, before, after from changes where position > %(after)s and entity = 'JOB'
        ),
        moves as (
            select after as job, 1 as sign from told where after is not null
            union all
            select before, -1 from told where before is not null
            union all
            select null, 0 from told where kind = 'RESYNC'
        )
        select job ->> 'status' as status, job ->> 'escrow' as escrow, sum(sign) as count,
            coalesce(sum(sign * (job ->> 'payment')::numeric), 0) as payment
        from moves group by 1, 2
        """
    )
    return await snapshot.fetch(query, {"after": after}, JobMoveRow)


async def paid_when_final(snapshot: Snapshot) -> PaidRow:
    """Return what providers took in blocks that are final, and the last of these. Uses payment_claimed_by_provider."""
    query = sql.SQL(
        """
        with final as materialized (
            select coalesce(max(final_through), -1) as through from checkpoints where chain = 'bsc'
        )
        select final.through,
            -- All, less those of the few blocks at the end: the sum of all needs an index only.
            (select coalesce(sum(amount), 0) from payment_claimed)
                - (select coalesce(sum(amount), 0) from payment_claimed where block_number > final.through) as amount
        from final
        """
    )
    return (await snapshot.fetch(query, {}, PaidRow))[0]


async def paid_above(snapshot: Snapshot, block: int) -> int:
    """Return what providers took in the blocks above one. Uses the primary key of payment_claimed."""
    query = sql.SQL("select coalesce(sum(amount), 0) as amount from payment_claimed where block_number > %(block)s")
    return int((await snapshot.fetch(query, {"block": block}, AmountRow))[0].amount)

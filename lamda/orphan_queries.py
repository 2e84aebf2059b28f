"""Jobs for which something was done that the chain does not have any more, left by a reorg deeper than finality."""

from psycopg.rows import class_row

from lamda.credit_page import Orphan
from lamda.credit_queries import SHOWN_MAX
from runtime.database import Pool


async def orphans(pool: Pool) -> list[Orphan]:
    """Return jobs that were credited without a confirmation on chain, or sent without a payment, the newest first."""
    async with pool.connection() as connection:
        cursor = connection.cursor(row_factory=class_row(Orphan))
        await cursor.execute(
            """
            with done as (
                select job_id, provider, settled_at as at, true as is_credited from credits
                where settled_at is not null
                    and not exists (select from job_confirmed fact where fact.job_id = credits.job_id)
                union all
                select job_id, provider, published_at, false from dispatches
                where attempt = 1 and published_at is not null
                    and not exists (select from job_created fact where fact.job_id = dispatches.job_id)
            )
            select job_id, provider, is_credited from (
                select distinct on (job_id) * from done order by job_id, is_credited desc
            ) jobs order by at desc limit %s
            """,
            (SHOWN_MAX,),
        )
        return await cursor.fetchall()

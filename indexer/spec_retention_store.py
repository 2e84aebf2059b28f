"""Tell specs whose job has come from those that still wait for one, and let go of what has waited too long."""

from datetime import timedelta

from models.state import JOBS
from models.values import Chain
from runtime import feed, state_store
from runtime.database import Connection

BATCH = 1_000
"""Specs dealt with in one transaction."""


async def note_jobs(connection: Connection) -> int:
    """Mark a batch of specs whose job is there and final, and return how many: they stay for good."""
    # Uses the index job_specs_waiting.
    marked = await connection.execute(
        """
        update job_specs marked set has_job = true
        from (
            select spec.job_id, spec.renter from job_specs spec
            where not spec.has_job and exists (
                select from job_created fact join checkpoints on chain = %(chain)s and block_number <= final_through
                where fact.job_id = spec.job_id and fact.renter = spec.renter
            ) limit %(batch)s
        ) here
        where marked.job_id = here.job_id and marked.renter = here.renter
        """,
        {"chain": Chain.BSC, "batch": BATCH},
    )
    return marked.rowcount


async def forget_waiting(connection: Connection, age: timedelta) -> int:
    """
    Delete a batch of specs whose job did not come within `age`, and return how many.

    How long they have waited goes by the chain's time as far as we have read it: while we are behind, the job may be in
    a block that we have not seen.
    """
    async with connection.transaction():
        rows = await connection.execute(
            f"select spec.job_id {_EXPIRED} order by spec.submitted_at limit %(batch)s",
            {"chain": Chain.BSC, "age": age, "batch": BATCH},
        )
        job_ids = sorted({row[0] for row in await rows.fetchall()})
        if not job_ids:
            return 0
        # A statement after the lock sees a job that has come meanwhile, and one handed in anew.
        await state_store.lock(connection, JOBS, job_ids)
        deleted = await connection.execute(
            f"""
            delete from job_specs gone using (
                select spec.job_id, spec.renter {_EXPIRED} and spec.job_id = any(%(ids)s::bytea[])
            ) expired
            where gone.job_id = expired.job_id and gone.renter = expired.renter
            """,
            {"chain": Chain.BSC, "age": age, "ids": job_ids},
        )
        await feed.append(connection, await state_store.refresh(connection, JOBS, job_ids, {}))
    return deleted.rowcount


_EXPIRED = """
from job_specs spec join checkpoints chain on chain.chain = %(chain)s
where not spec.has_job and spec.submitted_at < chain.block_time - %(age)s and not exists (
    select from job_created fact where fact.job_id = spec.job_id and fact.renter = spec.renter
)
"""

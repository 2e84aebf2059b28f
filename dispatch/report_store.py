"""Believe or refuse a report in one transaction, in which what we know of its job stands still."""

from collections.abc import Callable

from dispatch.job_values import Answered, Dispatched, Report, Said
from dispatch.judge import Accepted, Judgement
from dispatch.refusal_store import RefusalStore
from models.state import JOBS
from runtime import feed, state_store
from runtime.database import Connection, Pool

Judge = Callable[[Report, Dispatched | None], Judgement]


class ReportStore:
    """The reports of all jobs: those believed, and beside them how many were refused."""

    def __init__(self, pool: Pool) -> None:
        self.refusals = RefusalStore(pool)
        self._pool = pool

    async def take(self, report: Report, judge: Judge) -> Judgement:
        """Judge a report and keep it when it is believed, with the state it leads to."""
        async with self._pool.connection() as connection, connection.transaction():
            # Locked before it is read: of two reports on one job, the second sees the first.
            await state_store.lock(connection, JOBS, [report.job_id])
            job = await _find(connection, report.job_id)
            judgement = judge(report, job)
            if job is not None and isinstance(judgement, Accepted):
                await _keep(connection, report, job.provider, judgement.attempt)
                changes = await state_store.refresh(connection, JOBS, [report.job_id], {})
                await feed.append(connection, changes)
        return judgement


async def _find(connection: Connection, job_id: bytes) -> Dispatched | None:
    row = await (
        await connection.execute(
            """
            select fact.provider,
                exists (
                    -- While a reorg may take the settlement back, what the agent says may be needed yet.
                    select from (
                        select job_id, block_number from job_confirmed
                        union all select job_id, block_number from payment_claimed
                    ) settled
                    where settled.job_id = job.job_id and settled.block_number <= chain.final_through
                ),
                newest.attempt, newest.status,
                array(select token from dispatches
                    where job_id = job.job_id and provider = fact.provider order by attempt),
                array(select attempt from dispatches
                    where job_id = job.job_id and provider = fact.provider order by attempt),
                coalesce((select max(attempt) from dispatches where job_id = job.job_id and retry < again.number), 0)
            from jobs job
            join checkpoints chain on chain.chain = 'bsc'
            join job_created fact on fact.block_number = job.source_block and fact.log_index = job.source_log_index
            cross join lateral (
                select coalesce(max(number), 0) as number from retries where job_id = job.job_id
            ) again
            left join lateral (
                select attempt, status from agent_reports
                where job_id = job.job_id and provider = fact.provider and retry = again.number
                order by id desc limit 1
            ) newest on true
            where job.job_id = %s
            """,
            (job_id,),
        )
    ).fetchone()
    if row is None:
        return None
    provider, is_over, attempt, status, tokens, numbers, over_through = row
    answered = None if attempt is None else Answered(attempt=attempt, said=Said(status))
    attempts = dict(zip(tokens, numbers, strict=True))
    return Dispatched(
        provider=provider, attempts=attempts, answered=answered, is_over=is_over, over_through=over_through
    )


async def _keep(connection: Connection, report: Report, provider: bytes, attempt: int) -> None:
    await connection.execute(
        """
        insert into agent_reports (job_id, provider, attempt, retry, status, message, output_url, received_at)
        select job_id, %s, attempt, retry, %s, %s, %s, clock_timestamp()
        from dispatches where job_id = %s and attempt = %s
        """,
        (provider, report.said.value, report.message, report.output_url, report.job_id, attempt),
    )

"""
Tell the feed of open jobs whose reason has changed, in one transaction a page, and keep what was told.

Whoever reads a job computes its reason anew; what is kept here only says whether subscribers have been told. Pages
follow the index jobs_by_status, one status after the other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.reason import AgentFacts, DispatchFacts, JobFacts, ProviderFacts, Reason, Trouble
from models.state import JOBS
from models.values import EscrowStatus, JobStatus
from runtime import feed, state_store
from runtime.database import Connection, Pool

OPEN = (JobStatus.CREATED, JobStatus.ASSIGNED, JobStatus.RUNNING)
LOCK = 7_041_204_705
"""Held by whoever tells, so that two do not tell the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Behind which job of a status a page begins."""

    status: JobStatus
    block: int = -1
    log_index: int = -1


FIRST = Place(status=OPEN[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenJob:
    """A job that waits for somebody, what its reason follows from, and which reason was told last."""

    job_id: bytes
    place: Place
    facts: JobFacts
    now: datetime
    told: Reason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """A reason that subscribers have not been told yet."""

    job_id: bytes
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some open jobs, and what of them was told now."""

    jobs: Sequence[OpenJob]
    news: Sequence[News]


Decide = Callable[[Sequence[OpenJob]], Sequence[News]]


class ReasonStore:
    """The reasons of all open jobs, as they were told."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def tell(self, decide: Decide, place: Place, limit: int) -> Page | None:
        """
        Tell what `decide` finds to be news among the next jobs, and return both.

        Returns None where somebody else is telling now, or our copy of the chain is behind what is final.
        """
        async with self._pool.connection() as connection, connection.transaction():
            if not await _may_tell(connection):
                return None
            jobs = await _open_jobs(connection, place, limit)
            news = decide(jobs)
            if news:
                await _keep(connection, news)
                await feed.append(connection, await state_store.touch(connection, JOBS, [each.job_id for each in news]))
        return Page(jobs=jobs, news=news)

    async def forget(self) -> int:
        """Forget what was told of jobs that are open no more; return of how many."""
        async with self._pool.connection() as connection:
            gone = await connection.execute(
                """
                delete from told_reasons told
                where not exists (select from jobs job where job.job_id = told.job_id and job.status = any(%s))
                """,
                ([status.value for status in OPEN],),
            )
            return gone.rowcount


async def _may_tell(connection: Connection) -> bool:
    row = await (
        await connection.execute(
            """
            select pg_try_advisory_xact_lock(%s)
            from checkpoints where chain = 'bsc' and state_through >= finalized
            """,
            (LOCK,),
        )
    ).fetchone()
    return row is not None and bool(row[0])


async def _open_jobs(connection: Connection, place: Place, limit: int) -> list[OpenJob]:
    rows = await connection.execute(
        """
        with page as materialized (
            select * from jobs
            where status = %(status)s and (source_block, source_log_index) > (%(block)s, %(log_index)s)
            order by source_block, source_log_index limit %(limit)s
        )
        select job.job_id, job.status, job.source_block, job.source_log_index,
            job.has_spec, job.provider is not null, job.source_block <= chain.final_through, job.created_at,
            job.started_at, provider.is_online, provider.last_seen,
            sent.attempts, sent.first_sent_at, sent.last_sent_at, answered.at,
            agent.signed_in_at, coalesce(agent.barred_until > now(), false), nullif(agent.barred_until, 'infinity'),
            agent.barred_reason, told.reason, told.trouble, now()
        from page job
        join checkpoints chain on chain.chain = 'bsc'
        join job_created fact on fact.block_number = job.source_block and fact.log_index = job.source_log_index
        left join providers provider on provider.wallet_address = job.provider
        cross join lateral (
            select coalesce(max(number), 0) as number from retries where job_id = job.job_id
        ) again
        cross join lateral (
            select count(*) as attempts, min(published_at) as first_sent_at, max(published_at) as last_sent_at
            from dispatches where job_id = job.job_id and provider = fact.provider and retry = again.number
        ) sent
        cross join lateral (
            select min(received_at) as at from agent_reports
            where job_id = job.job_id and provider = fact.provider and retry = again.number
        ) answered
        left join agents agent on agent.address = fact.provider
        left join told_reasons told on told.job_id = job.job_id
        order by job.source_block, job.source_log_index
        """,
        {"status": place.status.value, "block": place.block, "log_index": place.log_index, "limit": limit},
    )
    return [_open_job(row) async for row in rows]


async def _keep(connection: Connection, news: Sequence[News]) -> None:
    await connection.execute(
        """
        insert into told_reasons (job_id, reason, trouble, told_at)
        select job_id, reason, trouble, now()
        from unnest(%s::bytea[], %s::text[], %s::text[]) as news (job_id, reason, trouble)
        on conflict (job_id) do update
            set reason = excluded.reason, trouble = excluded.trouble, told_at = excluded.told_at
        """,
        (
            [each.job_id for each in news],
            [each.reason.text for each in news],
            [each.reason.trouble and each.reason.trouble.value for each in news],
        ),
    )


def _open_job(row: tuple[Any, ...]) -> OpenJob:
    job_id, status, block, log_index, has_spec, is_assigned, is_final, created_at, started_at = row[:9]
    is_online, last_seen, attempts, first_sent_at, last_sent_at, acknowledged_at = row[9:15]
    signed_in_at, is_barred, barred_until, barred_reason, told, trouble, now = row[15:]
    facts = JobFacts(
        status=JobStatus(status),
        escrow=EscrowStatus.HELD,
        has_spec=has_spec,
        is_assigned=is_assigned,
        is_final=is_final,
        created_at=created_at,
        started_at=started_at,
        error=None,
        provider=None if is_online is None else ProviderFacts(is_online=is_online, last_seen=last_seen),
        dispatch=DispatchFacts(
            attempts=attempts,
            first_sent_at=first_sent_at,
            last_sent_at=last_sent_at,
            acknowledged_at=acknowledged_at,
        ),
        credit=None,
        agent=AgentFacts(
            signed_in_at=signed_in_at, is_barred=is_barred, barred_until=barred_until, barred_reason=barred_reason
        ),
    )
    return OpenJob(
        job_id=job_id,
        place=Place(status=JobStatus(status), block=block, log_index=log_index),
        facts=facts,
        now=now,
        told=None if told is None else Reason(text=told, trouble=Trouble(trouble) if trouble else None),
    )

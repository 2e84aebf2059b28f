"""
Decide attempts in Postgres before they are published, and write down that they were.

    due jobs ─► decide: an attempt with its token, committed ─► publish: sent, acknowledged, marked ─► shown as assigned

Whoever dies in between leaves an attempt without `published_at`, which the next to come publishes again under the same
message id. Rows are claimed with `for update skip locked`, so that several dispatchers share the work.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from nats.errors import Error

from dispatch import plan
from dispatch.job_values import Attempt, Spec, Waiting
from dispatch.verify import Claim
from models.state import JOBS
from runtime import feed, state_store
from runtime.database import Connection, Pool

Send = Callable[[Attempt, Spec], Awaitable[None]]

# The state of a job says whether its agent or the chain has spoken since. It uses the index jobs_by_status. While an
# indexer is behind what is final, a later block may hold the confirmation of a job that looks open here. A job that
# runs is due where its agent, who may have forgotten it, has signed in since it began, and after a long silence: its
# last word may have been lost. An attempt at another provider, from before a reindex put right who it is, is none; one
# that was decided while a retry was asked for may not know of it.
_DUE = """
from jobs job
join checkpoints chain on chain.chain = 'bsc' and chain.paused_reason is null
    and chain.state_through >= chain.finalized and job.source_block <= chain.final_through
join job_created fact on fact.block_number = job.source_block and fact.log_index = job.source_log_index
left join agents agent on agent.address = fact.provider
cross join lateral (
    select max(asked_at) as asked_at, coalesce(max(number), 0) as number from retries where job_id = job.job_id
) retry
left join lateral (
    select attempt, provider, retry, decided_at, published_at from dispatches
    where job_id = job.job_id order by attempt desc limit 1
) newest on true
where job.status in ('CREATED', 'ASSIGNED', 'RUNNING') and job.has_spec and job.provider is not null
    and (
        job.status <> 'RUNNING' or greatest(agent.signed_in_at, retry.asked_at) > job.started_at
        or greatest(job.started_at, newest.decided_at) + %(running_pause)s <= now()
    )
    and (
        newest.attempt is null
        or newest.provider <> fact.provider
        or newest.published_at is not null and (
            job.status <> 'RUNNING' and newest.decided_at
                + (%(pauses)s::interval[])[least(newest.attempt, cardinality(%(pauses)s::interval[]))] <= now()
            or job.status = 'RUNNING' and greatest(job.started_at, newest.decided_at) + %(running_pause)s <= now()
            or (greatest(agent.signed_in_at, retry.asked_at) > newest.decided_at or newest.retry < retry.number)
                and newest.decided_at + %(urgent_pause)s <= now()
                and not exists (
                    select from dispatches earlier
                    where earlier.job_id = job.job_id and earlier.attempt = newest.attempt - %(urgent_max)s + 1
                        and earlier.decided_at > now() - interval '1 hour'
                )
        )
    )
"""


class Outbox:
    """The attempts of all jobs; `pauses` are those between attempts."""

    def __init__(self, pool: Pool, pauses: Sequence[timedelta]) -> None:
        self._pool = pool
        self._due: dict[str, Any] = {
            "pauses": list(pauses),
            "running_pause": plan.RUNNING_PAUSE,
            "urgent_pause": plan.URGENT_PAUSE,
            "urgent_max": plan.URGENT_PER_HOUR_MAX,
        }

    async def waiting(self, limit: int, *, but: Collection[bytes] = ()) -> list[Waiting]:
        """Return jobs that are due for an attempt, those that never had one first, but not the named ones."""
        async with self._pool.connection() as connection:
            rows = await connection.execute(
                f"""
                select job.job_id, fact.renter, fact.provider, fact.payment,
                    fact.block_hash, fact.transaction_hash, fact.log_index, newest.attempt,
                    coalesce(newest.provider = fact.provider, false)
                {_DUE} and job.job_id <> all(%(but)s::bytea[])
                order by newest.decided_at nulls first, job.source_block, job.source_log_index limit %(limit)s
                """,
                {**self._due, "but": list(but), "limit": limit},
            )
            return [_waiting(row) async for row in rows]

    async def decide(self, attempts: Sequence[Attempt]) -> int:
        """Write down those attempts that are still due and that nobody else has decided; return how many."""
        if not attempts:
            return 0
        async with self._pool.connection() as connection:
            decided = await connection.execute(
                f"""
                with due as materialized (
                    select job.job_id, coalesce(newest.attempt, 0) + 1 as attempt, fact.provider,
                        retry.number as retry
                    {_DUE} and job.job_id = any(%(ids)s::bytea[]) for update of job skip locked
                )
                insert into dispatches (job_id, attempt, provider, token, decided_at, retry)
                select due.job_id, due.attempt, due.provider, ours.token, now(), due.retry
                from due join unnest(%(ids)s::bytea[], %(numbers)s::integer[], %(tokens)s::text[])
                    as ours (job_id, attempt, token) on ours.job_id = due.job_id and ours.attempt = due.attempt
                on conflict do nothing
                """,
                {
                    **self._due,
                    "ids": [attempt.job_id for attempt in attempts],
                    "numbers": [attempt.number for attempt in attempts],
                    "tokens": [attempt.token for attempt in attempts],
                },
            )
            return decided.rowcount

    async def publish(self, send: Send, limit: int) -> int:
        """
        Send attempts that nobody has seen acknowledged, mark those that now are, and return how many.

        Raises what `send` raised for one of them, after the others have been marked.
        """
        async with self._pool.connection() as connection, connection.transaction():
            claimed = await _claim(connection, limit)
            failures = await asyncio.gather(*(_send(send, each) for each in claimed))
            sent = [each.attempt for each, failure in zip(claimed, failures, strict=True) if failure is None]
            await _mark(connection, sent)
        for failure in failures:
            if failure is not None:
                raise failure
        return len(sent)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claimed:
    attempt: Attempt
    spec: Spec
    is_answered: bool


async def _claim(connection: Connection, limit: int) -> list[_Claimed]:
    """Hold unacknowledged attempts until the transaction ends, so that nobody else sends them meanwhile."""
    rows = await connection.execute(
        """
        select ours.job_id, ours.attempt, ours.provider, ours.token, ours.retry,
            spec.docker_image, spec.input_url, spec.output_bucket, spec.output_name, answered.is_so
        from dispatches ours
        join jobs job on job.job_id = ours.job_id
        join job_created fact on fact.block_number = job.source_block and fact.log_index = job.source_log_index
            and fact.provider = ours.provider
        join job_specs spec on spec.job_id = job.job_id and spec.renter = fact.renter
        cross join lateral (
            select exists (
                select from agent_reports report where report.job_id = ours.job_id and report.attempt = ours.attempt
            ) as is_so
        ) answered
        where ours.published_at is null and (job.status in ('CREATED', 'ASSIGNED', 'RUNNING') or answered.is_so)
        order by ours.decided_at limit %s for update of ours skip locked
        """,
        (limit,),
    )
    return [
        _Claimed(
            attempt=Attempt(job_id=row[0], number=row[1], provider=row[2], token=row[3], retry=row[4]),
            spec=Spec(docker_image=row[5], input_url=row[6], output_bucket=row[7], output_name=row[8]),
            is_answered=row[9],
        )
        async for row in rows
    ]


async def _send(send: Send, claimed: _Claimed) -> Error | None:
    """Send one attempt and return what kept it; one that has been answered did arrive, whatever we saw of it."""
    if claimed.is_answered:
        return None
    try:
        await send(claimed.attempt, claimed.spec)
    except Error as error:
        return error
    return None


async def _mark(connection: Connection, attempts: Sequence[Attempt]) -> None:
    if not attempts:
        return
    await connection.execute(
        """
        update dispatches set published_at = clock_timestamp()
        from unnest(%s::bytea[], %s::integer[]) as ours (job_id, attempt)
        where dispatches.job_id = ours.job_id and dispatches.attempt = ours.attempt
        """,
        ([attempt.job_id for attempt in attempts], [attempt.number for attempt in attempts]),
    )
    job_ids = [attempt.job_id for attempt in attempts]
    await state_store.lock(connection, JOBS, job_ids)
    await feed.append(connection, await state_store.refresh(connection, JOBS, job_ids, {}))


def _waiting(row: tuple[Any, ...]) -> Waiting:
    job_id, renter, provider, payment, block_hash, transaction_hash, log_index, attempts, is_repeat = row
    claim = Claim(
        event="JobCreated",
        block_hash=block_hash,
        transaction_hash=transaction_hash,
        log_index=log_index,
        arguments=(job_id, renter, provider, int(payment)),
    )
    return Waiting(claim=claim, provider=provider, attempts=attempts or 0, is_repeat=is_repeat)

"""
Every question about the life of a job: its spec, its dispatch, its credit, and what happened when.

Each is asked for many jobs at once. Facts that speak of a provider or a renter count only for the one whom the job
names, so they are asked for by both.
"""

from collections.abc import Mapping, Sequence

from psycopg import sql

from graphql_api.as_of import NOW, AsOf
from graphql_api.life_rows import CreditRow, DispatchRow, EventRow, OutputRow, SpecRow
from graphql_api.page_queries import columns
from graphql_api.past_queries import facts_as_of, through
from graphql_api.snapshot import Snapshot

JobOf = tuple[bytes, bytes]
"""A job and the renter, or the provider, whom it names."""

Parties = tuple[bytes, bytes, bytes]
"""A job with both its renter and its provider; the zero address where it names nobody."""


async def specs(snapshot: Snapshot, jobs: Sequence[JobOf]) -> Mapping[JobOf, SpecRow]:
    """Return the specs that the renters of jobs handed in."""
    query = sql.SQL(
        "select {} from unnest(%(ids)s::bytea[], %(renters)s::bytea[]) as asked (job_id, renter) "
        "join job_specs it using (job_id, renter)"
    ).format(columns(SpecRow))
    rows = await snapshot.fetch(query, {"ids": [job for job, _ in jobs], "renters": [who for _, who in jobs]}, SpecRow)
    return {(row.job_id, row.renter): row for row in rows}


async def outputs(snapshot: Snapshot, job_ids: Sequence[bytes]) -> Mapping[bytes, OutputRow]:
    """Return where agents put the results of jobs."""
    query = sql.SQL("select job_id, output_url from jobs where job_id = any(%(ids)s)")
    return {row.job_id: row for row in await snapshot.fetch(query, {"ids": list(job_ids)}, OutputRow)}


async def dispatches(snapshot: Snapshot, jobs: Sequence[JobOf]) -> Mapping[JobOf, DispatchRow]:
    """Return the attempts to hand jobs to their providers' agents since a retry; a job without any is missing."""
    query = dispatches_of(sql.SQL("unnest(%(ids)s::bytea[], %(providers)s::bytea[]) as asked (job_id, provider)"))
    asked = {"ids": [job for job, _ in jobs], "providers": [who for _, who in jobs]}
    return {(row.job_id, row.provider): row for row in await snapshot.fetch(query, asked, DispatchRow)}


def dispatches_of(asked: sql.Composable) -> sql.Composed:
    """Return the statement of the attempts since a retry for the jobs and providers of the relation `asked`."""
    return sql.SQL(
        """
        select asked.job_id, asked.provider, sent.attempts, sent.first_sent_at, sent.last_sent_at,
            (
                select min(received_at) from agent_reports report
                where report.job_id = asked.job_id and report.provider = asked.provider and report.retry = again.number
            ) as acknowledged_at,
            agent.signed_in_at, coalesce(agent.barred_until > now(), false) as is_barred,
            nullif(agent.barred_until, 'infinity') as barred_until, agent.barred_reason,
            now() as now
        from {}
        cross join lateral (
            select coalesce(max(number), 0) as number from retries where job_id = asked.job_id
        ) again
        cross join lateral (
            select count(*) as attempts, min(published_at) as first_sent_at, max(published_at) as last_sent_at
            from dispatches sent where sent.job_id = asked.job_id and sent.provider = asked.provider
                and sent.retry = again.number
        ) sent
        left join agents agent on agent.address = asked.provider
        where sent.attempts > 0
        """
    ).format(asked)


async def credits(  # noqa: A001  # Our word.
    snapshot: Snapshot, job_ids: Sequence[bytes], as_of: AsOf = NOW
) -> Mapping[bytes, CreditRow]:
    """Return the credits of jobs; a job without one is missing."""
    query = credits_of(sql.Placeholder("ids"), as_of)
    parameters = {"ids": list(job_ids), **through(as_of)}
    return {row.job_id: row for row in await snapshot.fetch(query, parameters, CreditRow)}


def credits_of(job_ids: sql.Composable, as_of: AsOf = NOW) -> sql.Composed:
    """Return the statement of the credits of an array of jobs; it takes the parameters of `through`."""
    return sql.SQL(
        """
        {} select * from (
        with mined as materialized (
            select distinct on (attempt.job_id)
                attempt.job_id, attempt.transaction_hash, attempt.nonce, fact.block_number, fact.block_time
            from credits credit
            join credit_attempts attempt using (job_id)
            join job_count_incremented fact
                on fact.provider = credit.provider and fact.transaction_hash = attempt.transaction_hash
            where credit.job_id = any({ids})
            order by attempt.job_id, fact.block_number, fact.log_index
        )
        select credit.job_id, credit.adopted, credit.blocked_reason, signed.attempts, signed.live, signed.sent,
            coalesce(mined.transaction_hash, newest.transaction_hash) as transaction_hash,
            coalesce(mined.nonce, newest.nonce) as nonce,
            mined.block_number as mined_block, mined.block_time as mined_at
        from credits credit
        cross join lateral (
            select count(*) as attempts, count(*) filter (where freed_at is null) as live,
                coalesce(bool_or(sent_at is not null) filter (where freed_at is null), false) as sent
            from credit_attempts attempt join credit_nonces using (signer, nonce)
            where attempt.job_id = credit.job_id
        ) signed
        left join lateral (
            select transaction_hash, nonce from credit_attempts attempt join credit_nonces using (signer, nonce)
            where attempt.job_id = credit.job_id order by freed_at is null desc, id desc limit 1
        ) newest on true
        left join mined on mined.job_id = credit.job_id
        where credit.job_id = any({ids})
        ) credit
        """
    ).format(facts_as_of(as_of, "job_count_incremented"), ids=job_ids)


async def timelines(
    snapshot: Snapshot, jobs: Sequence[Parties], first: int, as_of: AsOf = NOW
) -> Mapping[Parties, list[EventRow]]:
    """Return what happened to jobs, oldest first; of what happened at once, in the order of a job's life."""
    query = sql.SQL(
        """
        {} select asked.job_id, event.* from unnest(%(ids)s::bytea[], %(renters)s::bytea[], %(providers)s::bytea[])
            as asked (job_id, renter, provider)
        cross join lateral (
            select kind, at, detail, chain, block_number, block_hash, transaction_hash, log_index
            from ({}) every (kind, step, at, detail, chain, block_number, block_hash, transaction_hash, log_index)
            order by at, step, block_number, log_index limit %(first)s
        ) event
        """
    ).format(facts_as_of(as_of, *_EVENT_TABLES), sql.SQL(_EVENTS))
    parameters = {
        "ids": [job_id for job_id, _, _ in jobs],
        "renters": [renter for _, renter, _ in jobs],
        "providers": [provider for _, _, provider in jobs],
        "first": first,
        **through(as_of),
    }
    found: dict[bytes, list[EventRow]] = {}
    for row in await snapshot.fetch(query, parameters, EventRow):
        found.setdefault(row.job_id, []).append(row)
    return {job: found.get(job[0], []) for job in jobs}


_ONCHAIN = "block_number, block_hash, transaction_hash, log_index"
_EVENT_TABLES = ("job_created", "job_confirmed", "payment_claimed", "job_count_incremented")
_OFFCHAIN = "null::text, null::bigint, null::bytea, null::bytea, null::integer"

# What of an agent's words is shown is what the job itself shows: why it failed, and nothing of its output.
_EVENTS = f"""
(select 'created', 1, block_time, null::text, 'bsc', {_ONCHAIN} from job_created
    where job_id = asked.job_id order by block_number, log_index limit 1)
union all select 'spec', 2, submitted_at, null, {_OFFCHAIN} from job_specs
    where job_id = asked.job_id and renter = asked.renter
union all select 'dispatched', 3, published_at, 'attempt ' || attempt, {_OFFCHAIN} from dispatches
    where job_id = asked.job_id and provider = asked.provider and published_at is not null
union all select 'retry', 3, asked_at, case when number > 0 then 'to be run once more' end, {_OFFCHAIN} from retries
    where job_id = asked.job_id
union all select status, 4, received_at, case when status = 'failed' then message end, {_OFFCHAIN} from agent_reports
    where job_id = asked.job_id and provider = asked.provider
union all (select 'confirmed', 5, block_time, null, 'bsc', {_ONCHAIN} from job_confirmed
    where job_id = asked.job_id order by block_number, log_index limit 1)
union all (select 'claimed', 6, block_time, null, 'bsc', {_ONCHAIN} from payment_claimed
    where job_id = asked.job_id order by block_number, log_index limit 1)
union all select 'credit adopted', 7, decided_at, null, {_OFFCHAIN} from credits
    where job_id = asked.job_id and adopted
union all select kind || ' signed', 8, signed_at, 'nonce ' || nonce, {_OFFCHAIN} from credit_attempts
    where job_id = asked.job_id
union all select kind || ' sent', 9, sent_at, 'nonce ' || nonce, {_OFFCHAIN} from credit_attempts
    where job_id = asked.job_id and sent_at is not null
union all select 'credit mined', 10, fact.block_time, 'nonce ' || attempt.nonce, 'opbnb',
        fact.block_number, fact.block_hash, fact.transaction_hash, fact.log_index
    from credits credit
    join credit_attempts attempt using (job_id)
    join job_count_incremented fact
        on fact.provider = credit.provider and fact.transaction_hash = attempt.transaction_hash
    where credit.job_id = asked.job_id
union all select 'credit failed', 11, freed_at, 'nonce ' || nonce || ' ' || failure, {_OFFCHAIN} from credit_nonces
    where job_id = asked.job_id and freed_at is not null
union all select 'credit blocked', 12, blocked_at, blocked_reason, {_OFFCHAIN} from credits
    where job_id = asked.job_id and blocked_at is not null
"""

"""Every question about which provider suits a renter: who fits, what became of their jobs, how long each was online."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from psycopg import sql

from graphql_api.page_queries import columns
from graphql_api.rows import OnlineRow, ProviderRow, RecordRow
from graphql_api.snapshot import Snapshot
from models.rank import Needs

CANDIDATES_MAX = 300
"""Of those that fit, so many with the best reputation are ranked."""

JOBS_MAX = 100
"""What became of so many of a provider's newest jobs is looked at."""

UNANSWERED_AFTER = timedelta(hours=1)
"""How long an agent may leave a job unanswered before that counts against its provider."""


async def fitting(snapshot: Snapshot, needs: Needs) -> list[ProviderRow]:
    """Return providers that are online and have what is needed. Uses providers_by_reputation."""
    query = sql.SQL(
        """
        select {} from providers it
        where it.is_online and it.vram >= %(vram)s and it.reputation_score >= %(reputation)s
            and strpos(lower(it.gpu_model), lower(%(model)s)) > 0
        order by it.reputation_score desc, it.wallet_address desc limit %(limit)s
        """
    ).format(columns(ProviderRow))
    parameters = {
        "vram": needs.vram_mib,
        "reputation": needs.reputation,
        "model": needs.gpu_model or "",
        "limit": CANDIDATES_MAX,
    }
    return await snapshot.fetch(query, parameters, ProviderRow)


async def records(snapshot: Snapshot, providers: Sequence[str], *, days: int) -> Mapping[str, RecordRow]:
    """Return what became of the jobs of providers, by the time of BSC; who had none is missing."""
    query = sql.SQL(
        """
        with since as materialized (
            select coalesce(max(block_time), now()) - make_interval(days => %(days)s) as at
            from checkpoints where chain = 'bsc'
        )
        select asked.provider,
            count(*) filter (where created_at >= since.at and status = 'COMPLETED') as done,
            count(*) filter (
                where created_at >= since.at and (
                    status in ('COMPLETED', 'FAILED')
                    or status = 'ASSIGNED' and assigned_at < now() - %(unanswered_after)s
                )
            ) as ended,
            count(*) filter (where status in ('ASSIGNED', 'RUNNING')) as waiting
        from unnest(%(providers)s::text[]) as asked (provider)
        cross join since
        cross join lateral (
            -- Uses jobs_by_provider, from its end. Asked for what is equal, the planner expects as few jobs as the
            -- average provider has, and would read and sort the hundred thousand of a busy one.
            select status, created_at, assigned_at from jobs
            where jobs.provider >= asked.provider and jobs.provider <= asked.provider
            order by jobs.provider desc, source_block desc, source_log_index desc limit %(limit)s
        ) job
        group by asked.provider
        """
    )
    parameters = {
        "providers": list(providers),
        "days": days,
        "unanswered_after": UNANSWERED_AFTER,
        "limit": JOBS_MAX,
    }
    return {row.provider: row for row in await snapshot.fetch(query, parameters, RecordRow)}


async def online_times(snapshot: Snapshot, providers: Sequence[bytes], *, days: int) -> Mapping[bytes, OnlineRow]:
    """Return how long providers were online in the last folded days; nobody is there before the first is folded."""
    query = sql.SQL(
        """
        with folded as materialized (select max(day) as day from provider_days)
        select asked.provider, online.seconds as online_seconds, folded.day as through
        from unnest(%(providers)s::bytea[]) as asked (provider)
        cross join folded
        cross join lateral (
            select coalesce(sum(online_seconds), 0)::bigint as seconds from provider_days it
            where it.provider = asked.provider and it.day > folded.day - %(days)s::integer
        ) online
        where folded.day is not null
        """
    )
    rows = await snapshot.fetch(query, {"providers": list(providers), "days": days}, OnlineRow)
    return {row.provider: row for row in rows}

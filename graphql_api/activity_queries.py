"""What happened in each interval of a chart."""

from collections.abc import Sequence
from datetime import datetime

from psycopg import sql

from graphql_api.activity import Interval
from graphql_api.rows import ActivityRow
from graphql_api.snapshot import Snapshot


async def activity(snapshot: Snapshot, interval: Interval, bounds: Sequence[datetime]) -> list[ActivityRow]:
    """
    Return what happened between each two bounds that follow each other.

    Providers are counted by the indexer, once an hour, day or week is over and final; of one that is not, and of a
    minute, it is those whose last heartbeat came after it began. Uses job_created_by_time and job_confirmed_by_time
    alone, not their tables.
    """
    query = sql.SQL(
        """
        with counted as materialized (
            select case %(interval)s
                when 'MINUTE' then null
                when 'HOUR' then (select max(start) + interval '1 hour' from seen_counts where interval = 'HOUR')
                else (select (max(day) + 1)::timestamp at time zone 'UTC' from provider_days)
            end as through
        )
        select span.start, created.jobs as jobs_created, confirmed.jobs as jobs_confirmed, created.volume,
            case when span.stop <= counted.through then coalesce(seen.providers, 0) else (
                select count(*) from providers where last_seen >= span.start and created_at < span.stop
            ) end as providers_seen
        from unnest(%(starts)s::timestamptz[], %(stops)s::timestamptz[]) as span (start, stop)
        cross join counted
        cross join lateral (
            select count(*) as jobs, coalesce(sum(payment), 0) as volume from job_created
            where block_time >= span.start and block_time < span.stop
        ) created
        cross join lateral (
            select count(*) as jobs from job_confirmed where block_time >= span.start and block_time < span.stop
        ) confirmed
        left join seen_counts seen on seen.interval = %(interval)s and seen.start = span.start
        order by span.start
        """
    )
    parameters = {"interval": interval.value, "starts": list(bounds[:-1]), "stops": list(bounds[1:])}
    return await snapshot.fetch(query, parameters, ActivityRow)

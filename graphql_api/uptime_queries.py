"""How long providers were online, day by day."""

from collections.abc import Mapping, Sequence

from psycopg import sql

from graphql_api.rows import DaysRow
from graphql_api.snapshot import Snapshot


async def days_online(snapshot: Snapshot, providers: Sequence[bytes], *, days: int) -> Mapping[bytes, DaysRow]:
    """
    Return the last folded days of providers; who has no heartbeat in a folded day is missing.

    Uses the primary key of provider_days, and provider_days_by_day for how far folding is.
    """
    query = sql.SQL(
        """
        with folded as materialized (select max(day) as through from provider_days)
        select asked.provider, folded.through, first.first_beat, recent.days, recent.online_seconds
        from unnest(%(providers)s::bytea[]) as asked (provider)
        cross join folded
        cross join lateral (
            select first_beat from provider_days it where it.provider = asked.provider order by day limit 1
        ) first
        cross join lateral (
            select coalesce(array_agg(day), '{}') as days, coalesce(array_agg(online_seconds), '{}') as online_seconds
            from provider_days it
            where it.provider = asked.provider and it.day > folded.through - %(days)s::integer
        ) recent
        """
    )
    rows = await snapshot.fetch(query, {"providers": list(providers), "days": days}, DaysRow)
    return {row.provider: row for row in rows}

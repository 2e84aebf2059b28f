"""The change feed as a subscriber that comes back asks for it."""

from psycopg import sql

from graphql_api.listening import Interest
from graphql_api.rows import FeedRow, SinceRow
from graphql_api.snapshot import Snapshot


async def feed_extent(snapshot: Snapshot) -> FeedRow:
    """Return how far the feed goes."""
    query = sql.SQL("select epoch, position, (select min(position) from changes) as oldest from feed")
    return (await snapshot.fetch(query, {}, FeedRow))[0]


async def changes_since(
    snapshot: Snapshot, interest: Interest, *, after: int, through: int, limit: int
) -> list[SinceRow]:
    """Return what changed after one position up to another, a row for each key, in the order of first changes."""
    query = sql.SQL(
        """
        select
            key,
            min(position) as first,
            bool_or(by_reorg) as by_reorg,
            (array_agg(before order by position))[1] as before,
            (array_agg(after order by position desc))[1] as after
        from changes
        where position > %(after)s and position <= %(through)s and entity = %(entity)s
            and (%(key)s::text is null or key is null or key = %(key)s)
        group by key order by first limit %(limit)s
        """
    )
    parameters = {
        "after": after,
        "through": through,
        "entity": interest.entity.value,
        "key": interest.key,
        "limit": limit,
    }
    return await snapshot.fetch(query, parameters, SinceRow)
